//! One connection that shares the snapshot and copies parts of tables.

use planisphere_schemas::model::Table;

use crate::error::{Error, Result};
use crate::reject::{Reject, row_id};
use crate::source::{Fault, Part, Reader, Sink};

use super::catalog::{literal, qualified};
use super::columns::{Selected, columns, schema};
use super::fault;
use super::rows::{OddRow, Rows};
use super::snapshot::{BEGIN, PostgresSnapshot, connect};
use super::wire::{Connection, TextRow, WireError};

/// A reader of a PostgreSQL snapshot.
pub(super) struct PostgresReader<'a> {
    snapshot: &'a PostgresSnapshot,
    connection: Connection,
    printer: Option<Connection>,
}

impl<'a> PostgresReader<'a> {
    /// Connects and takes part in the snapshot.
    pub(super) fn open(snapshot: &'a PostgresSnapshot) -> Result<Self, Fault> {
        let mut connection = connect(&snapshot.address, &snapshot.stop)
            .map_err(|error| fault::unreachable(&snapshot.name, &error))?;
        let begin = format!(
            "{BEGIN}; SET TRANSACTION SNAPSHOT {}",
            literal(&snapshot.id)
        );
        connection.query(&begin).map_err(|error| {
            let gone = Error::SourceUnreachable {
                source_name: snapshot.name.clone(),
                reason: error.to_string(),
            };
            fault::import_remedy(&error).against(gone)
        })?;
        Ok(Self {
            snapshot,
            connection,
            printer: None,
        })
    }

    /// Hands on what was collected, with the rows that did not fit as rejects.
    fn deliver(
        &mut self,
        table: &Table,
        selected: &[Selected],
        rows: &mut Rows,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let building = Error::arrow(format!("building a batch of '{}'", table.name));
        let mut batch = rows.finish().map_err(building)?;
        let odd = rows.take_odd();
        if !odd.is_empty() {
            let printed = self.print(selected, &odd);
            let printed = printed.map_err(|error| self.snapshot.failed(table, &error))?;
            let pairs = odd.iter().zip(&printed);
            batch.rejects = pairs
                .map(|(row, texts)| self.reject(table, selected, row, texts))
                .collect();
        }
        Ok(sink(batch)?)
    }

    /// The values of odd rows as the server prints them; in hexadecimal if it cannot.
    fn print(&mut self, selected: &[Selected], odd: &[OddRow]) -> Result<Vec<TextRow>, WireError> {
        let types: Vec<u32> = selected.iter().map(|column| column.oid).collect();
        let values: Vec<_> = odd.iter().map(|row| row.values.as_slice()).collect();
        // a connection of its own, since the reader's is in the middle of its copy
        let printer = match &mut self.printer {
            Some(printer) => printer,
            None => {
                let opened = connect(&self.snapshot.address, &self.snapshot.stop)?;
                self.printer.insert(opened)
            }
        };
        match printer.print(&types, &values) {
            Err(WireError::Server(_)) => Ok(values.into_iter().map(hexadecimal).collect()),
            other => other,
        }
    }

    fn reject(
        &self,
        table: &Table,
        selected: &[Selected],
        odd: &OddRow,
        texts: &TextRow,
    ) -> Reject {
        let column = &table.columns[odd.column];
        let text = |at: usize| texts.get(at).cloned().flatten();
        let (reason, detail) = match &odd.reason {
            None => ("missing_key".to_owned(), format!("{} is null", column.name)),
            Some(reason) => {
                let value = text(odd.column).unwrap_or_default();
                let detail = format!(
                    "{} '{value}' is {reason} ({})",
                    column.name,
                    selected[odd.column].shown(column)
                );
                (format!("invalid_{}", column.name), detail)
            }
        };
        let columns = || table.columns.iter().enumerate();
        let row: serde_json::Map<String, serde_json::Value> = columns()
            .map(|(at, column)| (column.name.clone(), text(at).into()))
            .collect();
        let keys: Vec<String> = table
            .key
            .iter()
            .filter_map(|key| columns().find(|(_, column)| column.name == *key))
            .map(|(at, _)| text(at).unwrap_or_default())
            .collect();
        Reject {
            source: self.snapshot.name.clone(),
            stage: "extract".into(),
            object: table.name.clone(),
            row_id: row_id(keys.iter().map(String::as_str)),
            reason,
            detail,
            row: serde_json::Value::Object(row).to_string(),
        }
    }
}

impl Reader for PostgresReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.snapshot;
        let failed = |error: WireError| snapshot.failed(table, &error);
        let selected = snapshot.selected(table);
        let columns = columns(table, &selected, snapshot.rules());
        let mut rows = Rows::new(schema(table, &selected), columns);
        self.connection
            .start_copy(&copy(table, &selected, part))
            .map_err(failed)?;
        while let Some(message) = self.connection.next_copy().map_err(failed)? {
            rows.message(message)
                .map_err(|reason| failed(WireError::Protocol(reason)))?;
            if rows.is_full(batch_rows) {
                self.deliver(table, &selected, &mut rows, sink)?;
            }
        }
        self.deliver(table, &selected, &mut rows, sink)
    }
}

fn hexadecimal(values: &[Option<Vec<u8>>]) -> TextRow {
    let text = |bytes: &Vec<u8>| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\\x{digits}")
    };
    values
        .iter()
        .map(|value| value.as_ref().map(text))
        .collect()
}

/// The copy of a part, of the declared columns only.
fn copy(table: &Table, selected: &[Selected], part: &Part) -> String {
    let list: Vec<&str> = selected
        .iter()
        .map(|column| column.expression.as_str())
        .collect();
    let list = list.join(", ");
    let from = match part {
        // nobody splits tables of this source by their keys
        Part::Whole | Part::Keys(_) => qualified(&table.origin),
        Part::Relation(relation) => relation.clone(),
        Part::Pages { relation, from, to } => {
            let end = to.map(|to| format!(" AND ctid < '({to},0)'"));
            format!(
                "{relation} WHERE ctid >= '({from},0)'{}",
                end.unwrap_or_default()
            )
        }
    };
    format!("COPY (SELECT {list} FROM {from}) TO STDOUT (FORMAT binary)")
}
