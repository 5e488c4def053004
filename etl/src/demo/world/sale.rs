//! Quotes, invoices and credit notes with their lines.

use super::contact::DateField;
use super::customer::{Customer, Part};
use super::life::{Chain, Life};
use super::money::{in_currency, permille, rounded};
use super::pipeline::Opportunity;
use super::Stray;
use crate::demo::catalog::codes::WON;
use crate::demo::catalog::goods::CATEGORIES;
use crate::demo::catalog::place::Place;
use crate::demo::dirt::rate;
use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};

/// A product and how much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    /// Position of the product.
    pub(crate) product: usize,
    /// Quantity in halves.
    pub(crate) halves: i64,
}

/// A line of a quote or invoice; amounts in cents of the document's currency.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Identifier.
    pub(crate) id: Id,
    /// Position of the product.
    pub(crate) product: usize,
    /// The identifier that stands in the line instead of the product's, if that is wrong.
    pub(crate) wrong_product: Option<Id>,
    /// Quantity in halves; negative where goods come back.
    pub(crate) halves: i64,
    /// What one piece costs us.
    pub(crate) cost: i64,
    /// What we ask for one piece.
    pub(crate) list: i64,
    /// Discount in percent.
    pub(crate) discount: i64,
    /// What one piece costs the customer.
    pub(crate) unit: i64,
    /// Quantity times unit price.
    pub(crate) total: i64,
    /// Sales tax on the total.
    pub(crate) tax: i64,
    /// When the line was taken off the document, and when that line is pruned.
    pub(crate) removed: Option<(Stamp, Stamp)>,
}

/// What quotes and invoices share.
#[derive(Debug)]
pub(crate) struct Document {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes; its lines go with it.
    pub(crate) life: Life,
    /// Running number.
    pub(crate) number: i64,
    /// Billed account; it changes when accounts are merged.
    pub(crate) account: Chain<Id>,
    /// Billed contact.
    pub(crate) contact: Id,
    /// Where the bill goes.
    pub(crate) place: &'static Place,
    /// Currency.
    pub(crate) currency: Option<usize>,
    /// Position of the user who wrote it.
    pub(crate) user: usize,
    /// Status (quotes: stage) over time.
    pub(crate) status: Chain<&'static str>,
    /// Lines.
    pub(crate) lines: Vec<Line>,
}

/// A quote.
#[derive(Debug)]
pub(crate) struct Quote {
    /// The document.
    pub(crate) document: Document,
    /// The opportunity that it was written for.
    pub(crate) opportunity: Id,
    /// Last day on which it holds.
    pub(crate) expires: Day,
    /// When it was invoiced.
    pub(crate) invoiced: Option<Stamp>,
}

/// An invoice, or a credit note if its lines are negative.
#[derive(Debug)]
pub(crate) struct Invoice {
    /// The document.
    pub(crate) document: Document,
    /// Position of the quote that it follows.
    pub(crate) quote: Option<usize>,
    /// Day of the invoice.
    pub(crate) date: DateField,
    /// Day on which it is due.
    pub(crate) due: DateField,
    /// Whether the account was wrong from the beginning.
    pub(crate) has_wrong_account: bool,
}

/// The sum of the lines' totals.
pub(crate) fn subtotal(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.total).sum()
}

impl Document {
    /// What documents are numbered by.
    pub(crate) fn order(&self) -> (Stamp, Id) {
        (self.life.entered, self.id)
    }

    /// The last time that the row was written, as of an instant.
    pub(crate) fn modified(&self, at: Stamp) -> Stamp {
        let lines = self.lines.iter().map(|line| line.removed.map(|(removed, _)| removed));
        let own = [self.status.changed(at), self.account.changed(at)];
        self.life.modified(at, own.into_iter().chain(lines))
    }

    /// The lines that count as of an instant.
    pub(crate) fn live_lines(&self, at: Stamp) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| !line.is_removed(at))
    }
}

impl Line {
    /// Whether the line was taken off its document.
    pub(crate) fn is_removed(&self, at: Stamp) -> bool {
        self.removed.is_some_and(|(removed, _)| removed <= at)
    }

    /// Whether the line still stands in its table, if its document does.
    pub(crate) fn is_visible(&self, at: Stamp) -> bool {
        self.removed.is_none_or(|(_, pruned)| pruned > at)
    }
}

impl Customer<'_> {
    /// Chooses what the customer wants: mostly from its favourite group, the more the larger it is.
    pub(super) fn basket(&mut self, at: Stamp, factor: f64) -> Vec<Pick> {
        let mood = if self.mood.is_declining(at.day()) { 0.55 } else { 1.0 };
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

    /// Writes the quote of an opportunity.
    pub(super) fn quote(
        &mut self,
        opportunity: &Opportunity,
        picks: &[Pick],
        at: Stamp,
    ) -> Quote {
        let is_won = *opportunity.stage.last() == WON;
        let lines = self.price(picks, at);
        let mut document = self.document(Part::Quote, at, lines, "Draft");
        document.contact = opportunity.contact.0;
        let delivered = self.later(at, 0, 3);
        document.status.push(delivered, "Delivered");
        let closed = opportunity.closes.changed(Stamp(i64::MAX)).unwrap_or(delivered);
        let end = if is_won { "Closed Accepted" } else { "Closed Lost" };
        document.status.push(closed.plus_seconds(90), end);
        if !is_won && self.dice.chance(rate::QUOTE_VANISHES) {
            document.life.vanished = Some(closed.plus_days(self.dice.between(120, 500)));
        }
        Quote {
            document,
            opportunity: opportunity.id,
            expires: at.day().plus(30),
            invoiced: None,
        }
    }

    /// Writes the invoice of a won opportunity: as quoted, but some customers change their mind.
    pub(super) fn invoice_deal(&mut self, picks: &[Pick], quote: Option<usize>, won: Stamp) {
        let at = self.later(won, 0, 6);
        let mut picks = picks.to_vec();
        if picks.len() > 1 && self.dice.chance(0.07) {
            picks.pop();
        }
        if self.dice.chance(0.1) {
            picks[0].halves += 2;
        }
        if let Some(row) = quote {
            self.rows.quotes[row].invoiced = Some(at);
            self.rows.quotes[row].document.life.vanished = None;
        }
        let lines = self.price(&picks, at);
        self.invoice(at, lines, quote);
    }

    /// Takes an order without an opportunity.
    pub(super) fn order(&mut self, at: Stamp) {
        let picks = self.basket(at, 1.0);
        let lines = self.price(&picks, at);
        self.first_win = Some(self.first_win.map_or(at, |first| first.min(at)));
        self.invoice(at, lines, None);
    }

    fn invoice(&mut self, at: Stamp, lines: Vec<Line>, quote: Option<usize>) {
        let returned = self.dice.chance(rate::RETURN).then(|| credited(&lines));
        let mut invoice = self.bill(at, lines, quote);
        self.collect(&mut invoice, at);
        self.rows.invoices.push(invoice);
        if let Some(lines) = returned {
            let at = self.later(at, 4, 40);
            let mut note = self.bill(at, lines, None);
            note.document.status.push(at.plus_seconds(3_600), "Paid");
            self.rows.invoices.push(note);
        }
    }

    fn bill(&mut self, at: Stamp, lines: Vec<Line>, quote: Option<usize>) -> Invoice {
        let mut document = self.document(Part::Invoice, at, lines, "Unpaid");
        let terms = self.dice.pick(&[30, 30, 30, 45, 60]);
        let has_wrong_account = self.dice.chance(rate::INVOICE_ACCOUNT_ORPHAN);
        if has_wrong_account {
            document.account = Chain::new(self.next_id(Part::Nowhere));
        }
        self.leave_stray(&document);
        self.end_document(&mut document, at);
        let day = at.day();
        Invoice {
            document,
            quote,
            date: DateField::typed(&mut self.dice, day, rate::INVOICE_DATE_IMPOSSIBLE),
            due: DateField::typed(&mut self.dice, day.plus(terms), rate::DUE_DATE_IMPOSSIBLE),
            has_wrong_account,
        }
    }

    /// Most invoices are paid around the day they are due; a few are cancelled or get a status that no list knows.
    fn collect(&mut self, invoice: &mut Invoice, at: Stamp) {
        let declining = self.mood.is_declining(at.day());
        let paid = self.later(at, 8, if declining { 110 } else { 52 });
        let status = &mut invoice.document.status;
        if self.dice.chance(rate::INVOICE_STATUS_UNKNOWN) {
            status.push(at.plus_seconds(600), "Part Paid?");
        } else if self.dice.chance(0.008) {
            status.push(at.plus_seconds(90_000), "Cancelled");
        } else if !self.dice.chance(0.02) {
            status.push(paid, "Paid");
        }
    }

    /// Decides how a document ends: deleted and pruned, archived, or never; and which lines are taken off it.
    fn end_document(&mut self, document: &mut Document, at: Stamp) {
        if self.dice.chance(rate::INVOICE_DELETED) {
            let removed = self.later(at, 1, 90);
            document.life.remove(&mut self.dice, removed);
        } else if self.dice.chance(rate::INVOICE_VANISHES) {
            document.life.vanished = Some(at.plus_days(self.dice.between(200, 720)));
        }
        if document.lines.len() > 1 && document.life.removed.is_none() {
            for line in 1..document.lines.len() {
                if self.dice.chance(rate::LINE_DELETED) {
                    let removed = self.later(at, 1, 60);
                    let pruned = removed.plus_days(self.dice.between(30, 240));
                    document.lines[line].removed = Some((removed, pruned));
                }
            }
        }
    }

    /// Leaves a line behind that names an invoice which is not there.
    fn leave_stray(&mut self, document: &Document) {
        if self.dice.chance(rate::LINE_INVOICE_ORPHAN) {
            let mut line = document.lines[0].clone();
            line.id = self.next_id(Part::Stray);
            line.wrong_product = None;
            let invoice = self.next_id(Part::Nowhere);
            self.rows.strays.push(Stray {
                line,
                invoice,
                entered: document.life.entered,
                user: document.user,
                currency: document.currency,
                place: document.place,
            });
        }
    }

    fn document(
        &mut self,
        part: Part,
        at: Stamp,
        mut lines: Vec<Line>,
        status: &'static str,
    ) -> Document {
        let id = self.next_id(part);
        for (number, line) in (0..).zip(&mut lines) {
            line.id = id.child(1, number);
        }
        Document {
            id,
            life: Life::from(at),
            number: 0,
            account: self.billed_account(at),
            contact: self.contact(at),
            place: self.profile.place,
            currency: self.profile.currency,
            user: self.user(at),
            status: Chain::new(status),
            lines,
        }
    }

    /// The account, or its twin if it has one: a merge moves the twin's documents to the account.
    fn billed_account(&mut self, at: Stamp) -> Chain<Id> {
        let takes_twin = self.dice.chance(0.35);
        let twin = self.twin.as_ref().filter(|twin| takes_twin && twin.life.entered <= at);
        let Some(twin) = twin.filter(|twin| !twin.life.is_removed(at)) else {
            return Chain::new(self.account.id);
        };
        let mut account = Chain::new(twin.id);
        if let Some(merged) = twin.life.removed {
            account.push(merged, self.account.id);
        }
        account
    }
}

/// Discounted list price; even cents where halves are sold, so that totals have no half cents.
fn unit_price(list: i64, discount: i64, halves: i64) -> i64 {
    let unit = permille(list, 1000 - discount * 10);
    if halves % 2 == 0 { unit } else { unit / 2 * 2 }
}

/// The lines that come back of an order: the first one, all of it or half.
fn credited(lines: &[Line]) -> Vec<Line> {
    lines
        .iter()
        .take(1)
        .map(|line| Line {
            halves: -line.halves,
            total: -line.total,
            tax: -line.tax,
            wrong_product: None,
            ..line.clone()
        })
        .collect()
}
