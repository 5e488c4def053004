//! The same values under declared types, compared with what the server's own SQL makes of them.

use anyhow::{Result, ensure};

use super::bank::Bank;
use super::cluster::Cluster;
use super::literal::{quoted, text};

/// Type in the server, declared type, the SQL that is the oracle, and values.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("int2", "integer", "v::int4", &["-32768", "7"]),
    ("int8", "integer", "v::int4", &["2147483647"]),
    ("text", "integer", "v::int4", &["-12"]),
    ("numeric(12,2)", "integer", "v::int4", &["12.00", "-3.00"]),
    ("oid", "bigint", "v::int8", &["4294967295"]),
    ("int4", "bigint", "v::int8", &["-2147483648"]),
    ("numeric", "bigint", "v::int8", &["9223372036854775807"]),
    (
        "numeric",
        "decimal(38,10)",
        "v::numeric(38,10)",
        &["0.0000000001", "-1234567890123456789012345678.5"],
    ),
    (
        "float8",
        "decimal(18,4)",
        "v::numeric(18,4)",
        &["0.1", "-2.5", "1e6"],
    ),
    (
        "int8",
        "decimal(20,2)",
        "v::numeric(20,2)",
        &["-999999999999999999"],
    ),
    (
        "text",
        "decimal(18,6)",
        "v::numeric(18,6)",
        &["0.000067", "-1"],
    ),
    ("money", "decimal(18,2)", "v::numeric(18,2)", &["12.34"]),
    ("price", "decimal(9,3)", "v::numeric(9,3)", &["1.250"]),
    ("float8", "double", "v", &["0.1", "-0", "5e-324"]),
    (
        "float4",
        "double",
        "v::text::float8",
        &["0.1", "-3.4028235e38"],
    ),
    ("numeric(20,10)", "double", "v::float8", &["0.1234567891"]),
    ("int8", "double", "v::float8", &["1234567890123"]),
    ("bool", "boolean", "v", &["t", "f"]),
    ("int4", "boolean", "v::bool", &["0", "1"]),
    ("text", "boolean", "v::bool", &["t", "false"]),
    (
        "date",
        "date",
        "v",
        &["0001-01-01", "2024-02-29", "9999-12-31"],
    ),
    ("text", "date", "v::date", &["2024-02-29"]),
    (
        "timestamp",
        "timestamp",
        "v at time zone 'Asia/Shanghai'",
        &[
            "2024-06-30 12:00:00.000001",
            "1900-06-01 00:00",
            "1988-07-01 12:00",
        ],
    ),
    (
        "timestamptz",
        "timestamp",
        "v",
        &["2024-06-30 12:00:00.000001+05", "1969-12-31 23:59:59+00"],
    ),
    (
        "text",
        "timestamp",
        "v::timestamp at time zone 'Asia/Shanghai'",
        &["2024-02-29 12:30:00.25"],
    ),
    ("int8", "text", "v::text", &["-42"]),
    (
        "numeric",
        "text",
        "v::text",
        &[
            "1.50",
            "NaN",
            "-Infinity",
            "0.123456789012345678901234567890",
        ],
    ),
    ("float8", "text", "v::text", &["0.1", "NaN", "1e300"]),
    ("bool", "text", "v::text", &["t"]),
    ("char(5)", "text", "v::text", &["ab"]),
    ("bytea", "text", "v::text", &["\\x00ff"]),
    (
        "date",
        "text",
        "v::text",
        &["infinity", "0044-03-15 BC", "2024-02-29"],
    ),
    (
        "timestamptz",
        "text",
        "v::text",
        &["2024-02-29 12:00+08", "-infinity"],
    ),
    ("time", "text", "v::text", &["24:00:00"]),
    ("interval", "text", "v::text", &["1 mon -2 days 03:04:05.6"]),
    ("jsonb", "text", "v::text", &["{\"a\": 1.00}"]),
    (
        "json",
        "text",
        "v::text",
        &["{\"a\":  12345678901234567890123.450}"],
    ),
    (
        "uuid",
        "text",
        "v::text",
        &["FFFFFFFF-ffff-ffff-ffff-ffffffffffff"],
    ),
    ("inet", "text", "v::text", &["10.0.0.1", "::1.2.3.4"]),
    (
        "int4[]",
        "text",
        "v::text",
        &["{{1,2},{3,4}}", "[0:1]={5,6}"],
    ),
    ("xml", "text", "v::text", &["<?xml version=\"1.0\"?><a/>"]),
    ("int4range", "text", "v::text", &["[1,5)"]),
    ("money", "text", "v::text", &["1234.5"]),
];

/// The type that the literal of a staged value is given.
fn compared_as(declared: &str) -> &str {
    match declared {
        "double" => "float8",
        "timestamp" => "timestamptz",
        decimal if decimal.starts_with("decimal") => "numeric",
        other => other,
    }
}

#[test]
fn declared_values_are_what_the_servers_sql_makes_of_them() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run("create domain price as numeric(9, 3)")?;
    let mut tables = String::new();
    for (at, (pg_type, declared, _, values)) in CASES.iter().enumerate() {
        let rows: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(id, value)| format!("({id}, '{value}')"))
            .collect();
        session.run(&format!(
            "create table t{at} (id integer, v {pg_type}); insert into t{at} values {}, (-1, null)",
            rows.join(", ")
        ))?;
        tables += &format!("  t{at}: {{key: id, columns: {{id: integer, v: '{declared}'}}}}\n");
    }
    let bank = Bank::with(&cluster.url(), &tables, "Asia/Shanghai", "")?;
    bank.load()?.done()?;
    let mut wrong = Vec::new();
    for (at, (pg_type, declared, oracle, values)) in CASES.iter().enumerate() {
        let name = format!("t{at}");
        let rows = values.len() as u64 + 1;
        let counts = bank.counts(&name)?;
        if counts != [rows, rows, 0, 0, 0] {
            wrong.push(format!(
                "{pg_type} as {declared}: {counts:?} {}",
                bank.package()?["sources"]["bank"]["tables"][&name]["rejects"]
            ));
            continue;
        }
        let staged = bank.staged(&name)?;
        for row in 0..staged.num_rows() {
            let id = text(staged.column(0).as_ref(), row)?.unwrap_or_default();
            let literal = quoted(text(staged.column(1).as_ref(), row)?.as_deref());
            let same = format!(
                "select {literal}::{} is not distinct from {oracle}, ({oracle})::text from {name} where id = {id}",
                compared_as(declared)
            );
            let answer = session.rows(&same)?;
            if answer[0][0].as_deref() != Some("t") {
                wrong.push(format!(
                    "{pg_type} as {declared}: {literal} is not {:?}",
                    answer[0][1]
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
