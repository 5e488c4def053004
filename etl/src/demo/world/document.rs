//! Quotes and invoices with their lines, as data.

use super::contact::DateField;
use super::life::{Chain, Life};
use crate::demo::catalog::place::Place;
use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};

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
        let lines = self
            .lines
            .iter()
            .map(|line| line.removed.map(|(removed, _)| removed));
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
