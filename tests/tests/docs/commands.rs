//! Every call of our programs that a page shows parses: its command and each of its flags stand in `--help`.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use planisphere_tests::programs::program;

use crate::markdown::{blocks, pages, read, rows};

/// Checks one call, the program first (a path will do).
pub(crate) fn check_call(place: &str, words: &[&str]) -> Result<()> {
    let (program, rest) = words.split_first().context("an empty call")?;
    let program = program.rsplit('/').next().unwrap_or(program);
    let command = rest.first().filter(|word| !word.starts_with('-'));
    let mut asked: Vec<&str> = command.copied().into_iter().collect();
    asked.push("--help");
    let help = help(program, &asked).with_context(|| format!("{place}: {}", words.join(" ")))?;
    let known = flags_of(&help);
    for word in rest.iter().take_while(|word| **word != "--") {
        let flag = word.split('=').next().unwrap_or(word);
        let is_flag = flag.starts_with("--") || flag.len() == 2 && flag.starts_with('-');
        if is_flag && !known.contains(flag) {
            bail!(
                "{place}: '{program} {}' has no flag {flag}",
                asked.join(" ")
            );
        }
    }
    Ok(())
}

/// The help text of a command.
fn help(name: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program(name)?).args(words).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn flags_of(help: &str) -> BTreeSet<&str> {
    let words = help.split(|c: char| c.is_whitespace() || ",[]<>=:".contains(c));
    words
        .filter(|word| word.starts_with('-'))
        .map(|word| word.trim_end_matches('.'))
        .collect()
}

/// The words of a shell line: single and double quotes hold words together, `#` begins a comment.
pub(crate) fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[test]
fn shell_lines_are_cut_into_words() {
    let words = shell_words("a --b \"c 'd'\" '' e=f # g");
    assert_eq!(words, ["a", "--b", "c 'd'", "", "e=f"]);
}

#[test]
fn every_call_that_a_page_shows_parses() -> Result<()> {
    let mut calls = 0;
    for page in pages()? {
        let text = read(&page)?;
        let place = page.display().to_string();
        for block in blocks(&text) {
            if !["sh", "", "text"].contains(&block.language.as_str()) {
                continue;
            }
            for line in block.text.replace("\\\n", " ").lines() {
                let words = shell_words(line.trim_start().trim_start_matches("$ "));
                if matches!(
                    words.first().map(String::as_str),
                    Some("planisphere-etl" | "planisphere-olap")
                ) {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    check_call(&place, &words)?;
                    calls += 1;
                }
            }
        }
    }
    assert!(calls >= 10, "only {calls} calls were found");
    Ok(())
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_help() -> Result<()> {
    let readme = read("README.md")?;
    let rows = rows(&readme);
    let documented: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| row[0].parse::<u8>().ok())
        .map(|code| code.to_string())
        .collect();
    for name in ["planisphere-etl", "planisphere-olap"] {
        let help = help(name, &["--help"])?;
        let (_, codes) = help.split_once("Exit codes:").context("no exit codes")?;
        let codes = codes.lines().filter_map(|line| {
            let code = line.split_whitespace().next()?;
            code.parse::<u8>().ok().map(|_| code.to_owned())
        });
        assert_eq!(codes.collect::<BTreeSet<String>>(), documented, "{name}");
    }
    Ok(())
}
