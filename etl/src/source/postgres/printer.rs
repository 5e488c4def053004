//! Rejected rows as the server itself prints them.

use planisphere_schemas::model::Table;

use crate::reject::{Reject, row_id};

use super::columns::Selected;
use super::moment::connect;
use super::rows::OddRow;
use super::snapshot::PostgresSnapshot;
use super::wire::{Connection, Result, TextRow, WireError};

/// A connection of its own, opened when it is first needed, since the reader's is in the middle of its copy.
#[derive(Default)]
pub(super) struct Printer(Option<Connection>);

impl Printer {
    /// The rejects of odd rows.
    pub(super) fn rejects(
        &mut self,
        snapshot: &PostgresSnapshot,
        table: &Table,
        selected: &[Selected],
        odd: &[OddRow],
    ) -> Result<Vec<Reject>> {
        if odd.is_empty() {
            return Ok(Vec::new());
        }
        let printed = self.print(snapshot, selected, odd)?;
        let pairs = odd.iter().zip(&printed);
        let rejects = pairs.map(|(row, texts)| reject(&snapshot.name, table, selected, row, texts));
        Ok(rejects.collect())
    }

    /// The values of odd rows as the server prints them; in hexadecimal if it cannot.
    fn print(
        &mut self,
        snapshot: &PostgresSnapshot,
        selected: &[Selected],
        odd: &[OddRow],
    ) -> Result<Vec<TextRow>> {
        let types: Vec<u32> = selected.iter().map(|column| column.oid).collect();
        let values: Vec<_> = odd.iter().map(|row| row.values.as_slice()).collect();
        let printer = match &mut self.0 {
            Some(printer) => printer,
            None => {
                let mut opened = connect(&snapshot.address, &snapshot.stop)?;
                snapshot.server.begin_any(&mut opened)?;
                self.0.insert(opened)
            }
        };
        match printer.print(&types, &values) {
            Err(WireError::Server(_)) => {
                // its transaction has failed
                self.0 = None;
                Ok(values.into_iter().map(hexadecimal).collect())
            }
            other => other,
        }
    }
}

fn reject(
    source: &str,
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
        source: source.to_owned(),
        stage: "extract".into(),
        object: table.name.clone(),
        row_id: row_id(keys.iter().map(String::as_str)),
        reason,
        detail,
        row: serde_json::Value::Object(row).to_string(),
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
