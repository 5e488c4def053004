//! Writing quotes, invoices and credit notes, and what becomes of them.

use super::Stray;
use super::basket::Pick;
use super::contact::DateField;
use super::customer::{Customer, Part};
use super::document::{Document, Invoice, Line, Quote};
use super::life::{Chain, Life};
use super::pipeline::Opportunity;
use crate::demo::catalog::codes::WON;
use crate::demo::dirt::rate;
use crate::demo::id::Id;
use crate::demo::time::Stamp;

impl Customer<'_> {
    /// Writes the quote of an opportunity.
    pub(super) fn quote(&mut self, opportunity: &Opportunity, picks: &[Pick], at: Stamp) -> Quote {
        let is_won = *opportunity.stage.last() == WON;
        let lines = self.price(picks, at);
        let mut document = self.document(Part::Quote, at, lines, "Draft");
        document.contact = opportunity.contact.0;
        let delivered = self.later(at, 0, 3);
        let closed = opportunity.closes.changed(Stamp(i64::MAX));
        let closed = closed.unwrap_or(delivered);
        if delivered <= closed {
            document.status.push(delivered, "Delivered");
        }
        let end = if is_won {
            "Closed Accepted"
        } else {
            "Closed Lost"
        };
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
            let removed = self.some_night(at, 90);
            document.life.remove(&mut self.dice, removed);
        } else if self.dice.chance(rate::INVOICE_VANISHES) {
            document.life.vanished = Some(at.plus_days(self.dice.between(200, 720)));
        }
        if document.lines.len() > 1 && document.life.removed.is_none() {
            for line in 1..document.lines.len() {
                if self.dice.chance(rate::LINE_DELETED) {
                    let removed = self.some_night(at, 60);
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
        let twin = self
            .twin
            .as_ref()
            .filter(|twin| takes_twin && twin.life.entered <= at);
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
