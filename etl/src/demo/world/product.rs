//! Products with their changing prices, and how popular each is.

use super::life::Chain;
use crate::demo::catalog::goods::{CATEGORIES, GROUPS, PRODUCTS_PER_CATEGORY};
use crate::demo::dice::{Dice, Stream};
use crate::demo::id::{Id, IdKind};
use crate::demo::time::{Day, Stamp};

/// A product.
#[derive(Debug)]
pub(crate) struct Product {
    /// Identifier.
    pub(crate) id: Id,
    /// Position in [`CATEGORIES`].
    pub(crate) category: usize,
    /// Name.
    pub(crate) name: String,
    /// Part number.
    pub(crate) part_number: String,
    /// When it was entered.
    pub(crate) entered: Stamp,
    /// What it costs us, in US cents.
    pub(crate) cost: i64,
    /// What we ask for it, in US cents.
    pub(crate) price: Chain<i64>,
}

/// Everything for sale.
#[derive(Debug)]
pub(crate) struct Products {
    /// Products, category by category.
    pub(crate) items: Vec<Product>,
    /// Running sums of popularity over all products.
    popularity: Vec<u32>,
    /// The same within each group.
    by_group: Vec<Vec<(u32, usize)>>,
}

impl Products {
    /// Lists every product with its prices until the horizon.
    pub(crate) fn list(seed: u64, start: Day, horizon: Day) -> Self {
        let count = CATEGORIES.len() * PRODUCTS_PER_CATEGORY;
        let items: Vec<Product> = (0..count)
            .map(|index| product(seed, index, start, horizon))
            .collect();
        let weights = popularity(seed, count);
        let by_group = GROUPS
            .iter()
            .map(|group| running(items_of(group, &items).map(|index| (weights[index], index))))
            .collect();
        let all = running(weights.iter().copied().zip(0..));
        Self {
            popularity: all.into_iter().map(|(sum, _)| sum).collect(),
            items,
            by_group,
        }
    }

    /// Draws a product by popularity, from all or from one group; one that is not sold yet yields to the first of
    /// its category.
    pub(crate) fn draw(&self, dice: &mut Dice, group: Option<usize>, at: Stamp) -> usize {
        let index = match group {
            None => {
                let total = self.popularity.last().copied().unwrap_or(1);
                let ticket = dice.below(total as usize) as u32;
                self.popularity.partition_point(|sum| *sum <= ticket)
            }
            Some(group) => {
                let sums = &self.by_group[group];
                let total = sums.last().map_or(1, |(sum, _)| *sum);
                let ticket = dice.below(total as usize) as u32;
                sums[sums.partition_point(|(sum, _)| *sum <= ticket)].1
            }
        };
        if self.items[index].entered <= at {
            index
        } else {
            index - index % PRODUCTS_PER_CATEGORY
        }
    }
}

fn items_of<'p>(group: &str, items: &'p [Product]) -> impl Iterator<Item = usize> + use<'p> {
    let group = GROUPS.iter().position(|name| *name == group).unwrap_or(0);
    (0..items.len()).filter(move |index| group_of(items[*index].category) == group)
}

/// The position of a category's group.
fn group_of(category: usize) -> usize {
    GROUPS
        .iter()
        .position(|group| *group == CATEGORIES[category].group)
        .unwrap_or(0)
}

/// Zipf weights (one over the rank) in an order that the seed decides.
fn popularity(seed: u64, count: usize) -> Vec<u32> {
    let mut dice = Dice::new(seed, Stream::Popularity, 0);
    let mut ranks: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        ranks.swap(last, dice.below(last + 1));
    }
    ranks.iter().map(|rank| 100_000 / (rank + 2)).collect()
}

fn running(weights: impl Iterator<Item = (u32, usize)>) -> Vec<(u32, usize)> {
    let mut sum = 0;
    weights
        .map(|(weight, index)| {
            sum += weight;
            (sum, index)
        })
        .collect()
}

fn product(seed: u64, index: usize, start: Day, horizon: Day) -> Product {
    let mut dice = Dice::new(seed, Stream::Product, index as u64);
    let (category, position) = (index / PRODUCTS_PER_CATEGORY, index % PRODUCTS_PER_CATEGORY);
    let kind = &CATEGORIES[category];
    let is_new = position > 0 && dice.chance(0.13);
    let days = dice.between(40, 1000);
    let entered = start.plus(if is_new { days } else { -days }).start();
    let price =
        round_price(kind.base_cents as f64 * (1.0 + position as f64 * dice.within(0.2, 0.5)));
    let cost = (price as f64 * dice.within(0.42, 0.7)) as i64;
    Product {
        id: Id::of(seed, IdKind::Product, index as u64),
        category,
        name: format!("{} {}-{}", kind.stem, kind.prefix, (position + 1) * 100),
        part_number: format!(
            "{}-{:03}-{:02}",
            kind.prefix,
            (position + 1) * 100,
            dice.below(100)
        ),
        entered: entered.plus_seconds(i64::from(dice.between(28_800, 60_000))),
        cost,
        price: prices(&mut dice, price, start, horizon),
    }
}

/// About one price change in a year, mostly upwards and with a new price list on the first of a month.
fn prices(dice: &mut Dice, first: i64, start: Day, horizon: Day) -> Chain<i64> {
    let mut chain = Chain::new(first);
    let mut day = start.plus(dice.between(5, 360));
    while day <= horizon {
        let factor = dice.within(0.96, 1.09);
        let price = round_price(*chain.last() as f64 * factor);
        let is_list = dice.chance(0.6);
        let from = if is_list { day.first_of_month() } else { day };
        chain.push(from.start().plus_seconds(25_200), price);
        day = day.plus(dice.between(120, 560));
    }
    chain
}

/// Prices above ten dollars end in 0, above a hundred in 00 cents.
fn round_price(cents: f64) -> i64 {
    let cents = cents as i64;
    let step = match cents {
        ..1_000 => 1,
        1_000..10_000 => 10,
        _ => 100,
    };
    (cents / step * step).max(50)
}
