//! No secret stands in what a load says or writes.

use std::path::Path;

use anyhow::{Result, ensure};
use planisphere_tests::lab::Said;

use super::bank::Bank;

/// Demands that a secret stands neither in the output nor in any file of the warehouse.
pub(crate) fn none(bank: &Bank, said: &Said, secret: &str) -> Result<()> {
    ensure!(!said.err.contains(secret), "a secret: {}", said.err);
    ensure!(!said.out.contains(secret), "a secret: {}", said.out);
    let files = search(&bank.lab.path("warehouse"), secret.as_bytes())?;
    ensure!(files > 0, "the warehouse holds no file");
    Ok(())
}

/// Searches a folder; how many files it holds.
fn search(folder: &Path, secret: &[u8]) -> Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files += search(&path, secret)?;
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        ensure!(!found, "a secret stands in {}", path.display());
        files += 1;
    }
    Ok(files)
}
