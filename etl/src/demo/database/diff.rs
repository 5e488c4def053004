//! The difference between a table as of one instant and the same table as of a later one.

use crate::demo::dirt::Tally;
use crate::demo::error::DemoError;
use crate::demo::summary::TableSummary;
use crate::demo::table::{Sink, Table, Type, Value};
use crate::demo::time::Stamp;
use crate::demo::world::World;
use std::collections::HashMap;

/// One step from the earlier to the later table.
pub(crate) enum Edit<'e> {
    /// A row that was not there.
    Insert(&'e [Value<'e>]),
    /// A row that is another now.
    Update(&'e [Value<'e>]),
    /// The key, in COPY text, of a row that is gone.
    Delete(&'e str),
}

/// Hands over every step from a table as of `from` to the table as of `to`, deletions last, in a fixed order.
pub(crate) fn diff(
    table: &'static Table,
    world: &World,
    (from, to): (Stamp, Stamp),
    tally: &mut Tally,
    edit: &mut dyn FnMut(Edit<'_>) -> Result<(), DemoError>,
) -> Result<TableSummary, DemoError> {
    let mut before = lines(table, world, from)?;
    let mut summary = empty(table);
    let deleted = table
        .columns()
        .position(|column| *column == ("deleted", Type::Flag));
    let mut put = |row: &[Value<'_>]| {
        summary.rows += 1;
        let line = copy_line(table, row)?;
        match before.remove(key(table, &line)) {
            None => {
                summary.inserted += 1;
                edit(Edit::Insert(row))
            }
            Some(old) if old != line => {
                summary.updated += 1;
                let flag =
                    |line: &str| deleted.and_then(|at| line.split('\t').nth(at)) == Some("1");
                summary.soft_deleted += u64::from(!flag(&old) && flag(&line));
                edit(Edit::Update(row))
            }
            Some(_) => Ok(()),
        }
    };
    (table.rows)(world, to, &mut Sink::new(&mut put, tally))?;
    let mut gone: Vec<String> = before.into_keys().collect();
    gone.sort_unstable();
    for key in &gone {
        edit(Edit::Delete(key))?;
    }
    summary.deleted = gone.len() as u64;
    Ok(summary)
}

/// Every row of a table as COPY text, by its key.
fn lines(
    table: &'static Table,
    world: &World,
    at: Stamp,
) -> Result<HashMap<String, String>, DemoError> {
    let mut lines = HashMap::new();
    let mut put = |row: &[Value<'_>]| {
        let line = copy_line(table, row)?;
        lines.insert(key(table, &line).to_owned(), line);
        Ok(())
    };
    (table.rows)(world, at, &mut Sink::new(&mut put, &mut Tally::default()))?;
    Ok(lines)
}

/// The fields of a line that are the key.
fn key<'l>(table: &Table, line: &'l str) -> &'l str {
    let end = line.match_indices('\t').nth(table.key - 1);
    end.map_or(line, |(end, _)| &line[..end])
}

/// A row as a line of COPY text without its end.
pub(crate) fn copy_line(table: &'static Table, row: &[Value<'_>]) -> Result<String, DemoError> {
    check(table, row)?;
    let mut line = Vec::with_capacity(row.len() * 16);
    for (position, value) in row.iter().enumerate() {
        if position > 0 {
            line.push(b'\t');
        }
        value.write_copy(&mut line);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Holds a row against the columns of its table.
pub(crate) fn check(table: &'static Table, row: &[Value<'_>]) -> Result<(), DemoError> {
    let expected = table.columns.iter().map(|group| group.len()).sum();
    if row.len() == expected {
        Ok(())
    } else {
        Err(DemoError::Row {
            table: table.name,
            expected,
            found: row.len(),
        })
    }
}

/// The summary of a table to which nothing happened yet.
pub(crate) fn empty(table: &Table) -> TableSummary {
    TableSummary {
        name: table.name,
        rows: 0,
        inserted: 0,
        updated: 0,
        soft_deleted: 0,
        deleted: 0,
    }
}
