//! docs/dependencies.md names every dependency of the workspace, and no other.

use std::collections::BTreeSet;

use anyhow::Result;
use planisphere_schemas::document::{Faults, Value, parse_toml};

use crate::markdown::{read, rows};

#[test]
fn the_list_is_that_of_the_workspace() -> Result<()> {
    let mut faults = Faults::default();
    let root = parse_toml("Cargo.toml", &read("Cargo.toml")?, &mut faults);
    let declared = root
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let Some(Value::Mapping(entries)) = declared.map(|node| &node.value) else {
        anyhow::bail!("Cargo.toml has no [workspace.dependencies]");
    };
    let declared: BTreeSet<String> = entries
        .iter()
        .filter_map(|(name, _)| name.scalar_text())
        .filter(|name| !name.starts_with("planisphere-"))
        .collect();
    let page = read("docs/dependencies.md")?;
    let listed: BTreeSet<String> = rows(&page)
        .iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert_eq!(listed, declared);
    Ok(())
}
