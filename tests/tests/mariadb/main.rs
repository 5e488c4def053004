//! MariaDB as a source, read from a real server: the same stars as from SQLite, every type and odd values, one moment,
//! ranges of keys, cut connections, refusals.

#[path = "../postgres/bank.rs"]
mod bank;
mod by;
mod cases;
mod cuts;
mod faults;
mod keys;
mod nowhere;
mod same_stars;
mod server;
mod shown;
mod snapshot;
mod types;
mod values;
