//! The simulated world: a company, its customers, and everything that happens between them.
//!
//! ```text
//!   Params ──► Backdrop (staff, products, campaigns) ──► one Customer after the other ──► World
//!                                                        (month by month)                 (rows in time)
//! ```
//! A [`World`] is simulated up to a horizon and holds each thing with its whole past and planned future; `table`
//! cuts the rows of any day up to the horizon out of it. Random numbers are drawn in an order that the horizon does
//! not influence, so a longer simulation repeats a shorter one. Not responsible for SQL, files or counting.

mod account;
mod activity;
mod arrival;
mod basket;
mod campaign;
mod contact;
mod customer;
mod document;
mod entry;
mod lead;
mod life;
mod money;
mod pipeline;
mod product;
mod profile;
mod response;
mod review;
mod sale;
mod service;
mod staff;

pub(crate) use account::{Account, Owner};
pub(crate) use activity::{Activity, ActivityKind};
pub(crate) use campaign::Campaign;
pub(crate) use contact::{Contact, DateField, Person};
pub(crate) use document::{Document, Invoice, Line, Quote};
pub(crate) use lead::Lead;
pub(crate) use life::{Chain, Life};
pub(crate) use money::{RATE_MARGIN_DAYS, currency_id, dated_rates, usdollar_micros};
pub(crate) use pipeline::{Opportunity, probability};
pub(crate) use product::Products;
pub(crate) use response::{Answer, Response, option_id, question_id, survey_id};
pub(crate) use service::{Case, state};
pub(crate) use staff::{ADMIN, Staff};

use super::catalog::place::Place;
use super::id::Id;
use super::time::{Day, Stamp};
use chrono::Months;
use customer::Customer;

/// What decides a demo database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// Customers that have arrived by the end of the first span.
    pub(crate) customers: u32,
    /// Months of the first span.
    pub(crate) months: u32,
    /// Last day of the first span.
    pub(crate) until: Day,
}

impl Params {
    /// First day of the first span.
    pub(crate) fn start(&self) -> Day {
        let before = self
            .until
            .date()
            .checked_sub_months(Months::new(self.months));
        before.map_or(self.until, |date| Day::of(date).plus(1))
    }
}

/// What every customer meets: our people, goods and campaigns.
#[derive(Debug)]
pub(crate) struct Backdrop {
    /// The parameters.
    pub(crate) params: Params,
    /// First simulated day.
    pub(crate) start: Day,
    /// Last simulated day.
    pub(crate) horizon: Day,
    /// The users.
    pub(crate) staff: Staff,
    /// The products.
    pub(crate) products: Products,
    /// The campaigns.
    pub(crate) campaigns: Vec<Campaign>,
}

/// Days beyond the horizon for which the backdrop is ready, so that plans made before it find what they need.
const LOOK_AHEAD_DAYS: i32 = 500;

impl Backdrop {
    fn new(params: Params, horizon: Day) -> Self {
        let start = params.start();
        let beyond = horizon.plus(LOOK_AHEAD_DAYS);
        Self {
            params,
            start,
            horizon,
            staff: Staff::hire(params.seed, start, beyond),
            products: Products::list(params.seed, start, beyond),
            campaigns: campaign::plan(params.seed, start, beyond),
        }
    }
}

/// An entry of the campaign log.
#[derive(Debug)]
pub(crate) struct Touch {
    /// Identifier.
    pub(crate) id: Id,
    /// Position of the campaign.
    pub(crate) campaign: usize,
    /// Whom it was sent to: module and identifier.
    pub(crate) target: (&'static str, Id),
    /// What happened.
    pub(crate) activity: &'static str,
    /// When it happened.
    pub(crate) at: Stamp,
    /// How often.
    pub(crate) hits: i64,
}

/// A line whose invoice is not there.
#[derive(Debug)]
pub(crate) struct Stray {
    /// The line.
    pub(crate) line: Line,
    /// The identifier of the invoice that is not there.
    pub(crate) invoice: Id,
    /// When it was entered.
    pub(crate) entered: Stamp,
    /// Position of the user who entered it.
    pub(crate) user: usize,
    /// Its currency.
    pub(crate) currency: Option<usize>,
    /// Its address, for the tax.
    pub(crate) place: &'static Place,
}

/// Everything that happens up to the horizon, and some of what is planned after it.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Accounts, duplicates among them.
    pub(crate) accounts: Vec<Account>,
    /// Contacts.
    pub(crate) contacts: Vec<Contact>,
    /// Leads.
    pub(crate) leads: Vec<Lead>,
    /// Opportunities.
    pub(crate) opportunities: Vec<Opportunity>,
    /// Quotes.
    pub(crate) quotes: Vec<Quote>,
    /// Invoices and credit notes.
    pub(crate) invoices: Vec<Invoice>,
    /// Lines without an invoice.
    pub(crate) strays: Vec<Stray>,
    /// Cases.
    pub(crate) cases: Vec<Case>,
    /// Calls, meetings and e-mails.
    pub(crate) activities: Vec<Activity>,
    /// The campaign log.
    pub(crate) touches: Vec<Touch>,
    /// Answers to surveys.
    pub(crate) responses: Vec<Response>,
}

/// The whole simulation.
#[derive(Debug)]
pub(crate) struct World {
    /// People, goods and campaigns.
    pub(crate) backdrop: Backdrop,
    /// What happens among them.
    pub(crate) rows: Rows,
}

impl World {
    /// Simulates everything up to and including a day.
    pub(crate) fn simulate(params: Params, horizon: Day) -> Self {
        let backdrop = Backdrop::new(params, horizon);
        let mut rows = Rows::default();
        for (index, arrives) in (0..).zip(arrival::arrivals(&backdrop)) {
            Customer::arrive(&backdrop, &mut rows, index, arrives).live();
        }
        lead::cold_leads(&backdrop, &mut rows);
        rows.number();
        Self { backdrop, rows }
    }
}

impl Rows {
    /// Numbers cases, quotes and invoices in the order in which they were entered.
    fn number(&mut self) {
        let numbers = ranks(self.cases.iter().map(|case| (case.life.entered, case.id)));
        (self.cases.iter_mut().zip(numbers)).for_each(|(case, number)| case.number = number);
        let numbers = ranks(self.quotes.iter().map(|quote| quote.document.order()));
        for (quote, number) in self.quotes.iter_mut().zip(numbers) {
            quote.document.number = number;
        }
        let numbers = ranks(self.invoices.iter().map(|invoice| invoice.document.order()));
        for (invoice, number) in self.invoices.iter_mut().zip(numbers) {
            invoice.document.number = number;
        }
    }
}

/// The rank of each row, from 1.
fn ranks(rows: impl Iterator<Item = (Stamp, Id)>) -> Vec<i64> {
    let mut sorted: Vec<((Stamp, Id), usize)> = rows.zip(0..).collect();
    sorted.sort_unstable();
    let mut numbers = vec![0; sorted.len()];
    for (rank, (_, row)) in sorted.into_iter().enumerate() {
        numbers[row] = rank as i64 + 1;
    }
    numbers
}
