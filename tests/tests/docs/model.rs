//! docs/model.md: its examples are one valid model, and it names every field that the decoders read.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use planisphere_schemas::model::{InvalidValue, read_model};
use planisphere_tests::root;

use crate::markdown::{blocks, read, words};

#[test]
fn the_examples_are_one_valid_model() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for block in blocks(&read("docs/model.md")?) {
        let Some(file) = block.label.filter(|_| block.language == "yaml") else {
            continue;
        };
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, block.text)?;
    }
    let model = read_model(folder.path())?;
    assert_eq!((model.sources.len(), model.dimensions.len()), (1, 4));
    assert_eq!((model.stars.len(), model.cubes.len()), (1, 2));
    let receipts = model.sources[0].table("receipts");
    let rate = receipts.and_then(|table| table.column("rate"));
    assert_eq!(
        rate.map(|column| column.invalid),
        Some(InvalidValue::Null),
        "a null without quotes is the word"
    );
    Ok(())
}

#[test]
fn every_field_that_is_decoded_is_described() -> Result<()> {
    let described: BTreeSet<String> = words(&read("docs/model.md")?).into_iter().collect();
    let mut fields = BTreeSet::new();
    for file in decoders()? {
        fields.extend(fields_of(&std::fs::read_to_string(file)?));
    }
    // the version of the language stands at the top of each file: `planisphere: 1`
    fields.remove("planisphere");
    // the halves of a caption are described together
    fields.retain(|field| !["en", "zh"].contains(&field.as_str()));
    assert!(fields.len() > 50, "{fields:?}");
    for field in &fields {
        assert!(
            described.contains(field),
            "docs/model.md does not describe '{field}'"
        );
    }
    Ok(())
}

fn decoders() -> Result<Vec<PathBuf>> {
    let model = root().join("schemas/src/model");
    let mut files = vec![model.join("read.rs"), model.join("types.rs")];
    for entry in std::fs::read_dir(model.join("decode"))? {
        files.push(entry?.path());
    }
    Ok(files)
}

/// The names in calls such as `fields.need("key")` and `texts(&mut fields, "columns")`.
fn fields_of(source: &str) -> Vec<String> {
    const CALLS: [&str; 8] = [
        "need(",
        "want(",
        "or(",
        "optional(",
        "required(",
        "list(",
        "named(",
        "choice(",
    ];
    let mut found = Vec::new();
    let plain = source.replace("::<String>", "").replace("::<Caption>", "");
    let plain = plain
        .replace("::<NaiveDate>", "")
        .replace("::<DataType>", "");
    for start in CALLS.iter().map(|call| format!(".{call}\"")) {
        found.extend(plain.split(&start).skip(1).filter_map(name));
    }
    found.extend(plain.split("fields, \"").skip(1).filter_map(name));
    found
}

fn name(rest: &str) -> Option<String> {
    rest.split('"').next().map(str::to_owned)
}
