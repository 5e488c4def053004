//! MariaDB as a source, read from a real server: the same stars as from SQLite, odd values, one moment, refusals.

mod faults;
mod nowhere;
mod same_stars;
mod server;
mod snapshot;
mod values;
