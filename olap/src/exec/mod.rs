//! Runs plans under limits: a memory pool, a deadline, a row limit, cancellation.
//!
//! Not responsible for what a plan computes.

mod damage;
mod engine;
mod stream;
mod yielding;

pub use engine::{Engine, Limits};
pub use stream::{ResultStream, Run};
