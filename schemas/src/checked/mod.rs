//! Numbers in SQL that never wrap: what does not fit its type is an error, not another number.
//!
//! The engine alone adds modulo 2^64. Operators become functions that check ([`CheckOperators`]); the
//! aggregates that add do so in a wider type ([`widened`]). Floats are left alone.

mod accumulators;
mod distinct;
mod narrow;
mod operators;
mod widened;

pub use operators::{CheckOperators, checked_expression};
pub use widened::widened;
