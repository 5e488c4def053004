//! Values of every storage class in columns of every declared type: exact, or rejected with a reason.

use anyhow::{Context as _, Result};
use arrow::util::display::array_value_to_string;
use rusqlite::Connection;

use super::bank::Bank;

/// Values of all storage classes, as SQL.
const VALUES: [&str; 36] = [
    "1",
    "-7",
    "9223372036854775807",
    "-9223372036854775808",
    "2147483648",
    "1e400",
    "-1e400",
    "0.1",
    "3.0",
    "1e15",
    "1e308",
    "-2.5e-7",
    "0.1 + 0.2",
    "12345.6789",
    "12345678.9",
    "-0.005",
    "'12'",
    "'12.50'",
    "'about 50'",
    "''",
    "'2024-02-29'",
    "'2024-02-30'",
    "'2024-02-29 23:59:59.5'",
    "'0000-00-00'",
    "'true'",
    "x'00ff'",
    "x'616263'",
    "cast(x'ff41' as text)",
    "'a' || char(0) || 'b'",
    "'王伟 🍵'",
    "'9223372036854775808'",
    "'9007199254740993'",
    "'0.1'",
    "1.015",
    "9e999 - 9e999",
    "null",
];

/// What SQLite says of each value of a column: its storage class, and as a text, of floats without a 17th digit where 16
/// say the same number.
fn told(connection: &Connection, column: &str) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    let sql = format!(
        "select typeof({column}), cast(case
             when typeof({column}) = 'real' and cast(printf('%!.16g', {column}) as real) = {column}
             then printf('%!.16g', {column}) else cast({column} as text) end as blob)
         from odd order by id"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The values that a type takes, from what SQLite says; `None` is a reject.
fn expected(declared: &str, class: &str, text: Option<&str>) -> Option<String> {
    let text = match (class, text) {
        ("null", _) => return Some(String::new()),
        ("blob", _) | (_, None) => return None,
        (_, Some(text)) => text,
    };
    let number = || text.parse::<f64>().ok().filter(|value| value.is_finite());
    match declared {
        "text" => Some(text.to_owned()),
        "bigint" if class == "real" => number()
            .filter(|value| value.fract() == 0.0 && value.abs() < 9e15)
            .map(|value| format!("{value:.0}")),
        "bigint" => text.parse::<i64>().ok().map(|value| value.to_string()),
        "integer" => {
            expected("bigint", class, Some(text)).filter(|text| text.parse::<i32>().is_ok())
        }
        "double" if class == "integer" => {
            let exact = i128::from(text.parse::<i64>().ok()?);
            number()
                .filter(|value| format!("{value:.0}") == exact.to_string())
                .map(|value| format!("{value:?}"))
        }
        "double" if class == "text" => number()
            .filter(|value| digits(&format!("{value:?}")) == digits(text))
            .map(|value| format!("{value:?}")),
        "double" => number().map(|value| format!("{value:?}")),
        "boolean" => match (class, text) {
            ("integer" | "text", "0") => Some("false".into()),
            ("integer" | "text", "1") | ("text", "true") => Some("true".into()),
            _ => None,
        },
        "date" => (class == "text" && text == "2024-02-29").then(|| text.to_owned()),
        "timestamp" => (class == "text" && text == "2024-02-29 23:59:59.5")
            .then(|| "2024-02-29T23:59:59.500Z".into()),
        // units of a hundredth, rounded half-even where it is a float; ties are those of its text
        "decimal(12,2)" if class == "real" => {
            let value = number()?;
            let units = match (text.split_once('.'), text.contains('e')) {
                (Some((whole, fraction)), false)
                    if fraction.len() == 3 && fraction.ends_with('5') =>
                {
                    let down: i64 = format!("{whole}{}", &fraction[..2]).parse().ok()?;
                    let even = if down % 2 == 0 {
                        down.abs()
                    } else {
                        down.abs() + 1
                    };
                    return Some(shifted(&format!(
                        "{}{even}",
                        if whole.starts_with('-') { "-" } else { "" }
                    )));
                }
                _ => (value * 100.0).round_ties_even(),
            };
            (units.abs() < 1e12).then(|| shifted(&format!("{units:.0}")))
        }
        "decimal(12,2)" => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let units = format!("{whole}{fraction:0<2}");
            let is_plain = !whole.is_empty() && fraction.len() <= 2 && units.parse::<i64>().is_ok();
            (is_plain && units.len() <= 12).then(|| shifted(&units))
        }
        _ => None,
    }
}

/// The digits of a number, without zeros around them.
fn digits(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let whole = mantissa.split('.').next().unwrap_or_default().len();
    let point = i64::try_from(whole).unwrap_or(0) + exponent.parse::<i64>().unwrap_or(0);
    let all = mantissa.replace('.', "");
    let zeros = all.len() - all.trim_start_matches('0').len();
    let point = point - i64::try_from(zeros).unwrap_or(0);
    format!("{} at {point}", all.trim_matches('0'))
}

fn shifted(units: &str) -> String {
    let (sign, digits) = units
        .strip_prefix('-')
        .map_or(("", units), |digits| ("-", digits));
    let digits = format!("{digits:0>3}");
    let (whole, fraction) = digits.split_at(digits.len() - 2);
    match (whole, fraction) {
        ("0", "00") => "0.00".into(),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

#[test]
fn values_are_exact_or_rejected_whatever_the_column_is_declared() -> Result<()> {
    const DECLARED: [&str; 8] = [
        "text",
        "integer",
        "bigint",
        "double",
        "boolean",
        "date",
        "timestamp",
        "decimal(12,2)",
    ];
    const AFFINITIES: [&str; 3] = ["", "integer", "text"];
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("odd.db");
    let connection = Connection::open(&path)?;
    let mut columns = vec!["id integer primary key".to_owned()];
    columns.extend(
        AFFINITIES
            .iter()
            .enumerate()
            .map(|(at, affinity)| format!("c{at} {affinity}")),
    );
    connection.execute_batch(&format!("create table odd ({})", columns.join(", ")))?;
    for (id, value) in VALUES.iter().enumerate() {
        connection.execute_batch(&format!(
            "insert into odd values ({id}, {value}, {value}, {value})"
        ))?;
    }
    // one table of the model for each pair, since a row is rejected whole
    let mut tables = String::new();
    for at in 0..AFFINITIES.len() {
        for (number, declared) in DECLARED.iter().enumerate() {
            tables += &format!(
                "  t{at}_{number}: {{table: odd, key: id, columns: {{id: integer, v: {{type: \"{declared}\", column: c{at}}}}}}}\n"
            );
        }
    }
    let bank = Bank::at(&format!("sqlite:{}", path.display()), &tables)?;
    bank.load()?.done()?;
    let rejects = bank
        .lab
        .sql("select object, row_id, reason, detail from audit.audit_reject")?;
    for at in 0..AFFINITIES.len() {
        let told = told(&connection, &format!("c{at}"))?;
        for (number, declared) in DECLARED.iter().enumerate() {
            let table = format!("t{at}_{number}");
            let staged = bank.staged(&table)?;
            let mut kept = 0;
            for (id, (class, bytes)) in told.iter().enumerate() {
                let text = bytes
                    .as_deref()
                    .and_then(|bytes| std::str::from_utf8(bytes).ok());
                let place = format!("{} as {declared} ({class})", VALUES[id]);
                let Some(expected) = expected(declared, class, text) else {
                    let of_row =
                        |reject: &&Vec<String>| reject[..2] == [table.clone(), id.to_string()];
                    let reject = rejects.iter().find(of_row);
                    let reject = reject.with_context(|| format!("{place} is no reject"))?;
                    assert_eq!(reject[2], "invalid_v", "{place}");
                    assert!(reject[3].contains(" is "), "{reject:?}");
                    continue;
                };
                assert_eq!(
                    array_value_to_string(staged.column(0), kept)?,
                    id.to_string(),
                    "{place}"
                );
                assert_eq!(
                    array_value_to_string(staged.column(1), kept)?,
                    expected,
                    "{place}"
                );
                kept += 1;
            }
            assert_eq!(staged.num_rows(), kept, "{table}");
        }
    }
    Ok(())
}
