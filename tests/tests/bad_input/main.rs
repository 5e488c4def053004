//! Bad input gets a clear error and loses nothing: the programs as a user runs them.
//!
//! Each case checks the exit code that `--help` documents, that stderr names object, place and remedy, that stdout
//! stays empty, and that the warehouse still answers from the version that stood before.

mod expressions;
mod files;
mod ids;
mod limits;
mod model;
mod questions;
mod settings;
mod sources;
mod sql;
mod warehouse;

use anyhow::Result;
use planisphere_tests::lab::Lab;

/// Spoils a loaded shop, loads again, and checks the refusal and that version 1 stands and answers.
fn spoiled(spoil: impl Fn(&Lab) -> Result<()>, code: i32, parts: &[&str]) -> Result<()> {
    let lab = Lab::loaded()?;
    let settings = std::fs::read_to_string(lab.config())?;
    spoil(&lab)?;
    lab.load_as_of("2025-07-01")?.refused(code, parts)?;
    lab.write("planisphere.toml", settings)?;
    assert_eq!(lab.versions()?, ["1"]);
    let answer = lab.query(&["--cube", "sales", "--measures", "revenue,orders"])?;
    assert_eq!(
        answer,
        [["72.5000", "7"]].map(|row| row.map(str::to_owned).to_vec())
    );
    Ok(())
}
