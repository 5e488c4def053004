//! Loads operational systems into star schemas and publishes them as warehouse versions.

pub mod warehouse;
