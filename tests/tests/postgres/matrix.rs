//! Every type under every declared type: what the server's own SQL can make of a value without losing anything is
//! staged, and everything else is not.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::bank::Bank;
use super::cluster::Cluster;
use super::literal::{quoted, text};
use super::matrix_cases::{DECLARED, TYPES, ZONE, oracle};

/// What some values at least of each kind become.
const TAKEN: [(&str, &[&str]); 7] = [
    ("number", &NUMBERS),
    ("float", &NUMBERS),
    (
        "words",
        &[
            "text",
            "integer",
            "bigint",
            "decimal(20,4)",
            "double",
            "boolean",
            "date",
            "timestamp",
        ],
    ),
    ("day", &["text", "date", "timestamp"]),
    ("wall", &["text", "date", "timestamp"]),
    ("instant", &["text", "date", "timestamp"]),
    ("opaque", &["text"]),
];
const NUMBERS: [&str; 6] = [
    "text",
    "integer",
    "bigint",
    "decimal(20,4)",
    "double",
    "boolean",
];

/// Functions that run a query for a type's sake, an error being null.
fn functions() -> String {
    let of = |(_, pg_type): &(&str, &str)| {
        format!(
            "create function try_{pg_type}(sql text) returns {pg_type} language plpgsql as $f$ declare r {pg_type}; begin \
             execute sql into r; return r; exception when others then return null; end $f$;"
        )
    };
    DECLARED.iter().map(of).collect()
}

fn tables() -> String {
    let columns: Vec<String> = DECLARED
        .iter()
        .enumerate()
        .map(|(at, (declared, _))| format!("c{at}: {{type: '{declared}', column: v}}"))
        .collect();
    let columns = columns.join(", ");
    let table =
        |at| format!("  t{at}: {{key: id, invalid: null, columns: {{id: integer, {columns}}}}}\n");
    (0..TYPES.len()).map(table).collect()
}

#[test]
fn a_value_takes_every_declared_type_that_loses_nothing_of_it() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create extension citext; create domain price as numeric(9, 3);
         create type label as enum ('1', 'off', '2024-01-01'); create type pair as (a integer, b integer)",
    )?;
    session.run(&functions())?;
    for (at, (pg_type, _, values)) in TYPES.iter().enumerate() {
        session.run(&format!("create table t{at} (id integer, v {pg_type})"))?;
        for (id, value) in values.iter().enumerate() {
            session.run(&format!(
                "insert into t{at} values ({id}, {})",
                quoted(Some(value))
            ))?;
        }
    }
    let bank = Bank::with(&cluster.url(), &tables(), ZONE, "")?;
    bank.load()?.done()?;
    let mut wrong = Vec::new();
    let mut taken = BTreeSet::new();
    for (at, (pg_type, kind, values)) in TYPES.iter().enumerate() {
        let rows = values.len() as u64;
        assert_eq!(
            bank.counts(&format!("t{at}"))?[..3],
            [rows, rows, 0],
            "{pg_type}"
        );
        let staged = bank.staged(&format!("t{at}"))?;
        for row in 0..staged.num_rows() {
            let id = text(staged.column(0).as_ref(), row)?.unwrap_or_default();
            for (column, (declared, becomes)) in DECLARED.iter().enumerate() {
                let cell = text(staged.column(column + 1).as_ref(), row)?;
                if cell.is_some() {
                    taken.insert((kind.name(), *declared));
                }
                let literal = quoted(cell.as_deref());
                let one = format!("with one as (select v from t{at} where id = {id}) ");
                let expected =
                    format!("try_{becomes}($sql${one} {}$sql$)", oracle(*kind, declared));
                let asked = format!(
                    "select {literal}::{becomes} is not distinct from {expected}, {expected}::text, v::text from t{at} where id = {id}"
                );
                let answer = session.rows(&asked)?.swap_remove(0);
                if answer[0].as_deref() != Some("t") {
                    wrong.push(format!(
                        "{pg_type} {:?} as {declared}: {literal}, not {:?}",
                        answer[2], answer[1]
                    ));
                }
            }
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let pairs = TAKEN
        .iter()
        .flat_map(|(kind, types)| types.iter().map(|declared| (*kind, *declared)));
    assert_eq!(taken, pairs.collect());
    Ok(())
}
