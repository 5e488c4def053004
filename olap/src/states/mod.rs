//! States of measures that can be merged: what is kept of a group so that coarser groups need no fact rows.
//!
//! Sums, counts, smallest and largest values are states of their own kind; a distinct count keeps the set of what it counts.
//! Not responsible for which groups there are.

mod distinct;
mod set;

pub(crate) use distinct::{distinct_members, distinct_set, distinct_union};
