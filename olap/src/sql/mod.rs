//! Read-only SQL over one pinned warehouse version: schemas `star` (default), `audit` and `map`.
//!
//! ```text
//! text ──► split ──► statement (parse, refuse writes) ──► session (plan, run under limits) ──► batches
//! ```
//! Not responsible for any protocol, nor for cubes: those are asked through the service.

mod catalog;
mod faults;
mod instants;
mod parameters;
mod session;
mod split;
mod statement;

pub use catalog::{CATALOG, TableName, sql_tables};
pub use session::{Prepared, SqlAnswer, SqlSession};
pub use split::{is_complete, split_statements};
