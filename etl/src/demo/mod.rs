//! The demo CRM: an operational database in the shape of SuiteCRM 7, filled by a simulation.
//!
//! ```text
//!   DemoSourceArgs ──► world (simulation) ──► table (rows as of a day) ──► database (SQLite file, PostgreSQL)
//!                      dice, time, catalog     dirt (counted)              diff (moving forward)
//! ```
//! The simulation is a pure function of its parameters and the day up to which it runs; a database is that world
//! seen as of a day, and moving it forward writes the difference between two days. Not responsible for reading the
//! database again: that is `source`, which knows nothing of this module.

mod args;
mod catalog;
mod database;
mod dice;
mod dirt;
mod error;
mod id;
mod state;
mod summary;
mod table;
mod time;
mod world;

#[cfg(test)]
mod tests;

pub use args::DemoSourceArgs;
pub use error::DemoError;
pub use summary::{DemoSummary, DirtSummary, TableSummary};

use database::Target;
use std::time::Instant;

/// Makes the demo database that the flags describe, or moves it forward.
///
/// Creating replaces a demo database and refuses any other; nothing is left half done: a SQLite file is put in place
/// when it is complete, PostgreSQL gets one transaction. Prints nothing.
///
/// # Errors
/// [`DemoError`], with its [`kind`](DemoError::kind) and [`hint`](DemoError::hint).
pub async fn run(args: &DemoSourceArgs) -> Result<DemoSummary, DemoError> {
    let began = Instant::now();
    let target = Target::parse(&args.url)?;
    let done = match args.advance_days {
        None => target.create(args.params()).await?,
        Some(days) => target.advance(days).await?,
    };
    let (state, tables, tally) = done;
    Ok(DemoSummary::new(
        target.url(),
        &state,
        tables,
        &tally,
        began.elapsed(),
    ))
}
