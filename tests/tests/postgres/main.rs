//! PostgreSQL as a source: the demo CRM there and in SQLite become the same stars and the same answers.
//!
//! Impossible dates exist in SQLite only; PostgreSQL holds NULL instead (docs/demo-crm.md). Both ways the invoice
//! has no date, so that its lines are rejected for one reason or the other and the stars are equal.

mod cluster;
mod faults;
mod same_answers;
