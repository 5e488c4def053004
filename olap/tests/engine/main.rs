//! The cube engine over a small shop whose every number was worked out by hand.
#![expect(clippy::unwrap_used, reason = "tests")]

mod across;
mod attributes;
mod bridges;
mod chosen_totals;
mod contexts;
mod damaged;
mod drills;
mod endless;
mod faults;
mod filters;
mod histories;
mod instants;
mod limits;
mod listings;
mod numbers;
mod plans;
mod published;
mod rankings;
mod sets;
mod shop;
mod totals;
