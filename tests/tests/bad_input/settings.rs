//! The settings file: missing, malformed, with unknown fields, or without a source.

use anyhow::Result;
use planisphere_tests::lab::Lab;

use super::spoiled;

#[test]
fn a_missing_file_is_named_by_every_command() -> Result<()> {
    let lab = Lab::shop()?;
    std::fs::remove_file(lab.config())?;
    let file = lab.config().display().to_string();
    let expected = [file.as_str(), "No such file", "check the path"];
    for command in ["load", "plan", "status", "history"] {
        lab.etl(&[command])?.refused(3, &expected)?;
    }
    lab.olap(&["serve"])?.refused(3, &expected)?;
    lab.olap(&["cubes"])?.refused(3, &expected)?;
    lab.olap(&["sql", "select 1"])?.refused(3, &expected)?;
    Ok(())
}

#[test]
fn all_faults_are_told_at_once_with_line_column_and_the_nearest_name() -> Result<()> {
    let lab = Lab::shop()?;
    lab.write(
        "planisphere.toml",
        "[warehous]\nurl = 'x'\n\n[olap]\nrow_limit = 'x'\nrow_limits = 3\n\n[source.shop]\npassword = 'x'\n",
    )?;
    let expected = [
        "planisphere.toml:1:2: unknown field of the settings file 'warehous' (did you mean 'warehouse'?)",
        "planisphere.toml:5:13: a whole number is expected here, not a text",
        "planisphere.toml:6:1: unknown field of section [olap] 'row_limits' (did you mean 'row_limit'?)",
        "planisphere.toml:8:1: section [source.…] lacks 'url'",
        "planisphere.toml:9:1: unknown field of section [source.…] 'password'",
    ];
    lab.load()?.refused(2, &expected)?;
    lab.olap(&["cubes"])?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn malformed_toml_is_told_beside_the_other_faults() -> Result<()> {
    let lab = Lab::shop()?;
    lab.write("planisphere.toml", "[warehous]\nurl = 'x'\n[etl\n")?;
    let expected = [
        "planisphere.toml:1:2: unknown field of the settings file 'warehous'",
        "planisphere.toml:3:5: not valid TOML",
    ];
    lab.load()?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn a_fault_in_the_environment_is_placed_there() -> Result<()> {
    let lab = Lab::shop()?;
    let said = lab.olap_with("PLANISPHERE__OLAP__ROW_LIMIT", "many", &["cubes"])?;
    said.refused(
        2,
        &[
            "environment PLANISPHERE__OLAP__ROW_LIMIT",
            "a whole number is expected",
        ],
    )?;
    let said = lab.olap_with("PLANISPHERE__OLAP__ROWS", "7", &["cubes"])?;
    said.refused(2, &["environment PLANISPHERE__OLAP__ROWS", "unknown field"])?;
    Ok(())
}

#[test]
fn a_source_of_the_model_needs_its_section() -> Result<()> {
    let misspell = |lab: &Lab| lab.replace("planisphere.toml", "[source.shop]", "[source.shopp]");
    let missing = "source 'shop' of the model has no section [source.shop] in the settings";
    let near = "planisphere.toml has [source.shopp]: did you mean 'shop'?";
    spoiled(misspell, 2, &[missing, near])?;
    let remove = |lab: &Lab| {
        lab.replace("planisphere.toml", "[source.shop]", "")?;
        lab.replace("planisphere.toml", "url = \"sqlite:shop.db\"", "")
    };
    let lab = Lab::shop()?;
    remove(&lab)?;
    let file = lab.config().display().to_string();
    let hint = format!("hint: add [source.shop] with its url to {file}");
    for command in ["plan", "load"] {
        lab.etl(&[command])?.refused(2, &[missing, &hint])?;
    }
    Ok(())
}
