//! What the model names of a table, looked up in what a source has; and asked for.

use planisphere_schemas::document::nearest;
use planisphere_schemas::model::Table;

use crate::error::Error;

use super::Fault;

/// A table or file, or a column of it, that the source does not have, with the nearest of what it has.
pub(super) fn not_in_source(
    source: &str,
    what: &'static str,
    table: &Table,
    column: Option<&str>,
    known: &[String],
) -> Error {
    let name = column.unwrap_or(&table.origin);
    Error::NotInSource {
        source_name: source.to_owned(),
        what,
        name: table.origin.clone(),
        column: column.map(str::to_owned),
        near: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
    }
}

/// Every declared column must be among those of the table; a table without columns is not there, and `tables` names
/// those that are. `same` tells how the source compares names.
///
/// # Errors
/// [`Error::NotInSource`], or what `tables` fails with.
pub(super) fn check_columns(
    source: &str,
    table: &Table,
    columns: &[String],
    same: fn(&str, &str) -> bool,
    tables: impl FnOnce() -> Result<Vec<String>, Fault>,
) -> Result<(), Fault> {
    if columns.is_empty() {
        return Err(not_in_source(source, "table", table, None, &tables()?).into());
    }
    let has = |name: &str| columns.iter().any(|known| same(known, name));
    match table.columns.iter().find(|column| !has(&column.origin)) {
        Some(column) => {
            Err(not_in_source(source, "table", table, Some(&column.origin), columns).into())
        }
        None => Ok(()),
    }
}

/// The declared columns of a relation, in the source's way of quoting names.
pub(super) fn select(table: &Table, quoted: fn(&str) -> String, from: &str) -> String {
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|column| quoted(&column.origin))
        .collect();
    format!("SELECT {} FROM {from}", names.join(", "))
}
