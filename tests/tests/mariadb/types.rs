//! Every type of MariaDB, declared `native`: boundary values, random values and a null, as the server itself counts them.

use anyhow::{Context as _, Result, ensure};
use mysql::prelude::Queryable;

use super::bank::Bank;
use super::by::{By, Case};
use super::cases::CASES;
use super::server::{MariaDb, run};
use super::shown::shown;

/// Random rows beside the boundary values.
const RANDOM: usize = 60;

/// A table with columns `c0`, `c1`, … of all types; returns how many rows it has.
fn make(server: &MariaDb) -> Result<usize> {
    let mut connection = server.connect()?;
    run(
        &mut connection,
        "set sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'",
    )?;
    let named = |prefix: &str| {
        let columns = CASES.iter().enumerate();
        let columns = columns.map(|(at, case)| format!("{prefix}{at} {}", case.declared));
        columns.collect::<Vec<_>>().join(", ")
    };
    run(
        &mut connection,
        &format!(
            "create table every (id int primary key, {}, doubled int as (id * 2) stored, \
             halved int as (id div 2) virtual, hidden int invisible default 7) character set utf8mb4",
            named("c")
        ),
    )?;
    let boundaries = CASES
        .iter()
        .map(|case| case.values.len())
        .max()
        .unwrap_or(0);
    for row in 0..boundaries + RANDOM + 1 {
        let value = |case: &Case| match case.values.get(row) {
            Some(value) => (*value).to_owned(),
            None if row > boundaries => case
                .random
                .replace("rand()", &format!("rand({row}{})", case.declared.len())),
            None => "null".to_owned(),
        };
        let values: Vec<String> = CASES.iter().map(value).collect();
        let columns: Vec<String> = (0..CASES.len()).map(|at| format!("c{at}")).collect();
        let sql = format!(
            "insert into every (id, {}) values ({row}, {})",
            columns.join(", "),
            values.join(", ")
        );
        run(&mut connection, &sql).with_context(|| sql)?;
    }
    Ok(boundaries + RANDOM + 1)
}

#[test]
fn native_values_are_what_the_server_has() -> Result<()> {
    let server = MariaDb::start()?;
    let rows = make(&server)?;
    let columns: Vec<String> = (0..CASES.len())
        .map(|at| format!("c{at}: native"))
        .collect();
    let columns = columns.join(", ");
    let bank = Bank::at(
        &server.url(),
        &format!(
            "  every: {{key: id, columns: {{id: integer, {columns}, doubled: native, halved: integer, hidden: native}}}}\n"
        ),
    )?;
    bank.load()?.done()?;
    assert_eq!(bank.counts("every")?, [rows as u64, rows as u64, 0, 0, 0]);
    let staged = bank.staged("every")?;
    let mut connection = server.connect()?;
    run(&mut connection, "set time_zone = '+00:00'")?;
    let asked = |case: &Case, at: usize| case.by.expression(&format!("c{at}"));
    let mut expressions: Vec<String> = CASES
        .iter()
        .enumerate()
        .map(|(at, case)| asked(case, at))
        .collect();
    expressions.extend(["doubled", "halved", "hidden"].map(|name| By::Text.expression(name)));
    let mut wrong = Vec::new();
    for (at, expression) in expressions.iter().enumerate() {
        let expected: Vec<(usize, Option<String>)> =
            connection.query(format!("select id, {expression} from every order by id"))?;
        let declared = CASES.get(at).map_or("generated", |case| case.declared);
        let array = staged.column(at + 1);
        if let Some(case) = CASES.get(at) {
            assert_eq!(array.data_type().to_string(), case.arrow, "{declared}");
        }
        for (row, (id, expected)) in expected.into_iter().enumerate() {
            assert_eq!(shown(staged.column(0), row)?, Some(id.to_string()));
            let found = shown(array, row)?;
            if found != expected {
                wrong.push(format!(
                    "{declared} row {id}: {found:?}, the server has {expected:?}"
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    texts_are_what_the_server_prints(&server, rows)?;
    long_values_arrive_whole(&server)
}

/// The same columns declared `text`.
fn texts_are_what_the_server_prints(server: &MariaDb, rows: usize) -> Result<()> {
    let printed: Vec<usize> = (0..CASES.len())
        .filter(|at| CASES[*at].is_printed)
        .collect();
    let columns: Vec<String> = printed.iter().map(|at| format!("c{at}: text")).collect();
    let bank = Bank::at(
        &server.url(),
        &format!(
            "  every: {{key: id, columns: {{id: integer, {}}}}}\n",
            columns.join(", ")
        ),
    )?;
    bank.load()?.done()?;
    let staged = bank.staged("every")?;
    assert_eq!(staged.num_rows(), rows);
    let mut connection = server.connect()?;
    for (column, at) in printed.into_iter().enumerate() {
        let expected: Vec<Option<String>> =
            connection.query(format!("select cast(c{at} as char) from every order by id"))?;
        for (row, expected) in expected.into_iter().enumerate() {
            let found = shown(staged.column(column + 1), row)?;
            assert_eq!(found, expected, "{} row {row}", CASES[at].declared);
        }
    }
    Ok(())
}

/// A row of more than 16 MiB comes in several packets.
fn long_values_arrive_whole(server: &MariaDb) -> Result<()> {
    run(
        &mut server.connect()?,
        "create table long_texts (id int primary key, doc longtext character set utf8mb4, tail varchar(9));
         insert into long_texts values (1, 'short', 'a'), (2, concat(repeat('0123456789', 2000000), 'é'), 'b'), (3, '', 'c')",
    )?;
    let bank = Bank::at(
        &server.url(),
        "  long_texts: {key: id, columns: {id: integer, doc: text, tail: native}}\n",
    )?;
    bank.load()?.done()?;
    let staged = bank.staged("long_texts")?;
    let doc = shown(staged.column(1), 1)?.context("a value")?;
    assert!(
        doc == "0123456789".repeat(2_000_000) + "é",
        "{} bytes",
        doc.len()
    );
    let tails: Vec<_> = (0..3)
        .map(|row| shown(staged.column(2), row))
        .collect::<Result<_>>()?;
    assert_eq!(tails, ["a", "b", "c"].map(|tail| Some(tail.to_owned())));
    Ok(())
}
