//! SQLite as a source: odd values beside what SQLite itself prints, every shape of table, one moment while others
//! write, files that are locked or damaged.

#[path = "../postgres/bank.rs"]
mod bank;
mod files;
mod shapes;
mod values;
mod writers;
