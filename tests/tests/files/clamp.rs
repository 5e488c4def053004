//! Values of files beyond their types under `invalid: clamp`: the same ends, whatever the file is written in.

use anyhow::Result;
use planisphere_tests::lab::Said;

use super::python::python;
use super::site::{Columns, Site};

const COLUMNS: Columns<'static> = &[
    ("number", "{type: integer, invalid: clamp}"),
    ("exact", "{type: 'decimal(6,2)', invalid: clamp}"),
    ("ratio", "{type: double, invalid: clamp}"),
    ("day", "{type: date, invalid: clamp}"),
    ("at", "{type: timestamp, invalid: clamp}"),
];
const HIGH: [&str; 5] = [
    "3000000000",
    "10000.00",
    "1e999",
    "12024-01-31",
    "12024-01-31 10:00:00",
];
const LOW: [&str; 5] = [
    "-3000000000",
    "-10000.00",
    "-1e999",
    "-0044-03-15",
    "-0044-03-15 10:00:00",
];
const HIGHEST: [&str; 5] = [
    "2147483647",
    "9999.99",
    // doubles are shown as their bits: this is 0x7fefffffffffffff
    "9218868437227405311",
    // days and microseconds of 9999-12-31 23:59:59.999999
    "2932896",
    "253402300799999999",
];
const LOWEST: [&str; 5] = [
    "-2147483648",
    "-9999.99",
    "18442240474082181119",
    // and of 0001-01-01
    "-719162",
    "-62135596800000000",
];

/// The staged values are the ends of their types, and nothing was rejected.
fn ends(site: &Site) -> Result<()> {
    let staged = site.load()?;
    assert!(site.rejects()?.is_empty(), "{:?}", site.rejects()?);
    assert_eq!(staged.len(), 2);
    for (row, ends) in staged.iter().zip([HIGHEST, LOWEST]) {
        let values: Vec<&str> = row[2..].iter().flatten().map(String::as_str).collect();
        assert_eq!(values, ends);
    }
    Ok(())
}

#[test]
fn delimited_values_are_clamped() -> Result<()> {
    let site = Site::new("t.csv", "{kind: delimited, delimiter: ','}", COLUMNS)?;
    let lines = [HIGH, LOW].map(|row| row.join(","));
    site.write(
        "t.csv",
        format!("number,exact,ratio,day,at\n{}\n", lines.join("\n")),
    )?;
    ends(&site)
}

#[test]
fn values_of_json_lines_are_clamped() -> Result<()> {
    let site = Site::new("t.jsonl", "{kind: json_lines}", COLUMNS)?;
    let line = |[number, exact, ratio, day, at]: [&str; 5]| {
        format!(
            r#"{{"number":{number},"exact":{exact},"ratio":{ratio},"day":"{day}","at":"{at}"}}"#
        )
    };
    site.write("t.jsonl", [HIGH, LOW].map(line).join("\n"))?;
    ends(&site)
}

#[test]
fn values_of_parquet_are_clamped() -> Result<()> {
    let site = Site::new("t.parquet", "{kind: parquet}", COLUMNS)?;
    site.write("t.parquet", "")?;
    let script = "
import sys, pyarrow as pa, pyarrow.parquet as pq
from decimal import Decimal
day = 86400000000
pq.write_table(pa.table({
    'number': pa.array([3000000000, -3000000000], pa.int64()),
    'exact': pa.array([Decimal('10000.00'), Decimal('-10000.00')], pa.decimal128(12, 2)),
    'ratio': pa.array([float('inf'), float('-inf')], pa.float64()),
    'day': pa.array([2932896, -800000], pa.int32()).cast(pa.date32()),
    'at': pa.array([253402300799999999, -800000 * day], pa.int64()).cast(pa.timestamp('us')),
}), sys.argv[1])";
    Said::of(python()?.args(["-c", script, &site.path("t.parquet")?]))?.done()?;
    ends(&site)
}
