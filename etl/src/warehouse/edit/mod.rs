//! New values for some rows of a table, found by their places; every file without such a row stays, unless it is small and
//! joined with others.
//!
//! ```text
//! file ──► which rows ──► changed columns: decoded, patched, encoded ──┐
//!                         other columns: their encoded bytes ──────────┴──► new file
//! ```
//! Not responsible for rows that are added, nor for what a change means.

mod patch;
mod rows;
mod splice;

use std::collections::HashSet;

use arrow::array::{Array as _, ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{
    SortColumn, SortOptions, concat_batches, filter_record_batch, lexsort_to_indices,
    take_record_batch,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use parquet::errors::ParquetError;
use planisphere_schemas::warehouse::{DataFile, Warehouse};

pub(crate) use self::rows::{Editing, RowEdits};

use self::patch::Patch;
use super::error::{Result, WriteError};
use super::options::WriteOptions;
use super::writer::{TableWriter, write_table};

/// How many files are on their way: one is put together and written while the threads encode another.
const FILES_AT_ONCE: usize = 2;

/// A row of a table: the place of its file among the files, and its place in the file.
pub(crate) type Place = (usize, usize);

/// The files of a table after they were edited.
#[derive(Debug, Default)]
pub(crate) struct NextFiles {
    pub(crate) files: Vec<DataFile>,
    /// The paths of files that were joined as they are, and of those that they became: the same rows in other files.
    pub(crate) rearranged: HashSet<String>,
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
    /// Writes the files anew that hold any of the rows, and each of the runs of files as one; returns all files of the table.
    ///
    /// # Errors
    /// [`WriteError::File`] for a file that cannot be read or written.
    pub(crate) async fn apply(
        &self,
        files: &[DataFile],
        edits: &RowEdits,
        runs: &[Vec<usize>],
    ) -> Result<NextFiles> {
        let mut next = NextFiles::default();
        let joined: HashSet<usize> = runs.iter().flatten().copied().collect();
        let single = files.iter().enumerate();
        let single = single.filter(|(at, _)| !joined.contains(at));
        let edited = futures::stream::iter(single)
            .map(|(at, file)| self.edit(at, file, edits))
            .buffered(FILES_AT_ONCE);
        let edited: Vec<Vec<DataFile>> = edited.try_collect().await?;
        next.files.extend(edited.into_iter().flatten());
        for run in runs {
            let run: Vec<(usize, &DataFile)> = run.iter().map(|at| (*at, &files[*at])).collect();
            let written = self.join(&run, edits).await?;
            if run.iter().all(|(at, _)| edits.leaves(*at)) {
                let files = run.iter().map(|(_, file)| *file).chain(&written);
                let paths = files.map(|file| file.path.clone());
                next.rearranged.extend(paths);
            }
            next.files.extend(written);
        }
        Ok(next)
    }

    /// What becomes of a file.
    async fn edit(&self, at: usize, file: &DataFile, edits: &RowEdits) -> Result<Vec<DataFile>> {
        match (edits.changes(at), edits.removed(at).is_empty()) {
            (false, true) => Ok(vec![file.clone()]),
            (true, true) => {
                let encoded = splice::Encoded::read(self.bytes(file).await?);
                let encoded = encoded.map_err(|source| self.file_failed(&file.path, source))?;
                let spliced = splice::splice(self, (at, file), encoded, edits).await?;
                Ok(vec![spliced])
            }
            (_, false) => self.leave(at, file, edits).await,
        }
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

    /// Decodes a file and writes what stays of its rows, with their new values.
    async fn leave(&self, at: usize, file: &DataFile, edits: &RowEdits) -> Result<Vec<DataFile>> {
        let failed = |source: ParquetError| self.file_failed(&file.path, source);
        let schema = SchemaRef::clone(self.schema);
        let mut writer = TableWriter::new(self.warehouse, self.name, schema, self.options)?;
        let bytes = self.bytes(file).await?;
        for rows in self.rest(bytes, edits, at).map_err(failed)? {
            writer.write(&rows.map_err(failed)?).await?;
        }
        writer.finish().await
    }

    /// Decodes files and writes what stays of their rows as one, with their new values.
    async fn join(&self, files: &[(usize, &DataFile)], edits: &RowEdits) -> Result<Vec<DataFile>> {
        let mut batches = Vec::new();
        for (at, file) in files {
            let failed = |source: ParquetError| self.file_failed(&file.path, source);
            let bytes = self.bytes(file).await?;
            for rows in self.rest(bytes, edits, *at).map_err(failed)? {
                batches.push(rows.map_err(failed)?);
            }
        }
        let batches = self.sorted(batches)?;
        let schema = SchemaRef::clone(self.schema);
        write_table(self.warehouse, self.name, schema, self.options, &batches).await
    }

    /// What stays of the rows of a file, with their new values, some at a time.
    fn rest<'a>(
        &'a self,
        bytes: Bytes,
        edits: &'a RowEdits,
        at: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, ParquetError>> + Send + 'a, ParquetError>
    {
        let mut first = 0;
        let removed = edits.removed(at);
        let batches = patch::batches(bytes)?;
        Ok(batches.map(move |batch| {
            let batch = batch?;
            let rows = first..first + batch.num_rows();
            first = rows.end;
            let (new, patches) = edits.within(at, &rows)?;
            let edited = self.edited(&batch, &new, &patches)?;
            let stays = rows.map(|row| {
                let found = removed.binary_search_by_key(&row, |(_, row)| *row);
                Some(found.is_err())
            });
            let stays: BooleanArray = stays.collect();
            Ok(filter_record_batch(&edited, &stays)?)
        }))
    }

    /// Rows of several files in the order of the table; as they come, if it has none.
    fn sorted(&self, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>> {
        if self.options.sorted_by.is_empty() {
            return Ok(batches);
        }
        let sort = || {
            let rows = concat_batches(self.schema, &batches)?;
            let columns = self.options.sorted_by.iter().map(|sort| {
                let at = self.schema.index_of(&sort.column)?;
                Ok(SortColumn {
                    values: ArrayRef::clone(rows.column(at)),
                    options: Some(SortOptions::new(sort.descending, false)),
                })
            });
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
            take_record_batch(&rows, &lexsort_to_indices(&columns, None)?)
        };
        let rows = sort().map_err(|source| WriteError::Rows {
            table: self.name.to_owned(),
            source: source.into(),
        })?;
        Ok(vec![rows])
    }

    /// The rows of a batch under the columns of today, with their new values.
    fn edited(
        &self,
        batch: &RecordBatch,
        new: &RecordBatch,
        patches: &[Patch],
    ) -> Result<RecordBatch, ArrowError> {
        let columns = self.schema.fields().iter().enumerate().map(|(at, field)| {
            let old = match batch.column_by_name(field.name()) {
                Some(old) => ArrayRef::clone(old),
                None => new_null_array(field.data_type(), batch.num_rows()),
            };
            match patches {
                [] => Ok(old),
                patches => patch::patched(&old, new.column(at), patches),
            }
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
