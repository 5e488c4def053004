//! New values for some rows of a table, found by their places; every file without such a row stays.
//!
//! ```text
//! file ──► which rows ──► changed columns: decoded, patched, encoded ──┐
//!                         other columns: their encoded bytes ──────────┴──► new file
//! ```
//! Not responsible for rows that are added, nor for what a change means.

mod patch;
mod splice;

use arrow::array::{Array as _, BooleanArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::errors::ParquetError;
use planisphere_schemas::warehouse::{DataFile, Warehouse};

use self::patch::Patch;
use super::error::{Result, WriteError};
use super::options::WriteOptions;
use super::writer::write_table;

/// A row of a table: the place of its file among the files, and its place in the file.
pub(crate) type Place = (usize, usize);

/// What becomes of some rows of a table.
#[derive(Debug, Clone)]
pub(crate) struct RowEdits {
    /// Whole rows in the columns of the table, in the order of their places.
    rows: RecordBatch,
    /// Where they belong, each place once.
    places: Vec<Place>,
    /// For each column whether any of these rows has another value in it than before.
    columns: Vec<bool>,
    /// Rows that leave the table, in order.
    removed: Vec<Place>,
}

impl RowEdits {
    /// Takes whole rows with their new values, where they belong, and rows that leave.
    ///
    /// `columns` tells in which columns the rows may differ from what is published.
    pub(crate) fn new(
        rows: &RecordBatch,
        places: &[Place],
        columns: Vec<bool>,
        mut removed: Vec<Place>,
    ) -> Result<Self, ArrowError> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|at| places[*at]);
        removed.sort_unstable();
        let indices = order.iter().map(|at| *at as u64);
        Ok(Self {
            rows: take_record_batch(rows, &UInt64Array::from_iter_values(indices))?,
            places: order.iter().map(|at| places[*at]).collect(),
            columns,
            removed,
        })
    }

    /// True if nothing happens to any row.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.removed.is_empty()
    }

    /// The rows of a file that change, each with its new row.
    fn patches(&self, file: usize) -> Vec<Patch> {
        let from = self.places.partition_point(|(of, _)| *of < file);
        let places = self.places[from..].iter().enumerate();
        let places = places.take_while(|(_, (of, _))| *of == file);
        places.map(|(at, (_, row))| (*row, from + at)).collect()
    }

    /// The rows of a file that leave.
    fn removed(&self, file: usize) -> &[Place] {
        let from = self.removed.partition_point(|(of, _)| *of < file);
        let to = self.removed.partition_point(|(of, _)| *of <= file);
        &self.removed[from..to]
    }
}

/// A table whose rows are edited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EditedTable<'a> {
    pub(crate) warehouse: &'a Warehouse,
    pub(crate) name: &'a str,
    pub(crate) schema: &'a SchemaRef,
    pub(crate) options: &'a WriteOptions,
}

impl EditedTable<'_> {
    /// Writes the files anew that hold any of the rows; returns all files of the table.
    ///
    /// # Errors
    /// [`WriteError::File`] for a file that cannot be read or written.
    pub(crate) async fn apply(
        &self,
        files: &[DataFile],
        edits: &RowEdits,
    ) -> Result<Vec<DataFile>> {
        let mut next = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            let (patches, removed) = (edits.patches(at), edits.removed(at));
            match (patches.is_empty(), removed.is_empty()) {
                (true, true) => next.push(file.clone()),
                (false, true) => {
                    let encoded = splice::Encoded::read(self.bytes(file).await?);
                    let encoded = encoded.map_err(|source| self.file_failed(&file.path, source))?;
                    next.push(splice::splice(self, file, encoded, (edits, patches)).await?);
                }
                (_, false) => next.extend(self.rewrite(file, edits, (&patches, removed)).await?),
            }
        }
        Ok(next)
    }

    async fn bytes(&self, file: &DataFile) -> Result<Bytes> {
        let path = format!("{}/{}", self.name, file.path);
        match self.warehouse.get_object(&path).await? {
            Some(bytes) => Ok(bytes),
            None => {
                let missing = ParquetError::General("the file is missing".into());
                Err(self.file_failed(&file.path, missing))
            }
        }
    }

    /// Decodes a file of which rows leave and writes what stays.
    async fn rewrite(
        &self,
        file: &DataFile,
        edits: &RowEdits,
        (patches, removed): (&[Patch], &[Place]),
    ) -> Result<Vec<DataFile>> {
        let failed = |source| self.file_failed(&file.path, source);
        let (mut batches, mut first) = (Vec::new(), 0);
        for batch in patch::batches(self.bytes(file).await?).map_err(failed)? {
            let batch = batch.map_err(|error| failed(error.into()))?;
            let rows = first..first + batch.num_rows();
            let patches = patch::within(patches, &rows);
            let edited = self.edited(&batch, edits, &patches);
            let edited = edited.map_err(|error| failed(error.into()))?;
            let stays = rows.clone().map(|row| {
                let found = removed.binary_search_by_key(&row, |(_, row)| *row);
                Some(found.is_err())
            });
            let stays: BooleanArray = stays.collect();
            let rest = filter_record_batch(&edited, &stays);
            batches.push(rest.map_err(|error| failed(error.into()))?);
            first = rows.end;
        }
        let schema = SchemaRef::clone(self.schema);
        write_table(self.warehouse, self.name, schema, self.options, &batches).await
    }

    /// The rows of a batch with their new values.
    fn edited(
        &self,
        batch: &RecordBatch,
        edits: &RowEdits,
        patches: &[Patch],
    ) -> Result<RecordBatch, ArrowError> {
        let columns = self.schema.fields().iter().enumerate().map(|(at, field)| {
            let old = batch.column(batch.schema().index_of(field.name())?);
            patch::patched(old, edits.rows.column(at), patches)
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        RecordBatch::try_new(SchemaRef::clone(self.schema), columns)
    }

    fn file_failed(&self, path: &str, source: ParquetError) -> WriteError {
        WriteError::File {
            table: self.name.to_owned(),
            path: path.to_owned(),
            source,
        }
    }
}

/// The columns in which any of the rows differs from what was published, row by row.
///
/// # Errors
/// If the rows do not have the same columns.
pub(crate) fn changed_columns(
    old: &RecordBatch,
    old_rows: &UInt32Array,
    new: &RecordBatch,
) -> Result<Vec<bool>, ArrowError> {
    let pairs = old.columns().iter().zip(new.columns());
    let differs = pairs.map(|(old, new)| {
        let old = arrow::compute::take(old, old_rows, None)?;
        let differs = arrow::compute::kernels::cmp::distinct(&old, new)?;
        Ok(differs.true_count() > 0 || old.len() != new.len())
    });
    differs.collect()
}
