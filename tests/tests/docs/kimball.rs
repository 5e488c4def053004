//! docs/kimball.md names the subsystems 9 to 18, and every test that it names is one in the file that it names.

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::root;

use crate::markdown::{read, rows};

#[test]
fn each_subsystem_has_code_and_tests_that_exist() -> Result<()> {
    let page = read("docs/kimball.md")?;
    let mut numbers = Vec::new();
    for row in rows(&page) {
        let [name, _, code, tests] = row.as_slice() else {
            anyhow::bail!("a row has other than four cells: {row:?}");
        };
        let number = name.split(' ').next().context("a number")?;
        numbers.push(number.parse::<u32>()?);
        for path in named(code) {
            ensure!(root().join(path).is_file(), "{name}: {path}");
        }
        let mut count = 0;
        for part in tests.split(';') {
            let mut words = named(part);
            let file = words.next().context("a file of tests")?;
            let text = std::fs::read_to_string(root().join(file)).context(file.to_owned())?;
            for test in words {
                ensure!(is_test(&text, test), "{name}: {file} has no test {test}");
                count += 1;
            }
        }
        ensure!(count > 0, "{name} has no test");
    }
    assert_eq!(numbers, (9..=18).collect::<Vec<_>>());
    Ok(())
}

/// What stands in backticks.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// True if a text declares a function of that name that is a test.
fn is_test(text: &str, name: &str) -> bool {
    let before = text
        .split(&format!("fn {name}("))
        .next()
        .filter(|before| before.len() < text.len());
    let lines = before.into_iter().flat_map(str::lines).rev().take(3);
    let mut attributes = lines.map(str::trim);
    attributes.any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}
