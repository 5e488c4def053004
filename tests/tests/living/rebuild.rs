//! A warehouse of every form built anew from staging packages and key maps, after the source is gone.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, Said};
use planisphere_tests::programs;

use super::every_form::{NIGHTS, company};
use super::files::{Row, every_row};

fn run(
    lab: &Lab,
    program: fn() -> Result<std::process::Command>,
    arguments: &[&str],
) -> Result<Said> {
    let mut command = program()?;
    Said::of(command.args(arguments).current_dir(lab.path(".")))
}

#[test]
fn every_form_is_built_anew_without_its_source_and_no_key_moves() -> Result<()> {
    let (lab, source) = company()?;
    for (day, night) in NIGHTS {
        source.change(night)?;
        lab.load_as_of(day)?.done()?;
    }
    let arrived = "select count(*) from dim_customer where customer_id in ('yan', 'uma', 'zoe') and city <> ''";
    ensure!(lab.sql(arrived)? == [["3"]], "the stubs have arrived");
    drop(source);
    std::fs::remove_file(lab.path("crm.db"))?;
    let settings = std::fs::read_to_string(lab.config())?;
    lab.write(
        "anew.toml",
        format!("{settings}\n[warehouse]\nurl = \"anew\"\n"),
    )?;
    let rebuild = ["rebuild", "--from", "warehouse", "--config", "anew.toml"];
    run(&lab, programs::etl, &rebuild)?.done()?;
    let (before, after) = (said(&lab.path("warehouse"))?, said(&lab.path("anew"))?);
    ensure!(before.len() > 20, "{:?}", before.keys());
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (table, rows) in &before {
        ensure!(!rows.is_empty(), "{table}");
        assert_eq!(&after[table], rows, "{table}");
    }
    Ok(())
}

/// Every row of every dimension, fact, bridge and key map, but for what says when a version was seen: that stands in the key map
/// or beside it, and not always in the same place.
fn said(warehouse: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut tables = every_row(warehouse)?;
    tables.retain(|name, _| !name.starts_with("audit_"));
    tables.retain(|name, _| name.starts_with("map_fact_") || !is_changes(name));
    for (_, rows) in tables
        .iter_mut()
        .filter(|(name, _)| name.starts_with("map_") && !is_changes(name))
    {
        for row in rows {
            row.retain(|(column, _)| !column.starts_with("seen_"));
        }
    }
    Ok(tables
        .into_iter()
        .map(|(name, rows)| (name, sorted(rows)))
        .collect())
}

fn is_changes(name: &str) -> bool {
    name.starts_with("map_") && name.ends_with("_changes")
}

fn sorted(rows: Vec<Row>) -> Vec<String> {
    let texts = rows.iter().map(|row| format!("{row:?}"));
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}
