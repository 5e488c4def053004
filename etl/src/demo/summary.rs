//! What a run of `demo-source` did, as a value and as a table to print.

use super::dirt::{KINDS, Tally};
use super::state::State;
use crate::cli::count;
use chrono::NaiveDate;
use comfy_table::{CellAlignment, Table, presets};
use std::fmt;
use std::time::Duration;

/// What a run of `demo-source` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSummary {
    /// The database, without its password.
    pub url: String,
    /// The seed.
    pub seed: u64,
    /// Customers at the end of the first span.
    pub customers: u32,
    /// First simulated day.
    pub first_day: NaiveDate,
    /// Last simulated day, after this run.
    pub last_day: NaiveDate,
    /// Last simulated day before this run, if it moved a database forward.
    pub advanced_from: Option<NaiveDate>,
    /// One entry for each table.
    pub tables: Vec<TableSummary>,
    /// One entry for each kind of dirt: how many rows have it now.
    pub dirt: Vec<DirtSummary>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What a run did to one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSummary {
    /// Name of the table.
    pub name: &'static str,
    /// Rows in it now.
    pub rows: u64,
    /// Rows added.
    pub inserted: u64,
    /// Rows changed, those marked as deleted among them.
    pub updated: u64,
    /// Rows that were marked as deleted.
    pub soft_deleted: u64,
    /// Rows that are gone.
    pub deleted: u64,
}

/// How often one kind of dirt is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirtSummary {
    /// Name of the kind.
    pub kind: &'static str,
    /// Rows that have it.
    pub rows: u64,
}

impl DemoSummary {
    /// Puts a summary together.
    pub(crate) fn new(
        url: String,
        state: &State,
        tables: Vec<TableSummary>,
        tally: &Tally,
        elapsed: Duration,
    ) -> Self {
        let dirt = KINDS.iter().map(|(dirt, kind)| DirtSummary {
            kind,
            rows: tally.of(*dirt),
        });
        Self {
            url,
            seed: state.params.seed,
            customers: state.params.customers,
            first_day: state.params.start().date(),
            last_day: state.today.date(),
            advanced_from: state.advanced_from.map(|day| day.date()),
            tables,
            dirt: dirt.collect(),
            elapsed,
        }
    }

    /// The number of rows in a table, if there is such a table.
    pub fn rows_of(&self, table: &str) -> Option<u64> {
        let found = self.tables.iter().find(|summary| summary.name == table);
        found.map(|summary| summary.rows)
    }

    fn table_of_tables(&self) -> Table {
        let mut table = empty_table();
        match self.advanced_from {
            None => {
                table.set_header(["table", "rows"]);
                for summary in &self.tables {
                    table.add_row([summary.name.to_owned(), count(summary.rows)]);
                }
            }
            Some(_) => {
                table.set_header(["table", "rows", "new", "changed", "marked deleted", "gone"]);
                for summary in &self.tables {
                    let numbers = [
                        summary.rows,
                        summary.inserted,
                        summary.updated,
                        summary.soft_deleted,
                        summary.deleted,
                    ];
                    let cells = numbers.map(count);
                    table.add_row(std::iter::once(summary.name.to_owned()).chain(cells));
                }
            }
        }
        align_numbers(table)
    }

    fn table_of_dirt(&self) -> Table {
        let mut table = empty_table();
        table.set_header(["dirt", "rows"]);
        for summary in &self.dirt {
            table.add_row([summary.kind.to_owned(), count(summary.rows)]);
        }
        align_numbers(table)
    }
}

fn empty_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table
}

/// Every column but the first holds numbers.
fn align_numbers(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

impl fmt::Display for DemoSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.advanced_from {
            None => format!("created, {} to {}", self.first_day, self.last_day),
            Some(from) => format!("moved forward from {from} to {}", self.last_day),
        };
        let rows: u64 = self.tables.iter().map(|summary| summary.rows).sum();
        writeln!(f, "{}", self.table_of_tables())?;
        writeln!(f, "{}", self.table_of_dirt())?;
        write!(
            f,
            "demo CRM {} {done}: {} customers, seed {}, {} rows, {:.1} s",
            self.url,
            count(self.customers.into()),
            self.seed,
            count(rows),
            self.elapsed.as_secs_f64()
        )
    }
}
