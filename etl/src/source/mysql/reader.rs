//! One connection of the snapshot that reads tables by the binary protocol, row by row.

use mysql::Conn;
use mysql::prelude::Queryable;
use planisphere_schemas::model::Table;

use crate::error::Error;
use crate::source::builder::BatchBuilder;
use crate::source::cell::Cell;
use crate::source::clock::Clock;
use crate::source::lookup;
use crate::source::{Fault, Part, Reader, Sink};

use super::snapshot::{MySqlSnapshot, qualified, quoted};
use super::value::{Kind, Scratch, cell, kind};

/// Rows between two looks whether somebody wants the reading to stop.
const LOOK_UP_ROWS: i64 = 1024;

/// A reader of a snapshot.
pub(super) struct MySqlReader<'a> {
    snapshot: &'a MySqlSnapshot,
    connection: Option<Conn>,
}

impl<'a> MySqlReader<'a> {
    /// A reader through a connection that shares the snapshot.
    pub(super) fn new(snapshot: &'a MySqlSnapshot, connection: Conn) -> Self {
        Self {
            snapshot,
            connection: Some(connection),
        }
    }
}

impl Drop for MySqlReader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.snapshot.release(connection);
        }
    }
}

impl Reader for MySqlReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        _part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.snapshot;
        let failed = |error: mysql::Error| snapshot.failed(table, &error);
        // a connection that failed is not given back: its transaction is gone
        let Some(mut connection) = self.connection.take() else {
            return Err(Error::Task {
                doing: "reading MySQL",
            }
            .into());
        };
        let sql = lookup::select(table, quoted, &qualified(&table.origin));
        let mut batch = BatchBuilder::new(&snapshot.name, table, snapshot.zone, None)?;
        let mut rows = connection.exec_iter(sql, ()).map_err(failed)?;
        let kinds: Vec<Kind> = rows.columns().as_ref().iter().map(kind).collect();
        let mut clock = Clock::new(snapshot.zone);
        let mut scratch: Vec<Scratch> = vec![Scratch::new(); kinds.len()];
        let mut number = 0;
        for row in rows.by_ref() {
            let values = row.map_err(failed)?.unwrap_raw();
            let cells: Vec<Cell<'_>> = values
                .iter()
                .zip(&kinds)
                .zip(&mut scratch)
                .map(|((value, kind), scratch)| match value {
                    Some(value) => cell(value, *kind, &mut clock, scratch),
                    None => Cell::Null,
                })
                .collect();
            number += 1;
            batch.row(&cells, number);
            if batch.is_full(batch_rows) {
                sink(batch.finish()?)?;
            }
            if number % LOOK_UP_ROWS == 0 && snapshot.stop.asked() {
                return Err(Error::Stopped { signal: "request" }.into());
            }
        }
        drop(rows);
        sink(batch.finish()?)?;
        self.connection = Some(connection);
        Ok(())
    }
}
