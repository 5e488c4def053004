//! Rows of cells to batches of the declared types, with rejects.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{Column, InvalidValue, Table};

use crate::error::{Error, Result};
use crate::reject::{Reject, row_id};

use super::cell::{
    Cell, ColumnBuilder, Problem, Raw, TextRules, append_cell, column_builder, side_of,
};
use super::doubt::Doubt;
use super::{Fault, StagedBatch};

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

/// One column on its way into a batch.
struct Target {
    builder: ColumnBuilder,
    /// What the values are checked against, in words.
    shown: String,
    /// True for columns of the key, which must have a value.
    is_key: bool,
    /// True if days and instants are written in a way of their own.
    has_pattern: bool,
}

/// What is wrong with a row.
enum Wrong {
    /// The value of a column does not fit.
    Misfit(usize, Problem),
    /// A column of the key has no value.
    Missing(usize),
}

/// What identifies the rows of a file.
pub(super) struct FileRows {
    name: String,
    hash: String,
    numbers: Vec<i64>,
}

impl FileRows {
    /// Of a file by its name, for people, and the hash of its bytes.
    pub(super) fn of(name: String, hash: String) -> Self {
        let numbers = Vec::new();
        Self {
            name,
            hash,
            numbers,
        }
    }
}

/// Collects rows of one table until a batch is full.
pub(super) struct BatchBuilder<'d> {
    source: String,
    table: Table,
    schema: SchemaRef,
    zone: Tz,
    targets: Vec<Target>,
    keep: Vec<bool>,
    rejects: Vec<Reject>,
    nulled: u64,
    clamped: u64,
    bytes: u64,
    file: Option<FileRows>,
    /// Raised if the texts of a batch are not all UTF-8; `None` if each is checked by itself.
    doubt: Option<&'d Doubt>,
}

impl<'d> BatchBuilder<'d> {
    /// A builder for a table whose columns all have declared types; `file` for tables that are files.
    ///
    /// # Errors
    /// As [`declared_schema`].
    pub(super) fn new(
        source: &str,
        table: &Table,
        zone: Tz,
        file: Option<FileRows>,
    ) -> Result<Self> {
        let schema = declared_schema(source, table)?;
        let types = table.columns.iter().filter_map(|column| column.data_type);
        let builders = types.map(column_builder).collect();
        let mut batch = Self::native(source, table, zone, schema, builders);
        batch.file = file;
        Ok(batch)
    }

    /// A builder for a table of a database, with the columns of a schema and a builder for each.
    pub(super) fn native(
        source: &str,
        table: &Table,
        zone: Tz,
        schema: SchemaRef,
        builders: Vec<ColumnBuilder>,
    ) -> Self {
        let columns = table.columns.iter().zip(schema.fields());
        let target = |((column, field), builder): ((&Column, &Arc<Field>), ColumnBuilder)| Target {
            builder,
            shown: match column.data_type {
                Some(declared) => declared.to_string(),
                None => field.data_type().to_string(),
            },
            is_key: table.key.contains(&column.name),
            has_pattern: column.pattern.is_some(),
        };
        Self {
            source: source.to_owned(),
            table: table.clone(),
            targets: columns.zip(builders).map(target).collect(),
            schema,
            zone,
            keep: Vec::new(),
            rejects: Vec::new(),
            nulled: 0,
            clamped: 0,
            bytes: 0,
            file: None,
            doubt: None,
        }
    }

    /// True if the batch should be taken: it has so many rows, rejected ones included, or many bytes.
    pub(super) fn is_full(&self, batch_rows: usize) -> bool {
        self.keep.len() >= batch_rows || self.bytes >= BATCH_BYTES
    }

    /// Checks texts by themselves only once there is doubt about them, else all of a batch at once.
    pub(super) fn unless(mut self, doubt: &'d Doubt) -> Self {
        self.doubt = (!doubt.is_raised()).then_some(doubt);
        self
    }

    /// Adds a row with one cell for each declared column.
    pub(super) fn row(&mut self, cells: &[Cell<'_>], row_number: i64) {
        self.row_of(cells.iter().copied(), row_number);
    }

    /// Adds a row of values that are made when they are asked for; of a rejected row they are asked for again.
    #[inline]
    pub(super) fn row_of<'v, R: Raw<'v>>(
        &mut self,
        values: impl Iterator<Item = R> + Clone,
        row_number: i64,
    ) {
        let mut wrong: Option<Wrong> = None;
        let careful = self.doubt.is_none();
        for (at, value) in values.clone().enumerate() {
            let Some(target) = self.targets.get_mut(at) else {
                break;
            };
            if let (false, Some(bytes)) =
                (target.has_pattern, value.take(&mut target.builder, careful))
            {
                self.bytes += bytes;
                continue;
            }
            let found = self.cell(at, value.cell());
            if let Some(found) = found
                && !matches!(
                    (&wrong, &found),
                    (Some(Wrong::Misfit(..)), _) | (Some(_), Wrong::Missing(_))
                )
            {
                wrong = Some(found);
            }
        }
        if let Some(file) = &mut self.file {
            file.numbers.push(row_number);
        }
        self.keep.push(wrong.is_none());
        if let Some(wrong) = wrong {
            let cells: Vec<Cell<'_>> = values.map(Raw::cell).collect();
            self.reject(&cells, row_number, &wrong);
        }
    }

    /// Adds a line that cannot even be split into columns.
    pub(super) fn unreadable_row(&mut self, text: &str, row_number: i64, detail: String) {
        for target in &mut self.targets {
            target.builder.append_null();
        }
        if let Some(file) = &mut self.file {
            file.numbers.push(row_number);
        }
        self.keep.push(false);
        let row = serde_json::json!({ "line": text }).to_string();
        let row_id = self.id_in_file(row_number).unwrap_or_default();
        let detail = self.placed(detail, row_number);
        let reject = self.plain_reject(row_id, "unreadable_row", detail, row);
        self.rejects.push(reject);
    }

    /// Adds one entry to a column, whatever the cell is; what is wrong with it, if its row cannot be kept.
    fn cell(&mut self, at: usize, cell: Cell<'_>) -> Option<Wrong> {
        self.bytes += cell.bytes();
        let (column, target) = (&self.table.columns[at], &mut self.targets[at]);
        if matches!(cell, Cell::Null) {
            target.builder.append_null();
            return target.is_key.then_some(Wrong::Missing(at));
        }
        let rules = TextRules {
            zone: self.zone,
            pattern: column.pattern.as_deref(),
            nearest: self.file.is_some(),
        };
        match append_cell(&mut target.builder, cell, rules) {
            Ok(()) => None,
            Err(mut problem) => {
                if let Cell::Text(text) | Cell::Unfit(text) = cell {
                    problem.side = problem.side.or_else(|| side_of(text));
                }
                self.misfit(at, problem)
            }
        }
    }

    #[cold]
    fn misfit(&mut self, at: usize, problem: Problem) -> Option<Wrong> {
        let (column, target) = (&self.table.columns[at], &mut self.targets[at]);
        if let (InvalidValue::Clamp, Some(side)) = (column.invalid, problem.side)
            && target.builder.append_extreme(side)
        {
            self.clamped += 1;
            return None;
        }
        target.builder.append_null();
        if column.invalid == InvalidValue::Null && !target.is_key {
            self.nulled += 1;
            return None;
        }
        Some(Wrong::Misfit(at, problem))
    }

    #[cold]
    fn reject(&mut self, cells: &[Cell<'_>], row_number: i64, wrong: &Wrong) {
        let columns = || self.table.columns.iter().zip(cells);
        let (reason, detail) = match wrong {
            Wrong::Missing(at) => {
                let name = &self.table.columns[*at].name;
                ("missing_key".to_owned(), format!("{name} is null"))
            }
            Wrong::Misfit(at, problem) => {
                let name = &self.table.columns[*at].name;
                let value = cells.get(*at).and_then(Cell::show).unwrap_or_default();
                let shown = &self.targets[*at].shown;
                let detail = format!("{name} '{value}' is {} ({shown})", problem.reason);
                (format!("invalid_{name}"), detail)
            }
        };
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
            .id_in_file(row_number)
            .unwrap_or_else(|| row_id(key.iter().map(String::as_str)));
        let row = serde_json::Value::Object(row).to_string();
        let detail = self.placed(detail, row_number);
        let reject = self.plain_reject(row_id, &reason, detail, row);
        self.rejects.push(reject);
    }

    /// What identifies a row of a file; `None` for database tables.
    fn id_in_file(&self, row_number: i64) -> Option<String> {
        let file = self.file.as_ref()?;
        Some(format!("{}|{row_number}", file.hash))
    }

    /// What is wrong, and where somebody who looks for it in a file finds it.
    fn placed(&self, detail: String, row_number: i64) -> String {
        match &self.file {
            Some(file) => format!("{detail} at {}:{row_number}", file.name),
            None => detail,
        }
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
    ///
    /// # Errors
    /// If a text is not UTF-8, which raises the doubt; if Arrow refuses what was collected.
    pub(super) fn finish(&mut self) -> Result<StagedBatch, Fault> {
        let doing = || format!("building a batch of '{}'", self.table.name);
        let finished = self
            .targets
            .iter_mut()
            .map(|target| target.builder.finish());
        let columns: std::result::Result<Vec<ArrayRef>, ArrowError> = finished.collect();
        let mut columns = match (columns, self.doubt) {
            (Ok(columns), _) => columns,
            (Err(_), Some(doubt)) => return Err(doubt.raise(&self.source, &self.table.origin)),
            (Err(error), None) => return Err(Error::arrow(doing())(error).into()),
        };
        if let Some(file) = &mut self.file {
            let hashes = std::iter::repeat_n(file.hash.as_str(), file.numbers.len());
            columns.push(Arc::new(StringArray::from_iter_values(hashes)));
            columns.push(Arc::new(Int64Array::from(std::mem::take(
                &mut file.numbers,
            ))));
        }
        let mut rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(Error::arrow(doing()))?;
        if self.keep.contains(&false) {
            let keep = BooleanArray::from(std::mem::take(&mut self.keep));
            rows = filter_record_batch(&rows, &keep).map_err(Error::arrow(doing()))?;
        }
        self.keep.clear();
        let rejects = std::mem::take(&mut self.rejects);
        Ok(StagedBatch {
            rows,
            rejects,
            nulled: std::mem::take(&mut self.nulled),
            clamped: std::mem::take(&mut self.clamped),
            bytes: std::mem::take(&mut self.bytes),
        })
    }
}
