//! A fixed share of `make fuzz-queries`: random questions to a server, each judged by plain SQL in DuckDB on the same files.

use std::process::Command;

use anyhow::{Result, ensure};
use planisphere_tests::programs::{Said, program};
use planisphere_tests::root;

/// The seed of the data and of the questions, and how many are asked.
const SHARE: [(&str, &str); 2] = [("SEED", "20261123"), ("N", "100")];

#[test]
fn random_questions_are_answered_as_sql_answers_them() -> Result<()> {
    let peers = root().join("tests/peers");
    let environment = peers.join("environment.sh");
    let python = Said::of(Command::new("sh").arg(environment).arg("queries"))?.done()?;
    let home = tempfile::tempdir()?;
    let said = Said::of(
        Command::new(python.out.trim())
            .arg(peers.join("queries"))
            .env("PLANISPHERE_ETL", program("planisphere-etl")?)
            .env("PLANISPHERE_OLAP", program("planisphere-olap")?)
            .env("QUERIES_HOME", home.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(SHARE),
    )?;
    let said = said.done()?;
    ensure!(
        said.out
            .contains("BENCH fuzz-queries queries=100 mismatches=0"),
        "{}",
        said.out
    );
    Ok(())
}
