//! Clients of others: a gRPC client that learns the service by reflection, Python's ADBC driver, and pipes.

mod dynamic;
mod formats;
mod lake;
mod python;
mod reflection;
