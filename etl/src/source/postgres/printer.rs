//! Rejected rows as the server itself prints them.

use planisphere_schemas::model::Table;

use crate::reject::{Reject, row_id};

use super::columns::Selected;
use super::moment::connect;
use super::rows::OddRow;
use super::snapshot::PostgresSnapshot;
use super::wire::{Connection, Result, TextRow, WireError, shown};

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
        let printer = match &mut self.0 {
            Some(printer) => printer,
            None => {
                let mut opened = connect(&snapshot.address, &snapshot.stop)?;
                snapshot.server.begin_any(&mut opened)?;
                self.0.insert(opened)
            }
        };
        rejects_through(printer, &snapshot.name, table, selected, odd)
    }
}

/// The rejects of odd rows, printed through a connection in a transaction that goes on as it was.
pub(super) fn rejects_through(
    printer: &mut Connection,
    source: &str,
    table: &Table,
    selected: &[Selected],
    odd: &[OddRow],
) -> Result<Vec<Reject>> {
    let types: Vec<u32> = selected.iter().map(|column| column.oid).collect();
    let values: Vec<_> = odd.iter().map(|row| row.values.as_slice()).collect();
    printer.query("SAVEPOINT odd")?;
    let printed = print_rows(printer, &types, &values)?;
    printer.query("RELEASE SAVEPOINT odd")?;
    let pairs = odd.iter().zip(&printed);
    let rejects = pairs.map(|(row, texts)| reject(source, table, selected, row, texts));
    Ok(rejects.collect())
}

/// Prints all rows at once; if the server refuses one of their values, each row by itself.
fn print_rows(
    printer: &mut Connection,
    types: &[u32],
    rows: &[&[Option<Vec<u8>>]],
) -> Result<Vec<TextRow>> {
    match printer.print(types, rows) {
        Err(WireError::Server(_)) => {}
        other => return other,
    }
    printer.query("ROLLBACK TO SAVEPOINT odd")?;
    let mut printed = Vec::with_capacity(rows.len());
    for row in rows {
        match printer.print(types, &[row]) {
            Ok(texts) => printed.extend(texts),
            Err(WireError::Server(_)) => printed.push(print_values(printer, types, row)?),
            Err(error) => return Err(error),
        }
    }
    Ok(printed)
}

/// Prints each value of a row by itself, so that its key at least is what it always is; what the server refuses is shown
/// as text if it is one, else in hexadecimal.
fn print_values(
    printer: &mut Connection,
    types: &[u32],
    row: &[Option<Vec<u8>>],
) -> Result<TextRow> {
    printer.query("ROLLBACK TO SAVEPOINT odd")?;
    let mut texts = TextRow::with_capacity(row.len());
    for (oid, value) in types.iter().zip(row) {
        let printed = printer.print(&[*oid], &[std::slice::from_ref(value)]);
        texts.push(match printed {
            Ok(mut printed) => printed.pop().and_then(|mut texts| texts.pop()).flatten(),
            Err(WireError::Server(_)) => {
                printer.query("ROLLBACK TO SAVEPOINT odd")?;
                value.as_deref().map(shown)
            }
            Err(error) => return Err(error),
        });
    }
    Ok(texts)
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
