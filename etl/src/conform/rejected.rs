//! Rows that were rejected when they were read, as tables of their keys.
//!
//! A join that finds nothing because its partner was rejected is not the same as a join that finds nothing:
//! the first rejects the joining row too, so that its published values stand. `<table>_rejected` has the columns
//! of the table; only the key columns hold values.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use planisphere_schemas::model::{Source, Table};
use planisphere_schemas::warehouse::Warehouse;

use crate::error::{Error, Result};
use crate::register::Register;
use crate::source::{Cell, TextRules, append_cell, column_builder};
use crate::spool::Spool;
use crate::staging::Package;

use super::session::Room;
use super::spooled::SpooledTable;

/// The column of a staged rejected row that holds the row.
const ROW_JSON: usize = 3;

/// The relation that holds the keys of a table's rejected rows.
pub(super) fn relation(table: &str) -> String {
    format!("{table}_rejected")
}

/// Makes the keys of a table's rejected rows known to a session; without a warehouse, a relation without rows.
///
/// Only of tables that an entity joins the keys are read; nobody asks for those of others. What the memory has no room for lies in
/// a file.
pub(super) async fn register(
    session: &SessionContext,
    package: &Package,
    warehouse: Option<&Warehouse>,
    (source, table): (&Source, &Table),
    room: &Room<'_>,
) -> Result<()> {
    let doing = || format!("opening the rejected rows of '{}'", table.name);
    let keys = Keys::new(package, (source, table), room);
    let mut keys = keys.map_err(Error::arrow(doing()))?;
    let mut joins = source.entities.iter().flat_map(|entity| &entity.joins);
    let is_joined = joins.any(|join| join.table == table.name);
    if let Some(warehouse) = warehouse.filter(|_| is_joined) {
        let staged = package
            .rejects(warehouse, &source.name, &table.name)
            .await?;
        if let Some(mut staged) = staged {
            while let Some(rows) = staged.try_next().await.map_err(Error::engine(doing()))? {
                let added = keys.add(rows.column(ROW_JSON).as_string());
                added.map_err(Error::arrow(doing()))?;
            }
        }
    }
    let keys = keys.spool.finish().map_err(Error::arrow(doing()))?;
    let keys = Arc::new(SpooledTable::new(keys));
    session
        .register_table(relation(&table.name).as_str(), keys)
        .map(|_| ())
        .map_err(Error::engine(doing()))
}

/// The keys of the rejected rows of a table, each of them once.
struct Keys<'t> {
    source: &'t Source,
    table: &'t Table,
    heard: Register,
    /// How the values of rows are written as bytes.
    converter: RowConverter,
    spool: Spool,
    /// The columns of the table, any of which may be null.
    schema: SchemaRef,
}

impl<'t> Keys<'t> {
    fn new(
        package: &Package,
        (source, table): (&'t Source, &'t Table),
        room: &Room<'_>,
    ) -> Result<Self, ArrowError> {
        let schema = package.staged_schema(&source.name, table);
        let fields = schema.fields().iter();
        let nullable = fields.map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
        let types = schema.fields().iter();
        let types = types.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            source,
            table,
            converter: RowConverter::new(types.collect())?,
            heard: Register::new(room.memory, room.settings.memory_bytes / 16),
            spool: Spool::new(Arc::clone(&schema), room.memory),
            schema,
        })
    }

    /// Takes some rejected rows.
    fn add(&mut self, rows: &StringArray) -> Result<(), ArrowError> {
        let rows = rows.iter().flatten();
        let keys: Vec<_> = rows.filter_map(|row| key_texts(self.table, row)).collect();
        let fields = self.schema.fields().iter();
        let key = |name: &str| self.table.key.iter().position(|key| key == name);
        let columns = fields.map(|field| match key(field.name()) {
            Some(at) => key_column(self.source, self.table, at, &keys),
            None => Ok(new_null_array(field.data_type(), keys.len())),
        });
        let columns = columns.collect::<Result<_, _>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let new = self.unheard(&rows)?;
        self.spool.push(filter_record_batch(&rows, &new)?)
    }

    /// Which rows have a key that was not heard before, however it was written.
    fn unheard(&mut self, rows: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let values = self.converter.convert_columns(rows.columns())?;
        let unheard = values.iter().map(|values| {
            let key = self.heard.key(values);
            let is_new = self.heard.get(key)?.is_none();
            if is_new {
                self.heard.put(key, 1)?;
            }
            Ok(is_new)
        });
        let unheard = unheard.collect::<Result<Vec<_>, ArrowError>>();
        unheard.map(BooleanArray::from)
    }
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

/// One key column; a key that does not fit its type is null and matches nothing.
fn key_column(
    source: &Source,
    table: &Table,
    at: usize,
    keys: &[Vec<Option<String>>],
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
