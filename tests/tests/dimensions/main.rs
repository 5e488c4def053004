//! Dimensions from streams of changes, against a computation in SQL that knows nothing of ours.

mod corrected;
mod order;
mod rebuild;
mod shares;
mod stream;
