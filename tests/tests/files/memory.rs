//! The memory of a load does not grow with its file.

use std::io::{BufWriter, Write as _};

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Said, TODAY};
use planisphere_tests::programs::program;

use super::python::python;
use super::site::Site;

/// Runs a program and prints the most memory that it had, in KiB.
const WATCH: &str = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); \
                     print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The peak of a load of a file of so many MB, in MiB.
fn peak(megabytes: usize) -> Result<u64> {
    let columns = [
        ("id", "bigint"),
        ("price", "decimal(18,4)"),
        ("day", "date"),
        ("note", "text"),
    ];
    let site = Site::new("large.csv", "{delimiter: ','}", &columns)?;
    let mut file = BufWriter::new(std::fs::File::create(site.path("large.csv")?)?);
    file.write_all(b"id,price,day,note\n")?;
    let note = "n".repeat(960);
    let rows = megabytes * 1000;
    for id in 0..rows {
        let day = 1 + id % 28;
        writeln!(
            file,
            "{id},{}.{:04},2025-01-{day:02},{note}{:010}",
            id % 1000,
            id % 10_000,
            id * 7919
        )?;
    }
    file.into_inner()?;
    let mut command = python()?;
    command.args(["-c", WATCH]).arg(program("planisphere-etl")?);
    command.args(["load", "--as-of", TODAY, "--config"]);
    let said = Said::of(command.arg(site.0.config()))?.done()?;
    assert!(said.err.contains("rows"), "{}", said.err);
    let staged = site.staged()?;
    assert_eq!(staged.len(), rows);
    let last = staged.last().and_then(|row| row[2].clone());
    assert_eq!(last, Some((rows - 1).to_string()));
    let line = said
        .out
        .lines()
        .rfind(|line| line.starts_with("peak "))
        .context("no peak")?;
    Ok(line["peak ".len()..].parse::<u64>()? >> 10)
}

#[test]
fn a_file_of_200_mb_takes_no_more_memory_than_one_of_20() -> Result<()> {
    let (small, large) = (peak(20)?, peak(200)?);
    assert!(
        large <= small + 24,
        "{small} MiB for 20 MB, {large} MiB for 200 MB"
    );
    assert!(large < 200, "{large} MiB");
    Ok(())
}
