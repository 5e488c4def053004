//! Rows and steps of a table as COPY text for PostgreSQL.

use super::diff::{Edit, copy_line, diff, empty};
use crate::demo::dirt::Tally;
use crate::demo::error::DemoError;
use crate::demo::summary::TableSummary;
use crate::demo::table::{Sink, Table, Value};
use crate::demo::time::Stamp;
use crate::demo::world::World;

/// What a table's rows were turned into.
pub(crate) struct Lines {
    /// Rows to add.
    pub(crate) inserted: Vec<u8>,
    /// Rows to write anew.
    pub(crate) updated: Vec<u8>,
    /// Keys of rows to delete.
    pub(crate) deleted: Vec<u8>,
    /// What that does to the table.
    pub(crate) summary: TableSummary,
    /// The dirt counted so far.
    pub(crate) tally: Tally,
}

/// Every row of a table as COPY text.
pub(crate) fn rows(
    table: &'static Table,
    world: &World,
    at: Stamp,
    mut tally: Tally,
) -> Result<Lines, DemoError> {
    let mut inserted = Vec::new();
    let mut count = 0;
    let mut put = |row: &[Value<'_>]| {
        count += 1;
        push_line(&mut inserted, &copy_line(table, row)?);
        Ok(())
    };
    (table.rows)(world, at, &mut Sink::new(&mut put, &mut tally))?;
    let summary = TableSummary {
        rows: count,
        inserted: count,
        ..empty(table)
    };
    Ok(Lines {
        inserted,
        updated: Vec::new(),
        deleted: Vec::new(),
        summary,
        tally,
    })
}

/// Every step of a table from one instant to another as COPY text.
pub(crate) fn edits(
    table: &'static Table,
    world: &World,
    span: (Stamp, Stamp),
    mut tally: Tally,
) -> Result<Lines, DemoError> {
    let (mut inserted, mut updated, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    let summary = diff(table, world, span, &mut tally, &mut |edit| {
        match edit {
            Edit::Insert(row) => push_line(&mut inserted, &copy_line(table, row)?),
            Edit::Update(row) => push_line(&mut updated, &copy_line(table, row)?),
            Edit::Delete(key) => push_line(&mut deleted, key),
        }
        Ok(())
    })?;
    Ok(Lines {
        inserted,
        updated,
        deleted,
        summary,
        tally,
    })
}

fn push_line(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}
