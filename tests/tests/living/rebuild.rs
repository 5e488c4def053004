//! A warehouse of every form built anew from staging packages and key maps, after the source is gone.

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Said, cells};
use planisphere_tests::programs;

use super::every_form::{NIGHTS, company};

fn run(
    lab: &Lab,
    program: fn() -> Result<std::process::Command>,
    arguments: &[&str],
) -> Result<Said> {
    let mut command = program()?;
    Said::of(command.args(arguments).current_dir(lab.path(".")))
}

/// The tables of a warehouse.
fn tables(lab: &Lab, warehouse: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(lab.path(warehouse))? {
        let name = entry?.file_name().into_string().ok().context("a name")?;
        if ["dim_", "fact_", "bridge_", "map_"]
            .iter()
            .any(|kind| name.starts_with(kind))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What says when a version was seen stands in the key map or beside it, and not always in the same place.
fn question(table: &str) -> Option<String> {
    let is_map = table.starts_with("map_");
    let of_members = is_map && !table.starts_with("map_fact_");
    if of_members && table.ends_with("_changes") {
        return None;
    }
    let schema = if is_map { "map." } else { "" };
    let less = match of_members && !table.contains("manner") && table != "map_profile" {
        true => " exclude (seen_from, seen_sequence, seen_basis)",
        false => "",
    };
    Some(format!("select *{less} from {schema}{table}"))
}

fn answer(lab: &Lab, config: &str, sql: &str) -> Result<Vec<Vec<String>>> {
    let asked = ["sql", "--format", "csv", sql, "--config", config];
    let mut found = cells(&run(lab, programs::olap, &asked)?.done()?.out)?;
    found.sort();
    Ok(found)
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
    let names = tables(&lab, "warehouse")?;
    ensure!(names.len() > 25, "{names:?}");
    assert_eq!(names, tables(&lab, "anew")?);
    for sql in names.iter().filter_map(|table| question(table)) {
        let before = answer(&lab, "planisphere.toml", &sql)?;
        ensure!(!before.is_empty(), "{sql}");
        assert_eq!(answer(&lab, "anew.toml", &sql)?, before, "{sql}");
    }
    Ok(())
}
