//! The little of Markdown that the pages are checked for: fenced blocks, tables, words in backticks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use planisphere_tests::root;

/// A fenced block: the words after the fence, and the text.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    /// What follows the language: a file name, or `run`.
    pub(crate) label: Option<String>,
    pub(crate) text: String,
}

/// Every page of the project: README.md, CHANGELOG.md and docs/.
pub(crate) fn pages() -> Result<Vec<PathBuf>> {
    let root = root();
    let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "docs/adr"] {
        for entry in std::fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    Ok(pages)
}

/// The text of a page.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// The fenced blocks of a page in their order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(words) => {
                let mut words = words.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                let (label, text) = (words.next(), String::new());
                blocks.push(Block {
                    language,
                    label,
                    text,
                });
                inside = true;
            }
            None if inside => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            None => {}
        }
    }
    blocks
}

/// The rows of all tables of a page, without headers and rules.
pub(crate) fn rows(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = page.lines().collect();
    let is_rule = |line: &str| line.starts_with("|-");
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let header = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if line.starts_with('|') && !is_rule(line) && !header {
            rows.push(cells(line));
        }
    }
    rows
}

/// The header rows of all tables of a page.
pub(crate) fn headers(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = page.lines().collect();
    let pairs = lines.iter().zip(lines.iter().skip(1));
    pairs
        .filter(|(_, next)| next.starts_with("|-"))
        .map(|(line, _)| cells(line))
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect()
}

/// The words in backticks outside fenced blocks.
pub(crate) fn words(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut words = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            words.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    words
}

#[test]
fn blocks_tables_and_words_are_found() {
    let page = "a `b` c\n```sh run\nx\n```\n| H | `I` |\n|---|---|\n| 1 | `2` |\n";
    let found = blocks(page);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].language.as_str(), found[0].label.as_deref()),
        ("sh", Some("run"))
    );
    assert_eq!(found[0].text, "x\n");
    assert_eq!(rows(page), [["1", "`2`"]]);
    assert_eq!(headers(page), [["H", "`I`"]]);
    assert_eq!(words(page), ["b", "I", "2"]);
}
