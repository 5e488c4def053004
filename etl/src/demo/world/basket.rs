//! What a customer wants and what it costs.

use super::customer::{Customer, Part};
use super::document::Line;
use super::money::{in_currency, permille, rounded};
use crate::demo::catalog::goods::CATEGORIES;
use crate::demo::dirt::rate;
use crate::demo::time::Stamp;

/// A product and how much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    /// Position of the product.
    pub(crate) product: usize,
    /// Quantity in halves.
    pub(crate) halves: i64,
}

impl Customer<'_> {
    /// Chooses what the customer wants: mostly from its favourite group, the more the larger it is.
    pub(super) fn basket(&mut self, at: Stamp, factor: f64) -> Vec<Pick> {
        let mood = if self.mood.is_declining(at.day()) {
            0.55
        } else {
            1.0
        };
        let mut picks: Vec<Pick> = Vec::new();
        while picks.is_empty() || (picks.len() < 9 && self.dice.chance(0.66 * mood)) {
            let group = self.dice.chance(0.45).then_some(self.profile.favourite);
            let product = self.backdrop.products.draw(&mut self.dice, group, at);
            let kind = &CATEGORIES[self.backdrop.products.items[product].category];
            let most = f64::from(kind.most) * self.profile.bulk() * factor * mood;
            let share = self.dice.unit() * self.dice.unit();
            let pieces = 1 + (share * most) as i64;
            let half = i64::from(kind.is_service && self.dice.chance(0.4));
            if picks.iter().all(|pick| pick.product != product) {
                picks.push(Pick {
                    product,
                    halves: pieces * 2 + half,
                });
            }
        }
        picks
    }

    /// Prices what the customer wants as of an instant.
    pub(super) fn price(&mut self, picks: &[Pick], at: Stamp) -> Vec<Line> {
        picks.iter().map(|pick| self.price_one(*pick, at)).collect()
    }

    fn price_one(&mut self, pick: Pick, at: Stamp) -> Line {
        let product = &self.backdrop.products.items[pick.product];
        let currency = self.profile.currency;
        let list = in_currency(*product.price.at(at), currency);
        let is_free = self.dice.chance(rate::LINE_ZERO);
        let discount = match (is_free, self.dice.below(10)) {
            (true, _) => 100,
            (_, 0..6) => 0,
            (_, 6..8) => 5,
            (_, 8) => 10,
            _ => 15,
        };
        let unit = unit_price(list, discount, pick.halves);
        let total = rounded(i128::from(pick.halves) * i128::from(unit), 2);
        let is_wrong = self.dice.chance(rate::LINE_PRODUCT_ORPHAN);
        Line {
            id: product.id,
            product: pick.product,
            wrong_product: is_wrong.then(|| self.next_id(Part::Nowhere)),
            halves: pick.halves,
            cost: in_currency(product.cost, currency),
            list,
            discount,
            unit,
            total,
            tax: permille(total, self.profile.place.tax_permille),
            removed: None,
        }
    }
}

/// Discounted list price; even cents where halves are sold, so that totals have no half cents.
fn unit_price(list: i64, discount: i64, halves: i64) -> i64 {
    let unit = permille(list, 1000 - discount * 10);
    if halves % 2 == 0 { unit } else { unit / 2 * 2 }
}
