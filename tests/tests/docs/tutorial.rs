//! docs/tutorial-add-a-source.md runs as it stands: its files, its commands, its answers.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use planisphere_tests::programs::program;
use planisphere_tests::root;

use crate::commands::shell_words;
use crate::markdown::{blocks, read};

#[test]
fn the_tutorial_runs_as_it_stands() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for part in ["model.yaml", "sources", "conformed", "stars", "cubes"] {
        copy(
            &root().join("schemas").join(part),
            &folder.path().join("schemas").join(part),
        )?;
    }
    let (mut answer, mut answers) = (None, 0);
    for block in blocks(&read("docs/tutorial-add-a-source.md")?) {
        match (block.language.as_str(), block.label.as_deref()) {
            ("sh", Some("run")) => answer = run_all(folder.path(), &block.text)?,
            ("text", None) => {
                let said = answer
                    .take()
                    .context("an answer without a command before it")?;
                assert_eq!(said.trim_end(), block.text.trim_end());
                answers += 1;
            }
            (_, Some(file)) => std::fs::write(folder.path().join(file), &block.text)?,
            _ => {}
        }
    }
    assert_eq!(answers, 3);
    Ok(())
}

/// Runs the lines of a block; gives what the last one answered.
fn run_all(folder: &Path, lines: &str) -> Result<Option<String>> {
    let mut answer = None;
    for line in lines.lines() {
        let words = shell_words(line);
        let (name, rest) = words.split_first().context("an empty line")?;
        let output = Command::new(program(name)?)
            .args(rest)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("{line}: {}", String::from_utf8_lossy(&output.stderr));
        }
        answer = Some(String::from_utf8(output.stdout)?);
    }
    Ok(answer)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        std::fs::create_dir_all(to.parent().context("no folder")?)?;
        std::fs::copy(from, to)?;
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}
