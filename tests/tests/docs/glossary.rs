//! Every type that docs/glossary.md names is declared in the crate that it names; no term stands twice.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use planisphere_tests::root;

use crate::markdown::{read, rows};

#[test]
fn the_types_of_the_glossary_exist() -> Result<()> {
    let page = read("docs/glossary.md")?;
    let mut terms = BTreeSet::new();
    for row in rows(&page) {
        let [term, chinese, _, types] = row.as_slice() else {
            anyhow::bail!("a row has other than four cells: {row:?}");
        };
        assert!(terms.insert(term.clone()), "'{term}' stands twice");
        assert!(!chinese.is_ascii(), "'{term}' has no Chinese name");
        let named: Vec<&str> = types.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "'{term}' names no type");
        for path in named {
            assert!(is_declared(path)?, "'{term}': nothing declares {path}");
        }
    }
    assert!(terms.len() > 40);
    Ok(())
}

/// True if the crate (the first part) declares the item (the last part), within the module between them, if any.
fn is_declared(path: &str) -> Result<bool> {
    let parts: Vec<&str> = path.split("::").collect();
    let [krate, inner @ .., name] = parts.as_slice() else {
        return Ok(false);
    };
    let source = root().join(krate).join("src");
    match inner.first() {
        None => folder_declares(&source, name),
        Some(module) if source.join(module).is_dir() => folder_declares(&source.join(module), name),
        Some(module) => declares(&source.join(format!("{module}.rs")), name),
    }
}

fn folder_declares(folder: &Path, name: &str) -> Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = match path.is_dir() {
            true => folder_declares(&path, name)?,
            false => declares(&path, name)?,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn declares(file: &Path, name: &str) -> Result<bool> {
    if !file.is_file() {
        return Ok(false);
    }
    let text = std::fs::read_to_string(file)?;
    let kinds = ["struct", "enum", "trait", "type", "const", "fn", "mod"];
    Ok(kinds.iter().any(|kind| {
        let start = format!("{kind} {name}");
        text.match_indices(&start).any(|(at, _)| {
            let next = text[at + start.len()..].chars().next().unwrap_or(' ');
            !next.is_alphanumeric() && next != '_'
        })
    }))
}
