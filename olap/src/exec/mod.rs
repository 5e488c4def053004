//! Runs plans under limits: a memory pool, a deadline, a row limit, cancellation.
//!
//! Not responsible for what a plan computes.

mod breathing;
mod damage;
mod engine;
mod stream;
mod workers;
mod yielding;

pub use engine::{Engine, Limits};
pub use stream::{ResultStream, Run};
