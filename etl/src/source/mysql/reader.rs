//! One connection of the snapshot that reads tables by the binary protocol, row by row.

use mysql::Conn;
use mysql::prelude::Queryable;
use planisphere_schemas::model::Table;

use crate::error::Error;
use crate::source::builder::BatchBuilder;
use crate::source::cell::column_builder;
use crate::source::{Fault, Part, Reader, Remedy, Sink};

use super::snapshot::{MySqlSnapshot, schema};
use super::value::{Kind, Sent, kind};
use super::{keys, types};

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
        part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.snapshot;
        // a connection that failed is not given back: its transaction may be gone
        let Some(mut connection) = self.connection.take() else {
            return Err(Error::Task {
                doing: "reading MySQL",
            }
            .into());
        };
        let read = read(snapshot, &mut connection, table, part, batch_rows, sink);
        // a statement that took too long ends by itself, its transaction goes on; and so it does where only texts are odd
        let lives = |fault: &Fault| matches!(fault.remedy, Remedy::Smaller | Remedy::Again);
        if read.as_ref().err().is_none_or(lives) {
            self.connection = Some(connection);
        }
        read
    }
}

fn read(
    snapshot: &MySqlSnapshot,
    connection: &mut Conn,
    table: &Table,
    part: &Part,
    batch_rows: usize,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    let failed = |error: mysql::Error| snapshot.failed(table, &error);
    let from = keys::from(&table.origin, part);
    let sql = format!("SELECT {} FROM {from}", snapshot.list(table));
    let mut rows = connection.exec_iter(sql, ()).map_err(failed)?;
    let sent = rows.columns();
    let kinds: Vec<Kind> = sent.as_ref().iter().map(kind).collect();
    let schema = schema(table, sent.as_ref());
    let columns = table.columns.iter().zip(schema.fields());
    let builders = columns.map(|(column, field)| match column.data_type {
        Some(declared) => column_builder(declared),
        None => types::builder(field.data_type()),
    });
    let builders = builders.collect();
    let batch = BatchBuilder::native(&snapshot.name, table, snapshot.zone, schema, builders);
    let mut batch = batch.unless(&snapshot.doubt);
    let mut number = 0;
    for row in rows.by_ref() {
        let values = row.map_err(failed)?.unwrap_raw();
        let values = values.iter().zip(&kinds);
        number += 1;
        let values = values.map(|(value, kind)| Sent { value, kind: *kind });
        batch.row_of(values, number);
        if batch.is_full(batch_rows) {
            sink(batch.finish()?)?;
        }
        if number % LOOK_UP_ROWS == 0 && snapshot.stop.asked() {
            return Err(Error::Stopped { signal: "request" }.into());
        }
    }
    drop(rows);
    Ok(sink(batch.finish()?)?)
}
