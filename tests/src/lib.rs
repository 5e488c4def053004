//! What the end-to-end tests and the demo share: programs as they are shipped, questions, and an oracle that is not us.
//!
//! ```text
//! question (name.yaml or name.star.sql) ──► planisphere-olap over gRPC or Flight SQL ──► rows ┐
//! oracle   (name.sql) ──────────────────► SQLite on the operational database ─────────► rows ┴─► compare
//! ```
//! The oracle reads only the SQL that stands beside the question; it never runs our code.

pub mod answer;
pub mod checks;
pub mod crm;
pub mod lab;
pub mod number;
pub mod oracle;
pub mod programs;
pub mod question;
pub mod secret;

/// The root of the checkout.
pub fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
