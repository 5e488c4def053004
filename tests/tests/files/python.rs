//! Python, which `tests/setup.sh` installs, as the one that knows what files hold.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::Said;
use serde_json::Value;

/// The Python that `tests/setup.sh` has prepared.
pub(crate) fn python() -> Result<Command> {
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    let python = PathBuf::from(home).join(".cache/planisphere/python/bin/python");
    ensure!(
        python.exists(),
        "Python with pyarrow is missing; run 'make test' or 'sh tests/setup.sh'"
    );
    Ok(Command::new(python))
}

/// What a script of this folder prints as JSON.
pub(crate) fn oracle(arguments: &[&str]) -> Result<Value> {
    let script = planisphere_tests::root().join("tests/tests/files/oracle.py");
    let said = Said::of(python()?.arg(script).args(arguments))?.done()?;
    Ok(serde_json::from_str(&said.out)?)
}
