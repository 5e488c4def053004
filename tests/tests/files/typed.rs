//! Odd values type by type, against what Python's csv, json, decimal and pyarrow say of the same files.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::python::oracle;
use super::site::{Columns, Row, Site, values};

const COLUMNS: Columns<'static> = &[
    ("id", "integer"),
    ("big", "bigint"),
    ("exact", "decimal(38,10)"),
    ("price", "decimal(18,4)"),
    ("ratio", "double"),
    ("yes", "boolean"),
    ("day", "date"),
    ("at", "timestamp"),
    ("note", "text"),
];

fn names(columns: Columns<'_>) -> String {
    json!(columns.iter().map(|(name, _)| name).collect::<Vec<_>>()).to_string()
}

fn kinds(columns: Columns<'_>) -> String {
    json!(columns.iter().map(|(_, kind)| kind).collect::<Vec<_>>()).to_string()
}

/// The rows that fit, and how many do not.
fn told(found: &Value) -> Result<(Vec<Row>, usize)> {
    let rows = found.as_array().context("no rows")?;
    let row = |row: &Vec<Value>| {
        row.iter()
            .map(|cell| cell.as_str().map(str::to_owned))
            .collect()
    };
    let good: Vec<Row> = rows
        .iter()
        .filter_map(|found| found.as_array().map(row))
        .collect();
    let bad = rows.len() - good.len();
    Ok((good, bad))
}

/// Loads and holds rows and the number of rejects to what Python says.
fn compare(site: &Site, found: &Value) -> Result<()> {
    let (good, bad) = told(found)?;
    assert!(good.len() > 2 && bad > 1, "{found}");
    assert_eq!(values(&site.load()?), good);
    let rejects = site.rejects()?;
    assert_eq!(rejects.len(), bad, "{rejects:?}");
    Ok(())
}

/// Values of a delimited file, by their columns; the others of such a row are plain.
const FIELDS: [(&str, &[&str]); 9] = [
    (
        "id",
        &[
            "0",
            "-2147483648",
            "2147483647",
            "2147483648",
            "1.0",
            "",
            "about 5",
        ],
    ),
    (
        "big",
        &[
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "007",
        ],
    ),
    (
        "exact",
        &[
            "12345678901234567890.0123456789",
            "-0.0000000001",
            "0.00000000001",
            "9999999999999999999999999999",
            "10000000000000000000000000000",
            "NaN",
        ],
    ),
    (
        "price",
        &[
            "0.000067",
            "0.6700",
            "12.340000",
            "-99999999999999.9999",
            "100000000000000",
            "1,5",
        ],
    ),
    (
        "ratio",
        &[
            "0.1",
            "-1.5e300",
            "5e-324",
            "1e400",
            "NaN",
            "inf",
            "2.2250738585072011e-308",
        ],
    ),
    ("yes", &["0", "1", "t", "f", "true", "false", "maybe"]),
    (
        "day",
        &[
            "2024-02-29",
            "0001-01-01",
            "9999-12-31",
            "2025-02-29",
            "2025-2-30",
        ],
    ),
    (
        "at",
        &[
            "2024-02-29 23:59:59.999999",
            "1969-12-31 23:59:59",
            "2024-02-29T12:00:00+02:00",
            "2024-13-01 00:00:00",
            "1900-01-01 00:00:00.000001+00:00",
        ],
    ),
    (
        "note",
        &[
            "\"semi;colon, \"\"quoted\"\"\"",
            "\"two\nlines\"",
            "\"crlf\r\nin it\"",
            "王伟 🍵",
            "  spaces  ",
            "it's 5\" wide",
            "NULL",
            "\"\"",
        ],
    ),
];

const PLAIN: [&str; 9] = [
    "1",
    "2",
    "3.5",
    "4.25",
    "0.5",
    "1",
    "2025-01-01",
    "2025-01-01 00:00:00",
    "x",
];

#[test]
fn delimited_values_are_what_python_reads() -> Result<()> {
    let mut text = "id,big,exact,price,ratio,yes,day,at,note\r\n".to_owned();
    for (name, fields) in FIELDS {
        for field in fields {
            let mut row = PLAIN;
            let column = COLUMNS.iter().position(|(known, _)| *known == name);
            let quoted = format!("\"{field}\"");
            row[column.context("no column")?] = if *field == "1,5" { &quoted } else { field };
            text.push_str(&format!("{}\r\n", row.join(",")));
        }
    }
    let site = Site::new("odd.csv", "{delimiter: ','}", COLUMNS)?;
    site.write("odd.csv", &text)?;
    let path = site.path("odd.csv")?;
    let found = oracle(&["delimited", &path, "utf-8", ",", &kinds(COLUMNS)])?;
    compare(&site, &found)?;

    // the same in another encoding, with another delimiter and the columns in another order
    let columns: Vec<_> = COLUMNS.iter().copied().rev().collect();
    let site = Site::new("odd.csv", "{delimiter: ',', encoding: gb18030}", &columns)?;
    let (bytes, _, lossy) = encoding_rs::GB18030.encode(&text);
    assert!(!lossy);
    site.write("odd.csv", bytes)?;
    let backwards = |row: Row| row.into_iter().rev().collect();
    let (good, _) = told(&found)?;
    assert_eq!(
        values(&site.load()?),
        good.into_iter().map(backwards).collect::<Vec<Row>>()
    );
    Ok(())
}

const LINES: &str = r#"{"id": 1, "big": 9223372036854775807, "exact": 12345678901234567890.0123456789, "price": 0.67, "ratio": 0.1, "yes": true, "day": "2024-02-29", "at": "2024-02-29 00:00:00", "note": "plain"}
{"id": 2147483648}

{"id": 1e3, "big": -0, "exact": 1E-10, "price": 1.5e1, "ratio": 5e-324, "yes": false, "note": "esc \" \\ \u8336 \ud83c\udf75 \n"}
{"note": {"a": [1.50, {"b": null}], "c": "茶"}, "id": 2.0}
{"note": [], "price": "12.34", "id": "5", "day": null}
{"note": true, "ratio": 3}
{"note": 1.10, "exact": -1.0E+2}
{"id": 1.5}
{"id": true}
{"price": 0.00001}
{"price": 1e-400}
{"exact": 1e28}
{"ratio": 1e400}
{"yes": "maybe"}
{"yes": 1}
{"day": 20250101}
{"at": 1700000000}
{"price": {"amount": 1}}
{"id": 7, "id": 7}
{"other": {"id": 1, "id": 2}, "ID": 3, "note": "unknown members"}
{"id": 1,}
[1, 2]
"a text"
{"id": NaN}
{"note": "\ud800"}
{"big": 123, "note": ""}
"#;

#[test]
fn json_lines_are_what_python_reads() -> Result<()> {
    let site = Site::new("odd.jsonl", "json_lines", COLUMNS)?;
    // a surrogate alone is text to Python, and to nobody else
    let text = LINES.replace("{\"note\": \"\\ud800\"}\n", "");
    site.write("odd.jsonl", &text)?;
    let path = site.path("odd.jsonl")?;
    let mut found = oracle(&["json_lines", &path, &names(COLUMNS), &kinds(COLUMNS)])?;
    // nested values stay as they are written, with their spaces and digits
    let nested = r#"{"a": [1.50, {"b": null}], "c": "茶"}"#;
    let rows = found.as_array_mut().context("no rows")?;
    let row = rows
        .iter_mut()
        .find(|row| row[0] == "2")
        .context("no nested row")?;
    row[8] = nested.into();
    compare(&site, &found)?;
    let reasons: Vec<String> = site
        .rejects()?
        .into_iter()
        .map(|[line, reason, detail]| format!("{line} {reason}: {detail}"))
        .collect();
    for expected in [
        "2 invalid_id: id '2147483648' is out of range (integer)",
        "20 unreadable_row: 'id' stands twice in the object",
        "22 unreadable_row: it is not JSON: ",
        "23 unreadable_row: it is JSON, but no object",
        "17 invalid_day: day '20250101' is not a date (date)",
        "14 invalid_ratio: ratio '1e400' is not a number that a double can hold (double)",
    ] {
        assert!(
            reasons.iter().any(|reason| reason.starts_with(expected)),
            "{expected}\n{reasons:#?}"
        );
    }
    let site = Site::new("odd.jsonl", "json_lines", COLUMNS)?;
    site.write("odd.jsonl", "{\"note\": \"\\ud800\"}\n{\"note\": \"x\"}\n")?;
    assert_eq!(site.load()?.len(), 1);
    assert_eq!(site.rejects()?[0][1], "unreadable_row");
    Ok(())
}

const PARQUET: Columns<'static> = &[
    ("i8", "integer"),
    ("u64", "decimal(20,0)"),
    ("i64", "integer"),
    ("f32", "double"),
    ("f64", "double"),
    ("exact", "decimal(38,10)"),
    ("wide", "decimal(38,2)"),
    ("name", "text"),
    ("word", "text"),
    ("bytes", "text"),
    ("cut", "text"),
    ("cutword", "text"),
    ("yes", "boolean"),
    ("day", "date"),
    ("instant", "timestamp"),
    ("millis", "timestamp"),
    ("nanos", "timestamp"),
    ("clock", "text"),
];

#[test]
fn parquet_values_are_what_pyarrow_reads() -> Result<()> {
    let mut refused = 0;
    // each by itself, so that no bad value hides another
    for column in PARQUET {
        let columns = [*column];
        let site = Site::new("odd.parquet", "parquet", &columns)?;
        let path = site.path("odd.parquet")?;
        let found = oracle(&["parquet", &path, &names(&columns), &kinds(&columns)])?;
        let (good, bad) = told(&found)?;
        assert_eq!(values(&site.load()?), good, "{column:?}");
        assert_eq!(
            site.rejects()?.len(),
            bad,
            "{column:?} {:?}",
            site.rejects()?
        );
        refused += bad;
    }
    // beyond integer, not a number, too many digits, no text, four halves of letters, no microsecond
    assert_eq!(refused, 9);

    let site = Site::new("odd.parquet", "parquet", &[("nested", "text")])?;
    let path = site.path("odd.parquet")?;
    oracle(&["parquet", &path, "[]", "[]"])?;
    site.said()?.refused(
        2,
        &[
            "'odd.parquet' of source 'site'",
            "its column 'nested' is a List",
        ],
    )?;
    let site = Site::new("odd.parquet", "parquet", &[("names", "text")])?;
    oracle(&["parquet", &site.path("odd.parquet")?, "[]", "[]"])?;
    site.said()?.refused(
        3,
        &[
            "file 'odd.parquet' with column 'names'",
            "did you mean 'name'?",
        ],
    )?;
    site.write("odd.parquet", "no Parquet at all")?;
    site.said()?.refused(2, &["it is no good Parquet file"])?;
    Ok(())
}
