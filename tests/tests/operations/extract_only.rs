//! `planisphere-etl extract`: reads what a load would read, and publishes nothing.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::Lab;
use serde_json::Value;

#[test]
fn extract_reads_every_row_and_publishes_nothing() -> Result<()> {
    let lab = Lab::shop()?;
    let said = lab.etl(&["extract", "--format", "json"])?.done()?;
    let told: Value = serde_json::from_str(said.out.trim())?;
    let tables = told["tables"].as_array().context("no tables")?;
    for table in tables {
        let name = table["table"].as_str().context("no name")?;
        let count = format!("select count(*) from {name}");
        let rows: i64 = lab.database()?.query_row(&count, [], |row| row.get(0))?;
        assert_eq!(table["read"], rows, "{name}");
        let rejected = i64::from(name == "orders"); // the price that is no number
        assert_eq!(table["rejected"], rejected, "{name}");
        assert_eq!(table["staged"], rows - rejected, "{name}");
    }
    assert_eq!(tables.len(), 5);
    let package = lab
        .path("warehouse")
        .join(told["package"].as_str().context("no package")?);
    assert!(
        package.join("package.json").is_file(),
        "{}",
        package.display()
    );
    let history = lab.etl(&["history", "--format", "csv"])?;
    assert_eq!(history.out.lines().count(), 1, "{}", history.out);
    Ok(())
}

#[test]
fn extract_names_the_sources_that_there_are() -> Result<()> {
    let lab = Lab::shop()?;
    let said = lab.etl(&["extract", "--source", "shoop"])?;
    said.refused(
        3,
        &["the model has no source 'shoop'", "its sources are: shop"],
    )?;
    Ok(())
}

#[test]
fn an_extraction_that_fails_leaves_no_package() -> Result<()> {
    let lab = Lab::shop()?;
    lab.change("drop table rates")?;
    lab.etl(&["extract"])?
        .refused(3, &["source 'shop' has no table 'rates'"])?;
    let staging = lab.path("warehouse/_planisphere/staging");
    let left = std::fs::read_dir(&staging).into_iter().flatten().flatten();
    let files = left.filter(|entry| entry.path().join("package.json").exists());
    assert_eq!(files.count(), 0);
    Ok(())
}

#[test]
fn what_a_killed_extraction_left_is_taken_away_and_what_a_living_one_holds_is_not() -> Result<()> {
    let lab = Lab::web()?;
    let packages = || -> Result<usize> {
        let staging = lab.path("warehouse/_planisphere/staging");
        Ok(std::fs::read_dir(&staging)?.count())
    };
    let (killed, gate) = lab.start_held_extraction()?;
    killed.kill()?;
    drop(gate);
    assert_eq!(packages()?, 1, "what it held is still there");
    let (living, gate) = lab.start_held_extraction()?;
    assert_eq!(packages()?, 1, "that of the living one");
    lab.etl(&["extract"])?.done()?;
    assert_eq!(packages()?, 2, "both");
    gate.give("page;day;seconds;note\nhome;03.02.2025;100;\n")?;
    living.ended()?.done()?;
    assert_eq!(packages()?, 2, "two that are whole");
    Ok(())
}
