//! How a large table is divided: ranges of an integer key with about the same number of rows each.
//!
//! The optimizer's estimates, which cost a dive into the index, say how many rows lie in a range; where keys are
//! crowded the ranges are short. Both ends are open, so no row is missed, whatever the estimates are.

use mysql::prelude::Queryable;
use mysql::{Conn, Row};

use crate::source::{KeyRange, Part};

use super::snapshot::{parts, qualified, quoted};

/// Rows of a part, about.
const PART_ROWS: u64 = 1 << 18;
/// Estimates that are asked for at most; keys that are crowded in a few places of a wide range need many.
const MOST_ESTIMATES: usize = 1_000;

/// The parts of a table of about so many rows; the whole if it has no integer key.
pub(super) fn split(catalog: &mut Conn, origin: &str, rows: u64) -> mysql::Result<Vec<Part>> {
    let Some(column) = key_column(catalog, origin)? else {
        return Ok(vec![Part::Whole]);
    };
    let Some(extent) = extent(catalog, origin, &column)? else {
        return Ok(vec![Part::Whole]);
    };
    let mut estimates = 0;
    let mut failure = None;
    let bounds = boundaries(extent, rows, PART_ROWS, &mut |from, to| {
        estimates += 1;
        if estimates > MOST_ESTIMATES || failure.is_some() {
            return 0;
        }
        let found = estimate(catalog, origin, &column, from, to);
        found.unwrap_or_else(|error| {
            failure = Some(error);
            0
        })
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(ranges(&column, extent, &bounds)),
    }
}

/// The first column of the primary key, if it is an integer.
fn key_column(catalog: &mut Conn, origin: &str) -> mysql::Result<Option<String>> {
    const KEY: &str = "SELECT s.column_name FROM information_schema.statistics s \
         JOIN information_schema.columns c ON c.table_schema = s.table_schema \
          AND c.table_name = s.table_name AND c.column_name = s.column_name \
         WHERE s.table_schema = coalesce(?, database()) AND s.table_name = ? \
           AND s.index_name = 'PRIMARY' AND s.seq_in_index = 1 \
           AND c.data_type IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint')";
    catalog.exec_first(KEY, parts(origin))
}

/// The lowest and the highest key; `None` if there is no row.
fn extent(catalog: &mut Conn, origin: &str, column: &str) -> mysql::Result<Option<(i128, i128)>> {
    let (column, table) = (quoted(column), qualified(origin));
    let sql =
        format!("SELECT cast(min({column}) AS char), cast(max({column}) AS char) FROM {table}");
    let found: Option<(Option<String>, Option<String>)> = catalog.query_first(sql)?;
    let (low, high) = found.unwrap_or_default();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    Ok(number(low).zip(number(high)))
}

/// How many rows lie from a key to before another, about.
fn estimate(
    catalog: &mut Conn,
    origin: &str,
    column: &str,
    from: i128,
    to: i128,
) -> mysql::Result<u64> {
    let sql = format!(
        "EXPLAIN SELECT {} FROM {} FORCE INDEX (PRIMARY) WHERE {}",
        quoted(column),
        qualified(origin),
        condition(column, Some(from), Some(to)),
    );
    let row: Option<Row> = catalog.query_first(sql)?;
    let rows = row.and_then(|row| row.get_opt::<Option<u64>, _>("rows")?.ok()?);
    Ok(rows.unwrap_or(0))
}

/// Where parts begin, except the first. The rows of the whole are given, since the optimizer's estimates stop at half
/// of a table.
fn boundaries(
    extent: (i128, i128),
    rows: u64,
    part_rows: u64,
    estimate: &mut dyn FnMut(i128, i128) -> u64,
) -> Vec<i128> {
    let mut pieces = Vec::new();
    let (from, to) = (extent.0, extent.1 + 1);
    // pieces that are still to be halved, the lowest on top
    let mut waiting = vec![(from, to, rows)];
    while let Some((from, to, rows)) = waiting.pop() {
        if rows <= part_rows || to - from <= 1 {
            pieces.push((from, rows));
            continue;
        }
        let middle = from + (to - from) / 2;
        // the smaller estimate is the better one, since those of much of a table are capped; the rest is in the other half
        let (low, high) = (estimate(from, middle), estimate(middle, to));
        let (low, high) = match low < high {
            true => (low, rows.saturating_sub(low)),
            false => (rows.saturating_sub(high), high),
        };
        waiting.push((middle, to, high));
        waiting.push((from, middle, low));
    }
    let mut bounds = Vec::new();
    let mut sum = 0;
    for (from, rows) in pieces {
        if sum > 0 && sum + rows > part_rows {
            bounds.push(from);
            sum = 0;
        }
        sum += rows;
    }
    bounds
}

/// The ranges between boundaries; the first and the last are open.
fn ranges(column: &str, extent: (i128, i128), bounds: &[i128]) -> Vec<Part> {
    let starts = std::iter::once(None).chain(bounds.iter().copied().map(Some));
    let ends = bounds.iter().copied().map(Some).chain([None]);
    let range = |(from, to)| {
        Part::Keys(KeyRange {
            column: column.to_owned(),
            from,
            to,
            extent,
        })
    };
    starts.zip(ends).map(range).collect()
}

/// What keeps a query to a range.
fn condition(column: &str, from: Option<i128>, to: Option<i128>) -> String {
    let column = quoted(column);
    let from = from.map(|from| format!("{column} >= {from}"));
    let to = to.map(|to| format!("{column} < {to}"));
    let ends: Vec<String> = from.into_iter().chain(to).collect();
    ends.join(" AND ")
}

/// What follows the columns in a query for a part.
pub(super) fn from(origin: &str, part: &Part) -> String {
    let table = qualified(origin);
    match part {
        Part::Keys(range) if range.from.is_some() || range.to.is_some() => {
            let condition = condition(&range.column, range.from, range.to);
            format!("{table} FORCE INDEX (PRIMARY) WHERE {condition}")
        }
        _ => table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The boundaries of keys that are known exactly.
    fn bounds(keys: &[i128], part_rows: u64) -> (Vec<i128>, usize) {
        let extent = (keys[0], keys[keys.len() - 1]);
        let mut asked = 0;
        let rows = keys.len() as u64;
        let bounds = boundaries(extent, rows, part_rows, &mut |from, to| {
            asked += 1;
            let count = keys.iter().filter(|key| (from..to).contains(*key)).count() as u64;
            count.min(rows / 2)
        });
        (bounds, asked)
    }

    fn sizes(keys: &[i128], bounds: &[i128]) -> Vec<usize> {
        let parts = ranges("id", (keys[0], keys[keys.len() - 1]), bounds);
        let size = |part: Part| match part {
            Part::Keys(range) => keys
                .iter()
                .filter(|key| range.from.is_none_or(|from| **key >= from))
                .filter(|key| range.to.is_none_or(|to| **key < to))
                .count(),
            _ => 0,
        };
        parts.into_iter().map(size).collect()
    }

    #[test]
    fn ranges_follow_where_the_rows_are() {
        let even: Vec<i128> = (0..10_000).collect();
        let crowded: Vec<i128> = [i128::from(i64::MIN)]
            .into_iter()
            .chain((0..9_998).map(|key| (1 << 40) + key))
            .chain([i128::from(u64::MAX)])
            .collect();
        for keys in [even, crowded] {
            let (bounds, asked) = bounds(&keys, 1_000);
            let sizes = sizes(&keys, &bounds);
            assert_eq!(sizes.iter().sum::<usize>(), keys.len());
            assert!(
                sizes.iter().all(|size| (1..=1_000).contains(size)),
                "{sizes:?}"
            );
            assert!(
                sizes.len() <= 20 && asked <= 200,
                "{} parts, {asked} estimates",
                sizes.len()
            );
        }
    }

    #[test]
    fn a_small_table_is_one_range() {
        assert_eq!(bounds(&[1, 2, 3], 1_000), (vec![], 0));
        assert_eq!(bounds(&[7], 1_000), (vec![], 0));
        let whole = ranges("id", (1, 3), &[]);
        assert_eq!(whole.len(), 1);
        assert_eq!(from("s.t", &whole[0]), "`s`.`t`");
    }

    #[test]
    fn queries_name_the_range() {
        let part = |from, to| {
            Part::Keys(KeyRange {
                column: "i`d".into(),
                from,
                to,
                extent: (0, 9),
            })
        };
        let sql = from("t", &part(Some(-5), Some(7)));
        assert_eq!(
            sql,
            "`t` FORCE INDEX (PRIMARY) WHERE `i``d` >= -5 AND `i``d` < 7"
        );
        assert_eq!(
            from("t", &part(None, Some(7))),
            "`t` FORCE INDEX (PRIMARY) WHERE `i``d` < 7"
        );
    }
}
