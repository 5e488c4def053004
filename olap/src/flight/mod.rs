//! Arrow Flight SQL: read-only SQL for programs that speak Arrow (ADBC, JDBC and ODBC drivers).
//!
//! ```text
//! GetFlightInfo(statement) ──► ticket {version, sql} ──► DoGet ──► sql::SqlSession ──► Arrow batches
//! ```
//! Tickets and prepared statements are self-contained: the server keeps no state between calls, and the
//! version that answered the first call answers the last one. Every result's schema names the version
//! under [`VERSION_KEY`]. Not responsible for planning SQL, nor for who may connect: handshakes accept
//! everybody for now.

mod answer;
mod bound;
mod client;
mod door;
mod info;
mod keys;
mod objects;
mod service;
mod ticket;

pub use client::{RemoteRows, SqlClient};
pub use door::SqlDoor;

/// The key of the schema's metadata under which the warehouse version stands.
pub const VERSION_KEY: &str = "planisphere.warehouse_version";
