//! README.md's excerpt of `make demo` is what the demo prints: its CRM is the same on any day.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use planisphere_tests::programs::{etl, olap, succeed};
use planisphere_tests::root;

use crate::markdown::{blocks, read};

/// The lines of tables, without times and ids between them.
fn tables(text: &str) -> Vec<&str> {
    let border = |line: &&str| line.starts_with(['┌', '│', '╞', '└']);
    text.lines().filter(border).collect()
}

/// The answer of a demo question as the command prints it.
fn printed(folder: &Path, question: &str) -> Result<String> {
    let path = root().join("tests/demo").join(question);
    let output = olap()?
        .arg("query")
        .arg(path)
        .current_dir(folder)
        .output()?;
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn the_excerpt_of_the_demo_is_what_it_prints() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = std::fs::read_to_string(root().join("planisphere.toml"))?;
    let model = format!("path = '{}'", root().join("schemas").display());
    let settings = settings.replace("path = \"schemas\"", &model);
    std::fs::write(folder.path().join("planisphere.toml"), settings)?;
    std::fs::create_dir(folder.path().join("demo"))?;
    let here = |mut command: Command, arguments: &[&str]| {
        succeed(command.args(arguments).current_dir(folder.path()))
    };
    here(etl()?, &["demo-source", "--url", "sqlite:demo/crm.db"])?;
    here(etl()?, &["load"])?;
    let blocks = blocks(&read("README.md")?);
    let excerpt = blocks
        .iter()
        .find(|block| block.text.contains("BENCH demo"));
    let excerpt = &excerpt.context("README.md shows no demo")?.text;
    let answers = [
        printed(folder.path(), "4-roll-up.yaml")?,
        printed(folder.path(), "5-pivot.yaml")?,
    ];
    let expected: Vec<&str> = answers.iter().flat_map(|answer| tables(answer)).collect();
    assert!(expected.len() > 10, "{answers:?}");
    assert_eq!(tables(excerpt), expected);
    Ok(())
}
