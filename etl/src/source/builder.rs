//! Rows of cells to batches of the declared types, with rejects.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use chrono_tz::Tz;
use planisphere_schemas::model::{Column, DataType, InvalidValue, Table};

use crate::error::{Error, Result};
use crate::reject::{Reject, row_id};

use super::StagedBatch;
use super::cell::{Cell, ColumnBuilder, TextRules, append_cell, column_builder};

/// Bytes of values after which a batch is closed, however few its rows.
pub(super) const BATCH_BYTES: u64 = 8 << 20;

/// The columns of a staged table: those of the model, and for files what identifies a row.
///
/// # Errors
/// [`Error::NoNativeType`] if a column is declared `native`, which a source that calls this has no types for.
pub(super) fn declared_schema(source: &str, table: &Table) -> Result<SchemaRef> {
    let mut columns = table.columns.iter();
    match columns.find(|column| column.data_type.is_none()) {
        None => Ok(known_columns(table)),
        Some(column) => Err(Error::NoNativeType {
            source_name: source.to_owned(),
            table: table.origin.clone(),
            column: column.origin.clone(),
        }),
    }
}

/// The columns of a staged table that are known before its source is: all but those declared `native`.
pub(crate) fn known_columns(table: &Table) -> SchemaRef {
    let field = |column: &Column| {
        let data_type = column.data_type?;
        Some(Field::new(&column.name, data_type.arrow(), true))
    };
    let mut fields: Vec<Field> = table.columns.iter().filter_map(field).collect();
    if table.format.is_some() {
        fields.push(Field::new("_file_hash", Arrow::Utf8, false));
        fields.push(Field::new("_row_number", Arrow::Int64, false));
    }
    Arc::new(Schema::new(fields))
}

/// Collects rows of one table until a batch is full.
pub(super) struct BatchBuilder {
    source: String,
    table: Table,
    types: Vec<DataType>,
    schema: SchemaRef,
    zone: Tz,
    builders: Vec<ColumnBuilder>,
    keep: Vec<bool>,
    rejects: Vec<Reject>,
    nulled: u64,
    bytes: u64,
    file: Option<(String, Vec<i64>)>,
}

impl BatchBuilder {
    /// A builder for a table; `file_hash` for tables that are files.
    ///
    /// # Errors
    /// As [`declared_schema`].
    pub(super) fn new(
        source: &str,
        table: &Table,
        zone: Tz,
        file_hash: Option<String>,
    ) -> Result<Self> {
        let schema = declared_schema(source, table)?;
        let types: Vec<DataType> = table
            .columns
            .iter()
            .filter_map(|column| column.data_type)
            .collect();
        let builders = types
            .iter()
            .map(|data_type| column_builder(*data_type))
            .collect();
        Ok(Self {
            source: source.to_owned(),
            table: table.clone(),
            types,
            schema,
            zone,
            builders,
            keep: Vec::new(),
            rejects: Vec::new(),
            nulled: 0,
            bytes: 0,
            file: file_hash.map(|hash| (hash, Vec::new())),
        })
    }

    /// True if the batch should be taken: it has so many rows, rejected ones included, or many bytes.
    pub(super) fn is_full(&self, batch_rows: usize) -> bool {
        self.keep.len() >= batch_rows || self.bytes >= BATCH_BYTES
    }

    /// Adds a row with one cell for each declared column.
    pub(super) fn row(&mut self, cells: &[Cell<'_>], row_number: i64) {
        let mut problem: Option<(String, String)> = None;
        for (at, cell) in cells.iter().enumerate() {
            self.bytes += cell.bytes();
            if let Err((reason, detail)) = self.cell(at, *cell) {
                problem.get_or_insert((reason, detail));
            }
        }
        if problem.is_none() {
            problem = self.missing_key(cells);
        }
        if let Some((_, numbers)) = &mut self.file {
            numbers.push(row_number);
        }
        self.keep.push(problem.is_none());
        if let Some((reason, detail)) = problem {
            self.reject(cells, row_number, reason, detail);
        }
    }

    /// Adds a line that cannot even be split into columns.
    pub(super) fn unreadable_row(&mut self, text: &str, row_number: i64, detail: String) {
        for builder in &mut self.builders {
            builder.append_null();
        }
        if let Some((_, numbers)) = &mut self.file {
            numbers.push(row_number);
        }
        self.keep.push(false);
        let row = serde_json::json!({ "line": text }).to_string();
        let row_id = self.place_in_file(row_number).unwrap_or_default();
        let reject = self.plain_reject(row_id, "unreadable_row", detail, row);
        self.rejects.push(reject);
    }

    fn cell(&mut self, at: usize, cell: Cell<'_>) -> Result<(), (String, String)> {
        let column = &self.table.columns[at];
        let rules = TextRules {
            zone: self.zone,
            pattern: column.pattern.as_deref(),
        };
        let Err(problem) = append_cell(&mut self.builders[at], cell, rules) else {
            return Ok(());
        };
        self.builders[at].append_null();
        if column.invalid == InvalidValue::Null {
            self.nulled += 1;
            return Ok(());
        }
        let value = cell.show().unwrap_or_default();
        let detail = format!(
            "{} '{value}' is {} ({})",
            column.name, problem.reason, self.types[at]
        );
        Err((format!("invalid_{}", column.name), detail))
    }

    fn missing_key(&self, cells: &[Cell<'_>]) -> Option<(String, String)> {
        let missing = self.table.columns.iter().zip(cells).find(|(column, cell)| {
            matches!(cell, Cell::Null) && self.table.key.contains(&column.name)
        });
        missing.map(|(column, _)| ("missing_key".into(), format!("{} is null", column.name)))
    }

    fn reject(&mut self, cells: &[Cell<'_>], row_number: i64, reason: String, detail: String) {
        let columns = || self.table.columns.iter().zip(cells);
        let row: serde_json::Map<String, serde_json::Value> = columns()
            .map(|(column, cell)| (column.name.clone(), cell.show().into()))
            .collect();
        let key: Vec<String> = self
            .table
            .key
            .iter()
            .filter_map(|key| columns().find(|(column, _)| column.name == *key))
            .map(|(_, cell)| cell.show().unwrap_or_default())
            .collect();
        let row_id = self
            .place_in_file(row_number)
            .unwrap_or_else(|| row_id(key.iter().map(String::as_str)));
        let row = serde_json::Value::Object(row).to_string();
        let reject = self.plain_reject(row_id, &reason, detail, row);
        self.rejects.push(reject);
    }

    /// What identifies a row of a file; `None` for database tables.
    fn place_in_file(&self, row_number: i64) -> Option<String> {
        let (hash, _) = self.file.as_ref()?;
        Some(format!("{hash}|{row_number}"))
    }

    fn plain_reject(&self, row_id: String, reason: &str, detail: String, row: String) -> Reject {
        Reject {
            source: self.source.clone(),
            stage: "extract".into(),
            object: self.table.name.clone(),
            row_id,
            reason: reason.to_owned(),
            detail,
            row,
        }
    }

    /// The rows since the last batch.
    pub(super) fn finish(&mut self) -> Result<StagedBatch> {
        let mut columns: Vec<ArrayRef> = self
            .builders
            .iter_mut()
            .map(ColumnBuilder::finish)
            .collect();
        if let Some((hash, numbers)) = &mut self.file {
            let hashes = std::iter::repeat_n(hash.as_str(), numbers.len());
            columns.push(Arc::new(StringArray::from_iter_values(hashes)));
            columns.push(Arc::new(Int64Array::from(std::mem::take(numbers))));
        }
        let doing = || format!("building a batch of '{}'", self.table.name);
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(Error::arrow(doing()))?;
        let keep = BooleanArray::from(std::mem::take(&mut self.keep));
        let rows = filter_record_batch(&rows, &keep).map_err(Error::arrow(doing()))?;
        let rejects = std::mem::take(&mut self.rejects);
        Ok(StagedBatch {
            rows,
            rejects,
            nulled: std::mem::take(&mut self.nulled),
            clamped: 0,
            bytes: std::mem::take(&mut self.bytes),
        })
    }
}
