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
        told.contains(": 5 cubes, ") && told.contains("no faults"),
        "{told}"
    );
}

#[test]
fn what_only_the_engine_knows_is_told_with_its_place_and_all_at_once() {
    let copy = copy();
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

#[test]
fn faults_of_a_cube_across_others_are_told_with_their_places() {
    let copy = copy();
    let cube = copy.path().join("cubes/customers.yaml");
    let text = std::fs::read_to_string(&cube).unwrap();
    let spoiled = [
        (
            "visits: { dimensions: { date: day, customer: customer } }",
            "visits: { dimensions: { dte: day, product: day, customer: customer } }",
            vec![
                "unknown dimension of the cube 'dte' (did you mean 'date'?)",
                "dimension 'product' is 'product' in one cube and 'date' in another; cubes share conformed dimensions only",
            ],
        ),
        (
            "shipped: { cube: sales,",
            "shipped: { cube: sale,",
            vec!["unknown cube 'sale' (did you mean 'sales'?)"],
        ),
        (
            "visits: { of: visits.visits }",
            "visits: { of: visits.vists }",
            vec!["unknown measure of cube 'visits' 'vists' (did you mean 'visits'?)"],
        ),
        (
            "buyers: { of: sales.customers }",
            "buyers: { function: count }",
            vec!["a cube across others takes measures from these, as 'of: sales.revenue'"],
        ),
        (
            "prev(amount, date.calendar.month)",
            "prev(amount_per_visit, date.calendar.month)",
            vec![
                "'prev(amount_per_visit, date.calendar.month)' takes a calculated measure of a cube across others",
            ],
        ),
    ];
    let mut wrong = text.clone();
    for (sound, faulty, _) in &spoiled {
        assert!(wrong.contains(sound), "{sound}");
        wrong = wrong.replace(sound, faulty);
    }
    std::fs::write(&cube, &wrong).unwrap();
    let done = check(copy.path());
    assert_eq!(done.status.code(), Some(2));
    let told = stderr(&done);
    for (_, faulty, reasons) in spoiled {
        let line = 1 + wrong.lines().position(|it| it.contains(faulty)).unwrap();
        for reason in reasons {
            let said = told.lines().find(|it| it.contains(reason));
            assert!(said.is_some(), "{reason}: {told}");
            let near = format!("cubes/customers.yaml:{line}:");
            assert!(
                reason.starts_with("dimension 'product'") || said.unwrap().contains(&near),
                "{near} {said:?}"
            );
        }
    }
}

fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let from = Path::new("tests/engine/model");
    for file in walk(from) {
        let to = copy.path().join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, to).unwrap();
    }
    copy
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
