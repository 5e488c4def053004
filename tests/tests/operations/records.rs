//! What `plan`, `status` and `history` say.

use anyhow::Result;
use planisphere_tests::lab::{Lab, cells};
use serde_json::Value;

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
