//! Rows that were rejected when they were read, as tables of their keys.
//!
//! A join that finds nothing because its partner was rejected is not the same as a join that finds nothing:
//! the first rejects the joining row too, so that its published values stand. `<table>_rejected` has the columns
//! of the table; only the key columns hold values.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, new_null_array};
use arrow::error::ArrowError;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use planisphere_schemas::model::{Source, Table};
use planisphere_schemas::warehouse::Warehouse;

use crate::error::{Error, Result};
use crate::source::{Cell, TextRules, append_cell, column_builder};
use crate::staging::Package;

/// The column of a staged rejected row that holds the row.
const ROW_JSON: usize = 3;

/// The relation that holds the keys of a table's rejected rows.
pub(super) fn relation(table: &str) -> String {
    format!("{table}_rejected")
}

/// Makes the keys of a table's rejected rows known to a session; without a warehouse, a relation without rows.
///
/// Only of tables that an entity joins the keys are held in memory; nobody asks for those of others.
pub(super) async fn register(
    session: &SessionContext,
    package: &Package,
    warehouse: Option<&Warehouse>,
    source: &Source,
    table: &Table,
) -> Result<()> {
    let doing = || format!("opening the rejected rows of '{}'", table.name);
    let mut keys = BTreeSet::new();
    let mut joins = source.entities.iter().flat_map(|entity| &entity.joins);
    let is_joined = joins.any(|join| join.table == table.name);
    if let Some(warehouse) = warehouse.filter(|_| is_joined) {
        let staged = package
            .rejects(warehouse, &source.name, &table.name)
            .await?;
        if let Some(mut staged) = staged {
            while let Some(rows) = staged.try_next().await.map_err(Error::engine(doing()))? {
                let rows = rows.column(ROW_JSON).as_string::<i32>().iter().flatten();
                keys.extend(rows.filter_map(|row| key_texts(table, row)));
            }
        }
    }
    let rows = rows_of(package, source, table, &keys).map_err(Error::arrow(doing()))?;
    session
        .register_batch(relation(&table.name).as_str(), rows)
        .map(|_| ())
        .map_err(Error::engine(doing()))
}

/// The key of a rejected row as texts; `None` if the row could not even be split into columns.
fn key_texts(table: &Table, row: &str) -> Option<Vec<Option<String>>> {
    let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row).ok()?;
    let keys = table.key.iter();
    Some(
        keys.map(|key| row.get(key)?.as_str().map(str::to_owned))
            .collect(),
    )
}

fn rows_of(
    package: &Package,
    source: &Source,
    table: &Table,
    keys: &BTreeSet<Vec<Option<String>>>,
) -> Result<RecordBatch, ArrowError> {
    let schema = package.staged_schema(&source.name, table);
    let nullable = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    let nullable = arrow::datatypes::Schema::new(nullable.collect::<Vec<_>>());
    let columns: Result<Vec<ArrayRef>, ArrowError> = schema
        .fields()
        .iter()
        .map(
            |field| match table.key.iter().position(|key| key == field.name()) {
                Some(at) => key_column(source, table, at, keys),
                None => Ok(new_null_array(field.data_type(), keys.len())),
            },
        )
        .collect();
    RecordBatch::try_new(Arc::new(nullable), columns?)
}

/// One key column; a key that does not fit its type is null and matches nothing.
fn key_column(
    source: &Source,
    table: &Table,
    at: usize,
    keys: &BTreeSet<Vec<Option<String>>>,
) -> Result<ArrayRef, ArrowError> {
    let declared = table.column(&table.key[at]);
    let data_type = declared.and_then(|column| column.data_type);
    let data_type = data_type.unwrap_or(planisphere_schemas::model::DataType::Text);
    let pattern = declared.and_then(|column| column.pattern.as_deref());
    let zone = source.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let mut builder = column_builder(data_type);
    for key in keys {
        let cell = key[at].as_deref().map_or(Cell::Null, Cell::Text);
        let rules = TextRules {
            zone,
            pattern,
            nearest: true,
        };
        if append_cell(&mut builder, cell, rules).is_err() {
            builder.append_null();
        }
    }
    builder.finish()
}
