//! The doors over a real socket: the typed service, Flight SQL, reflection, health, the command line, stopping.
#![expect(clippy::unwrap_used, reason = "tests")]

mod checking;
mod command_line;
mod cubes;
mod details;
mod overflow;
mod remade;
mod server;
#[expect(dead_code, reason = "the engine's tests use the rest of the shop")]
#[path = "../engine/shop.rs"]
mod shop;
mod sql;
mod stopping;
mod versions;
