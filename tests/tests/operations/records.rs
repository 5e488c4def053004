//! What `plan`, `status` and `history` say.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Lab, cells};
use serde_json::{Value, json};

#[test]
fn plan_prints_the_steps_and_does_nothing() -> Result<()> {
    let lab = Lab::shop()?;
    let plan = lab.etl(&["plan"])?.done()?.out;
    for part in [
        "extract 5 tables of shop under one snapshot",
        "conform sale of shop",
        "generate calendar dim_date",
        "merge dim_customer",
        "merge fact_sale",
        "publish all tables as one version",
    ] {
        assert!(plan.contains(part), "'{part}' is missing in {plan}");
    }
    assert!(!lab.path("warehouse").exists());
    Ok(())
}

#[test]
fn status_before_any_load_says_so() -> Result<()> {
    let lab = Lab::shop()?;
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("no load was ever run"), "{status}");
    assert!(lab.versions()?.is_empty());
    Ok(())
}

#[test]
fn status_tells_the_rejects_and_history_the_versions() -> Result<()> {
    let lab = Lab::loaded()?;
    let status = lab.etl(&["status"])?.done()?.out;
    for part in [
        "of 2025-06-30: published version 1",
        "missing_rate: 1",
        "invalid_price: 1",
        "draft: 1",
    ] {
        assert!(status.contains(part), "'{part}' is missing in {status}");
    }
    let json: Value = serde_json::from_str(&lab.etl(&["status", "--format", "json"])?.done()?.out)?;
    assert_eq!(json["outcome"]["state"], "published");
    lab.load_as_of("2025-07-01")?.done()?;
    let history = lab.etl(&["history", "--format", "csv"])?.done()?.out;
    let found: Vec<_> = cells(&history)?
        .into_iter()
        .map(|row| row[..2].join(" "))
        .collect();
    assert_eq!(found, ["1 2025-06-30", "2 2025-07-01"]);
    Ok(())
}

/// The record of the only load.
fn record(lab: &Lab) -> Result<(PathBuf, Value)> {
    let mut records = fs::read_dir(lab.path("warehouse/_planisphere/loads"))?;
    let path = records.next().context("a record")??.path();
    let record = serde_json::from_slice(&fs::read(&path)?)?;
    Ok((path, record))
}

/// Ids of loads begin with the time: of two loads the later one has the lower id if the clock was set back between them.
#[test]
fn what_happened_last_is_told_also_when_the_clock_was_set_back() -> Result<()> {
    let lab = Lab::loaded()?;
    let (path, mut record) = record(&lab)?;
    let id = record["load_id"].as_str().context("an id")?.to_owned();
    // a day ahead
    let moment = u64::from_str_radix(&id.replace('-', "")[..12], 16)? + 86_400_000;
    let moment = format!("{moment:012x}");
    let ahead = format!("{}-{}{}", &moment[..8], &moment[8..], &id[13..]);
    record["load_id"] = json!(ahead);
    fs::remove_file(&path)?;
    fs::write(
        path.with_file_name(format!("{ahead}.json")),
        record.to_string(),
    )?;
    lab.change("drop table orders")?;
    lab.load()?.refused(3, &["'orders'"])?;
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("failed after"), "{status}");
    assert!(status.contains("'orders'"), "{status}");
    Ok(())
}

/// A load that published and could not say so any more: its version tells when that was.
#[test]
fn a_load_that_published_without_telling_ended_with_its_version() -> Result<()> {
    let lab = Lab::loaded()?;
    let place = lab.path("warehouse/_planisphere/versions/000000000001.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&place)?)?;
    manifest["published_at"] = json!("2025-06-30T10:01:30Z");
    fs::write(place, manifest.to_string())?;
    let (path, mut record) = record(&lab)?;
    record["outcome"] = json!({"state": "running"});
    record["finished_at"] = Value::Null;
    record["started_at"] = json!("2025-06-30T10:00:00Z");
    fs::write(path, record.to_string())?;
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("published version 1 in 90.0 s"), "{status}");
    Ok(())
}
