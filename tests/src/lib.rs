//! What the end-to-end tests and the demo share: programs as they are shipped, questions, and an oracle that is not us.
//!
//! ```text
//! question (name.yaml or name.star.sql) ──► planisphere-olap over gRPC or Flight SQL ──► rows ┐
//! oracle   (name.sql) ──────────────────► SQLite on the operational database ─────────► rows ┴─► compare
//! ```
//! The oracle reads only the SQL that stands beside the question; it never runs our code.

use std::path::{Path, PathBuf};

pub mod answer;
pub mod checks;
pub mod crm;
pub mod lab;
pub mod number;
pub mod oracle;
pub mod programs;
pub mod question;
pub mod secret;

/// The root of the checkout that this runs in; checkouts that share a build folder also share what is compiled.
pub fn root() -> PathBuf {
    let compiled_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = std::env::current_dir().unwrap_or_default();
    let is_root = |folder: &&Path| folder.join("tests/demo").is_dir();
    let found = here.ancestors().find(is_root);
    let root = found.or(compiled_in.parent());
    root.unwrap_or(compiled_in).to_path_buf()
}
