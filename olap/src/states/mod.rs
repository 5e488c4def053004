//! States of measures that merge: what is kept of a group so that coarser groups need no fact rows.
//!
//! Whole and decimal sums, counts, smallest and largest values are states of their own kind. All others are here: a distinct count keeps
//! the set of what it counts, a sum of doubles all its bits, a percentile the values in their order, a balance its period, and
//! what may be approximate a sketch. Not responsible for which groups there are.

mod distinct;
mod float_sum;
mod function;
mod groups;
mod percentile;
mod period;
mod set;
mod sketch;

pub(crate) use function::StateOf;
pub(crate) use percentile::{Percentile, Values};
pub(crate) use period::{Amount, Which};
pub(crate) use sketch::{DISTINCT_ERROR, QUANTILE_ERROR};
