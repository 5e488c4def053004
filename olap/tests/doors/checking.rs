//! `check`: a model without a warehouse, and every fault of it with its place.

use std::path::Path;
use std::process::{Command, Output};

use crate::command_line::{stderr, stdout};

fn check(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planisphere-olap"));
    command.args(["check", "--model"]).arg(folder);
    command.output().unwrap()
}

#[test]
fn a_sound_model_is_counted() {
    let done = check(Path::new("tests/engine/model"));
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let told = stdout(&done);
    assert!(
        told.contains(": 3 cubes, ") && told.contains("no faults"),
        "{told}"
    );
}

#[test]
fn what_only_the_engine_knows_is_told_with_its_place_and_all_at_once() {
    let copy = tempfile::tempdir().unwrap();
    let from = Path::new("tests/engine/model");
    for file in walk(from) {
        let to = copy.path().join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, to).unwrap();
    }
    let cube = copy.path().join("cubes/sales.yaml");
    let text = std::fs::read_to_string(&cube).unwrap();
    let text = text
        .replace(
            "{ expression: net_amount / quantity }",
            "{ expression: frobnicate(net_amount) }",
        )
        .replace(
            "{ function: count, filter: quantity >= 2 }",
            "{ function: count, filter: quantity >= upper(status) + 1 }",
        )
        .replace(
            "prev(net_amount, order_date.calendar.month)",
            "prev(net_amount, order_date.month)",
        );
    std::fs::write(&cube, &text).unwrap();
    let line = |words: &str| 1 + text.lines().position(|line| line.contains(words)).unwrap();
    // rules of the language come first
    let first = check(copy.path());
    assert_eq!(first.status.code(), Some(2));
    let told = stderr(&first);
    let place = format!("cubes/sales.yaml:{}:", line("amount_a_month_before:"));
    assert!(told.contains(&place), "{told}");
    assert!(
        told.contains("level 'month' stands in several hierarchies"),
        "{told}"
    );
    std::fs::write(
        &cube,
        text.replace("order_date.month", "order_date.calendar.month"),
    )
    .unwrap();
    let second = check(copy.path());
    assert_eq!(second.status.code(), Some(2));
    let told = stderr(&second);
    for (words, reason) in [
        ("  price:", "frobnicate"),
        ("  bulk_lines:", "measure 'bulk_lines'"),
    ] {
        let place = format!("cubes/sales.yaml:{}:", line(words));
        let found = told
            .lines()
            .any(|it| it.contains(&place) && it.contains(reason));
        assert!(found, "{place} {reason}: {told}");
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path),
                false => vec![path],
            }
        })
        .collect()
}
