//! PostgreSQL as a source: the demo CRM there and in SQLite become the same stars and the same answers.
//!
//! Impossible dates exist in SQLite only; PostgreSQL holds NULL instead (docs/demo-crm.md). Both ways the invoice
//! has no date, so that its lines are rejected for one reason or the other and the stars are equal.
//!
//! Every type, odd value, snapshot and failure is tried on a real server, which is the oracle: what was staged is
//! written as literals, and the server says whether they are its values.

mod bank;
mod cases;
mod chance;
mod cluster;
mod cuts;
mod declared;
mod faults;
mod held;
mod kinds;
mod limits;
mod literal;
mod locks;
mod matrix;
mod matrix_cases;
mod no_text;
mod nowhere;
mod odd;
mod odd_cases;
mod played;
mod random;
mod replica;
mod same_answers;
mod secrets;
mod session;
mod shapes;
mod snapshot;
mod tls;
mod types;
