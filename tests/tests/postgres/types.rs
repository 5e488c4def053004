//! Every built-in type, declared `native`: boundary values and a null, which the server compares with its own.

use anyhow::{Result, ensure};
use arrow::array::Array as _;
use arrow::datatypes::DataType;

use super::bank::Bank;
use super::cases::{
    By::{Text, Value},
    CASES, SETUP,
};
use super::cluster::Cluster;
use super::literal::{quoted, text};
use super::session::Session;

/// Columns `c0`, `c1`, … of all types, as many rows as there are values, and one of nulls.
fn make(session: &Session) -> Result<usize> {
    session.run(SETUP)?;
    let columns: Vec<String> = CASES
        .iter()
        .enumerate()
        .map(|(at, (pg_type, ..))| format!("c{at} {pg_type}"))
        .collect();
    session.run(&format!(
        "create table every (id integer primary key, {})",
        columns.join(", ")
    ))?;
    let rows = CASES
        .iter()
        .map(|(.., values)| values.len())
        .max()
        .unwrap_or(0)
        + 1;
    for row in 0..rows {
        let values: Vec<String> = CASES
            .iter()
            .map(|(.., values)| match values.get(row) {
                Some(value) => format!("'{value}'"),
                None => "NULL".to_owned(),
            })
            .collect();
        session.run(&format!(
            "insert into every values ({row}, {})",
            values.join(", ")
        ))?;
    }
    Ok(rows)
}

#[test]
fn native_values_are_what_the_server_has() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let rows = make(&session)?;
    let columns: Vec<String> = (0..CASES.len())
        .map(|at| format!("c{at}: native"))
        .collect();
    let table = format!(
        "  every: {{key: id, columns: {{id: integer, {}}}}}\n",
        columns.join(", ")
    );
    let bank = Bank::at(&cluster.url(), &table)?;
    bank.load()?.done()?;
    assert_eq!(bank.counts("every")?, [rows as u64, rows as u64, 0, 0, 0]);
    let staged = bank.staged("every")?;
    let mut wrong = Vec::new();
    for row in 0..staged.num_rows() {
        let id = text(staged.column(0).as_ref(), row)?.unwrap_or_default();
        for (at, (pg_type, by, _)) in CASES.iter().enumerate() {
            let array = staged.column(at + 1);
            let literal = quoted(text(array.as_ref(), row)?.as_deref());
            let same = match (array.data_type(), by) {
                (DataType::Utf8, _) => format!("{literal} IS NOT DISTINCT FROM c{at}::text"),
                (_, Text) => {
                    format!("({literal}::{pg_type})::text IS NOT DISTINCT FROM c{at}::text")
                }
                (_, Value) => format!("{literal}::{pg_type} IS NOT DISTINCT FROM c{at}"),
            };
            let asked = session.rows(&format!(
                "select {same}, c{at}::text from every where id = {id}"
            ))?;
            let answer = &asked[0];
            if answer[0].as_deref() != Some("t") {
                wrong.push(format!(
                    "{pg_type}: {literal} as {} is not {:?}",
                    array.data_type(),
                    answer[1]
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
