//! Holds the invariants of docs/architecture.md: who may know whom, and the form of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use planisphere_schemas::document::{Faults, Node, Value, parse_toml};
use planisphere_tests::root;

/// Each crate and the crates of the workspace that it may know.
const MAY_KNOW: [(&str, &[&str]); 4] = [
    ("schemas", &[]),
    ("proto", &[]),
    ("etl", &["schemas"]),
    ("olap", &["schemas", "proto"]),
];

/// Code outside `olap/src/grpc/` that knows wire messages: the command line shows catalogs in their wire form, and the
/// server registers the descriptors. This list may only become shorter.
const WIRE_OUTSIDE_GRPC: [&str; 3] = [
    "olap/src/cli/backend.rs",
    "olap/src/cli/list.rs",
    "olap/src/serve/doors.rs",
];

/// Lines that a file may have before its tests.
const LONGEST_FILE: usize = 400;

/// Files that are longer, and how long they may be. This list may only become shorter.
const LONGER_FILES: [(&str, usize); 2] = [
    ("olap/src/flight/service.rs", 404),
    ("olap/tests/engine/shop.rs", 520),
];

#[test]
fn crates_depend_only_on_what_they_may_know() -> Result<()> {
    for (krate, may_know) in MAY_KNOW {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for name in dependencies(krate, section)? {
                let known = name.strip_prefix("planisphere-");
                assert!(
                    known.is_none_or(|known| may_know.contains(&known)),
                    "{krate} must not depend on {name}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn code_names_only_crates_that_it_may_know() -> Result<()> {
    for (krate, may_know) in MAY_KNOW {
        for file in rust_files(&root().join(krate))? {
            let text = std::fs::read_to_string(&file)?;
            for (other, _) in MAY_KNOW.iter().filter(|(other, _)| *other != krate) {
                let named = code(&text).any(|line| line.contains(&format!("planisphere_{other}")));
                assert!(
                    !named || may_know.contains(other),
                    "{} names planisphere_{other}",
                    shown(&file)
                );
            }
        }
    }
    Ok(())
}

#[test]
fn only_the_protocol_folders_know_messages() -> Result<()> {
    let mut outside = BTreeSet::new();
    for file in rust_files(&root().join("olap/src"))? {
        let text = std::fs::read_to_string(&file)?;
        let path = shown(&file);
        let knows_wire = code(&text).any(|line| line.contains("planisphere_proto"));
        if knows_wire && !path.starts_with("olap/src/grpc/") {
            outside.insert(path);
        }
    }
    let excused: BTreeSet<String> = WIRE_OUTSIDE_GRPC.map(str::to_owned).into();
    assert_eq!(outside, excused, "left: what is, right: what is excused");
    Ok(())
}

#[test]
fn the_request_model_knows_neither_tonic_nor_the_engine() -> Result<()> {
    for file in rust_files(&root().join("olap/src/query"))? {
        let text = std::fs::read_to_string(&file)?;
        for name in ["tonic", "prost", "datafusion", "arrow"] {
            let named = code(&text).any(|line| line.contains(&format!("{name}::")));
            assert!(!named, "{} names {name}", shown(&file));
        }
    }
    Ok(())
}

#[test]
fn every_file_says_what_it_is_and_is_short() -> Result<()> {
    let mut long = BTreeSet::new();
    for file in all_rust_files()? {
        let text = std::fs::read_to_string(&file)?;
        assert!(text.starts_with("//!"), "{} has no head", shown(&file));
        let lines = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        let excuse = LONGER_FILES.iter().find(|(name, _)| *name == shown(&file));
        let longest = excuse.map_or(LONGEST_FILE, |(_, lines)| *lines);
        if lines > longest {
            long.insert(format!("{} ({lines} lines)", shown(&file)));
        }
    }
    assert!(long.is_empty(), "too long: {long:?}");
    Ok(())
}

#[test]
fn no_module_is_a_drawer_for_everything() -> Result<()> {
    const DRAWERS: [&str; 8] = [
        "utils", "util", "common", "helpers", "helper", "misc", "core", "shared",
    ];
    for file in all_rust_files()? {
        let path = shown(&file);
        let drawer = DRAWERS.iter().find(|drawer| {
            let parts = path.trim_end_matches(".rs").split('/');
            parts.into_iter().any(|part| part == **drawer)
        });
        assert!(drawer.is_none(), "{path}");
    }
    Ok(())
}

#[test]
fn versions_of_dependencies_stand_in_the_root_only() -> Result<()> {
    for krate in ["schemas", "proto", "etl", "olap", "tests"] {
        let manifest = manifest(&format!("{krate}/Cargo.toml"))?;
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, node) in entries(&manifest, section) {
                let inherits = node.get("workspace").map(|flag| &flag.value);
                let own = ["version", "git", "path"]
                    .iter()
                    .find(|key| node.get(key).is_some());
                assert!(
                    inherits == Some(&Value::Boolean(true)) && own.is_none(),
                    "{krate}/Cargo.toml: {name} does not take its version from the workspace"
                );
            }
        }
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        assert_eq!(
            lints.map(|flag| &flag.value),
            Some(&Value::Boolean(true)),
            "{krate}"
        );
    }
    Ok(())
}

/// The lines of a file that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn dependencies(krate: &str, section: &str) -> Result<Vec<String>> {
    let manifest = manifest(&format!("{krate}/Cargo.toml"))?;
    Ok(entries(&manifest, section)
        .into_iter()
        .map(|(name, _)| name)
        .collect())
}

fn manifest(path: &str) -> Result<Node> {
    let text = std::fs::read_to_string(root().join(path)).with_context(|| path.to_owned())?;
    let mut faults = Faults::default();
    let node = parse_toml(path, &text, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    Ok(node)
}

fn entries(manifest: &Node, section: &str) -> Vec<(String, Node)> {
    match manifest.get(section).map(|node| &node.value) {
        Some(Value::Mapping(entries)) => entries
            .iter()
            .filter_map(|(name, node)| Some((name.scalar_text()?, node.clone())))
            .collect(),
        _ => Vec::new(),
    }
}

fn all_rust_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for krate in ["schemas", "proto", "etl", "olap", "tests"] {
        files.extend(rust_files(&root().join(krate))?);
    }
    assert!(files.len() > 100);
    Ok(files)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// A path relative to the checkout.
fn shown(path: &Path) -> String {
    let relative = path.strip_prefix(root()).unwrap_or(path);
    relative.display().to_string()
}
