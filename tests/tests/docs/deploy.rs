//! The example settings are the defaults and name every field; the units and the image call commands that exist.

use anyhow::{Context as _, Result};
use planisphere_schemas::document::{Faults, Node, Value, parse_toml};
use planisphere_schemas::settings::{
    EtlSettings, ModelSettings, OlapSettings, Settings, WarehouseSettings,
};

use crate::commands::check_call;
use crate::markdown::read;

const EXAMPLE: &str = "deploy/planisphere.toml";

#[test]
fn the_example_settings_are_the_defaults() -> Result<()> {
    let settings = Settings::parse(EXAMPLE, &read(EXAMPLE)?, [])?;
    assert_eq!(settings, Settings::default());
    Ok(())
}

#[test]
fn the_example_settings_name_every_field() -> Result<()> {
    let mut faults = Faults::default();
    let node = parse_toml(EXAMPLE, &read(EXAMPLE)?, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    let Settings {
        warehouse,
        model,
        etl,
        olap,
        sources: _,
        file: _,
    } = Settings::default();
    let (w, m): (WarehouseSettings, ModelSettings) = (warehouse, model);
    let (e, o): (EtlSettings, OlapSettings) = (etl, olap);
    for (section, fields) in [
        ("warehouse", field_names(&format!("{w:?}"))),
        ("model", field_names(&format!("{m:?}"))),
        ("etl", field_names(&format!("{e:?}"))),
        ("olap", field_names(&format!("{o:?}"))),
    ] {
        let named = keys(&node, section)?;
        assert!(!fields.is_empty());
        for field in fields {
            let with_unit = format!("{field}_seconds");
            assert!(
                named.contains(&field) || named.contains(&with_unit),
                "[{section}] {field} is not explained in {EXAMPLE}"
            );
        }
    }
    Ok(())
}

/// The fields in the debug form of a struct of plain fields.
fn field_names(debug: &str) -> Vec<String> {
    let words: Vec<&str> = debug.split_whitespace().collect();
    let names = words.iter().filter_map(|word| word.strip_suffix(':'));
    names.map(str::to_owned).collect()
}

fn keys(node: &Node, section: &str) -> Result<Vec<String>> {
    let section = node.get(section).context("the section is missing")?;
    let Value::Mapping(entries) = &section.value else {
        anyhow::bail!("a section is not a mapping");
    };
    Ok(entries
        .iter()
        .filter_map(|(key, _)| key.scalar_text())
        .collect())
}

/// The commented source section, with its comment signs taken away, is a source.
#[test]
fn the_example_source_can_be_uncommented() -> Result<()> {
    let text = read(EXAMPLE)?;
    let starts = ["# [source.", "# url = ", "# password_file = "];
    let lines = text.lines().map(|line| {
        let commented = starts.iter().any(|start| line.starts_with(start));
        if commented { &line[2..] } else { line }
    });
    let lines: Vec<&str> = lines.collect();
    let settings = Settings::parse(EXAMPLE, &lines.join("\n"), [])?;
    let source = settings.sources.get("suitecrm").context("no suitecrm")?;
    assert!(source.url.expose().starts_with("postgres://"));
    assert!(source.password_file.is_some());
    Ok(())
}

#[test]
fn the_units_and_the_image_call_commands_that_exist() -> Result<()> {
    for unit in [
        "deploy/planisphere-olap.service",
        "deploy/planisphere-etl.service",
    ] {
        let text = read(unit)?;
        let call = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let words = call.context("no ExecStart")?.split_whitespace();
        check_call(unit, &words.collect::<Vec<_>>())?;
    }
    let image = read("deploy/Dockerfile")?;
    let call = image.lines().find_map(|line| line.strip_prefix("CMD "));
    let words: Vec<String> = serde_json::from_str(call.context("no CMD")?)?;
    check_call(
        "deploy/Dockerfile",
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn the_timer_starts_the_load_and_the_unit_outlives_the_drain() -> Result<()> {
    assert!(read("deploy/planisphere-etl.timer")?.contains("OnCalendar=*-*-* "));
    let unit = read("deploy/planisphere-olap.service")?;
    let wait = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let wait: u64 = wait.context("no TimeoutStopSec")?.parse()?;
    assert!(wait > OlapSettings::default().drain.as_secs());
    Ok(())
}
