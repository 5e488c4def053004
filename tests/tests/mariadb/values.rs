//! Odd values of MariaDB's types: kept as the server shows them, or refused with what it shows.

use anyhow::Result;
use mysql::prelude::Queryable;
use planisphere_tests::lab::{Lab, rows};

use super::bank::Bank;
use super::server::{MariaDb, run};
use super::shown::shown;

const TABLE: &str = "create table odd (
    id int primary key, tiny tinyint unsigned, huge bigint unsigned, exact decimal(30,10), single float, dbl double,
    day date, wall datetime(6), instant timestamp(6) null, span time(6), y year, flags bit(12), size enum('S','XL'),
    tags set('a','b','c'), doc json, name varchar(50) character set utf8mb4, yes boolean, raw varbinary(4))";

const ROWS: &str = "insert into odd values
    (1, 255, 18446744073709551615, 12345678901234567890.0123456789, 0.1, 1e300, '9999-12-31', '2024-11-03 01:30:00.000001',
     '2038-01-19 03:14:07.999999', '838:59:59.5', 2155, b'101010101010', 'XL', 'a,c', '{\"n\": 1.00}', '王伟 🍵', true, null),
    (2, 0, 0, -0.0000000001, -3.25, -0.5, '0001-01-01', '0001-01-01 08:05:43', '1970-01-01 00:00:01', '-00:00:01', 1901,
     0, 'S', '', '[]', '', false, null),
    (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (4, 1, 1, 1, 1, 1, '0000-00-00', '2024-02-01 00:00:00', '2024-02-01 00:00:00', '00:00:00', 2024, 1, 'S', 'a', '{}',
     'zero day', true, null),
    (5, 1, 1, 1, 1, 1, '2024-02-01', '2024-02-01 00:00:00', '2024-02-01 00:00:00', '00:00:00', 2024, 1, 'S', 'a', '{}',
     'bytes', true, x'ff00')";

/// Each column with its declared type; the values of all but the key are attributes of one dimension.
const COLUMNS: [(&str, &str); 17] = [
    ("tiny", "integer"),
    ("huge", "\"decimal(20,0)\""),
    ("exact", "\"decimal(30,10)\""),
    ("single", "text"),
    ("dbl", "double"),
    ("day", "date"),
    ("wall", "timestamp"),
    ("instant", "timestamp"),
    ("span", "text"),
    ("y", "integer"),
    ("flags", "integer"),
    ("size", "text"),
    ("tags", "text"),
    ("doc", "text"),
    ("name", "text"),
    ("yes", "boolean"),
    ("raw", "text"),
];

fn lab(url: &str) -> Result<Lab> {
    let lab = Lab::with_settings(&format!(
        "[model]\npath = \"model\"\n\n[source.odd]\nurl = \"{url}\"\n"
    ))?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: odd\n")?;
    let columns: String = COLUMNS
        .iter()
        .map(|(name, kind)| format!("      {name}: {kind}\n"))
        .collect();
    let taken: String = COLUMNS
        .iter()
        .map(|(name, _)| format!("      {name}: o.{name}\n"))
        .collect();
    let attributes: String = COLUMNS
        .iter()
        .map(|(name, kind)| format!("  {name}: {{type: {kind}, scd: 1}}\n"))
        .collect();
    lab.write(
        "model/sources/odd.yaml",
        format!(
            "planisphere: 1\nsource: odd\ntime_zone: Asia/Shanghai\ntables:\n  odd:\n    key: id\n    columns:\n      \
             id: integer\n{columns}entities:\n  odd:\n    from: odd o\n    columns:\n      odd_id: o.id\n{taken}"
        ),
    )?;
    lab.write(
        "model/conformed/odd.yaml",
        format!(
            "planisphere: 1\ndimension: odd\nentity: odd\nkey: odd_id\nattributes:\n{attributes}hierarchies:\n  name:\n    \
             levels:\n      odd: {{key: odd_id, name: name}}\n"
        ),
    )?;
    Ok(lab)
}

#[test]
fn values_are_what_the_server_shows() -> Result<()> {
    let server = MariaDb::start()?;
    let mut connection = server.connect()?;
    run(
        &mut connection,
        "set sql_mode = ''; set time_zone = '+00:00'",
    )?;
    run(&mut connection, TABLE)?;
    run(&mut connection, ROWS)?;
    let lab = lab(&server.url())?;
    lab.replace(
        "planisphere.toml",
        "[model]",
        "[etl]\nreject_limit_permille = 500\n\n[model]",
    )?;
    lab.load()?.done()?;

    // texts and exact numbers: what the server prints
    for column in [
        "tiny", "huge", "exact", "single", "span", "y", "size", "tags", "doc", "name",
    ] {
        let shown: Vec<(i64, Option<String>)> = connection.query(format!(
            "select id, cast({column} as char) from odd where id <= 3 order by id"
        ))?;
        let expected: Vec<Vec<String>> = shown
            .into_iter()
            .map(|(id, text)| vec![id.to_string(), text.unwrap_or_default()])
            .collect();
        let sql = format!(
            "select odd_id, cast({column} as text) from dim_odd where odd_key > 0 order by 1"
        );
        assert_eq!(lab.sql(&sql)?, expected, "{column}");
    }
    // days, wall clocks of Shanghai, instants, bits, flags, floats
    let sql = "select odd_id, cast(day as text), cast(wall as text), cast(instant as text), flags, yes, dbl \
               from dim_odd where odd_key > 0 order by odd_id";
    let expected = rows(&[
        &[
            "1",
            "9999-12-31",
            "2024-11-02T17:30:00.000001Z",
            "2038-01-19T03:14:07.999999Z",
            "2730",
            "true",
            "1e+300",
        ],
        &[
            "2",
            "0001-01-01",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:01Z",
            "0",
            "false",
            "-0.5",
        ],
        &["3", "", "", "", "", "", ""],
    ]);
    assert_eq!(lab.sql(sql)?, expected);
    // a day that no calendar has, and bytes that are no text
    let rejects = lab.sql("select row_id, reason, detail from audit.audit_reject order by 1")?;
    let expected = rows(&[
        &[
            "4",
            "invalid_day",
            "day '0000-00-00' is not a date of the calendar (date)",
        ],
        &[
            "5",
            "invalid_raw",
            "raw 'ff00' is bytes that are not UTF-8 text (text)",
        ],
    ]);
    assert_eq!(rejects, expected);
    Ok(())
}

#[test]
fn numbers_that_the_server_shows_in_a_way_of_its_own_are_texts_as_it_shows_them() -> Result<()> {
    let server = MariaDb::start()?;
    let mut connection = server.connect()?;
    run(
        &mut connection,
        "create table shown (id int primary key, f float(10,2), d double(10,3), z int(8) zerofill, s smallint(3) zerofill);
         insert into shown values (1, 1234567.89, 0.0005, 42, 7), (2, -0.005, -1234567.8909, 123456789, 1234), (3, null, null, null, null)",
    )?;
    let tables = "  shown: {key: id, columns: {id: integer, f: text, d: text, z: text, s: text}}
  money: {table: shown, key: id, columns: {id: integer, f: money, d: \"decimal(12,3)\", z: bigint, s: integer}}
";
    let bank = Bank::at(&server.url(), tables)?;
    bank.load()?.done()?;
    for table in ["shown", "money"] {
        let staged = bank.staged(table)?;
        for (at, name) in ["f", "d", "z", "s"].into_iter().enumerate() {
            let told: Vec<Option<String>> = connection.query(format!(
                "select cast({name} as char) from shown order by id"
            ))?;
            for (row, expected) in told.iter().enumerate() {
                let found = shown(staged.column(at + 1), row)?;
                match table {
                    "shown" => assert_eq!(&found, expected, "{name} {row}"),
                    _ => assert_eq!(
                        found.map(|text| number(&text)),
                        expected.as_deref().map(number),
                        "{name} {row}"
                    ),
                }
            }
        }
    }
    Ok(())
}

/// A number without the zeros that make no difference.
fn number(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |digits| ("-", digits));
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    format!("{sign}{}", digits.trim_start_matches('0'))
}
