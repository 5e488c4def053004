//! Writes the rows of a table into Parquet files with Delta statistics.
//!
//! The files lie in the table's folder under names of their own; they belong to the table only once a
//! [`super::TableCommit`] names them. Files of a writer that was dropped belong to nobody.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::Utc;
use datafusion::error::DataFusionError;
use futures::{Stream, TryStreamExt as _};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use planisphere_schemas::warehouse::{DataFile, LoadId, Warehouse};

use crate::spool::bytes_of;

use super::encode::RowGroups;
use super::error::{Result, WriteError};
use super::file::NewFile;
use super::options::WriteOptions;
use super::properties::writer_properties;
use super::shape::{check_schema, conform};
use super::stats::FileStats;

/// Writes batches of rows as files of one table.
#[derive(Debug)]
pub struct TableWriter {
    warehouse: Warehouse,
    table: String,
    schema: SchemaRef,
    properties: WriterProperties,
    load: Option<LoadId>,
    file_rows: usize,
    group_rows: usize,
    group_bytes: usize,
    file_bytes: u64,
    open: Option<OpenFile>,
    closed: Vec<DataFile>,
}

/// The file that rows go into at the moment.
struct OpenFile {
    file: NewFile,
    groups: RowGroups,
    stats: FileStats,
    /// Rows that no row group has yet, and how many in all the file has.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    rows: usize,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("path", &self.file.path)
            .finish_non_exhaustive()
    }
}

impl OpenFile {
    /// Adds rows; a row group begins as soon as its rows are there.
    async fn write(
        &mut self,
        rows: &RecordBatch,
        (group_rows, group_bytes): (usize, usize),
    ) -> Result<(), ParquetError> {
        let mut from = 0;
        let width = bytes_of(rows).div_ceil(rows.num_rows().max(1)).max(1);
        while from < rows.num_rows() {
            let room = group_bytes.saturating_sub(self.waiting_bytes) / width;
            let room = (group_rows - self.waiting_rows).min(room.max(1));
            let part = room.min(rows.num_rows() - from);
            let part = rows.slice(from, part);
            from += part.num_rows();
            self.rows += part.num_rows();
            self.waiting_rows += part.num_rows();
            self.waiting_bytes += bytes_of(&part);
            self.waiting.push(part);
            if self.waiting_rows >= group_rows || self.waiting_bytes >= group_bytes {
                self.begin_group().await?;
            }
        }
        Ok(())
    }

    async fn begin_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.waiting);
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        match rows.is_empty() {
            true => Ok(()),
            false => {
                self.groups
                    .begin(rows, &mut self.file, &mut self.stats)
                    .await
            }
        }
    }

    /// Completes the file; returns its name, size and statistics.
    async fn finish(mut self) -> Result<(String, u64, FileStats), ParquetError> {
        self.begin_group().await?;
        self.groups.finish(&mut self.file, &mut self.stats).await?;
        let (path, bytes) = self.file.finish().await?;
        Ok((path, bytes, self.stats))
    }
}

impl TableWriter {
    /// A writer for files of a table with that schema. Nothing is written before the first row.
    ///
    /// # Errors
    /// [`WriteError::UnsupportedType`] for a type that star tables do not hold, [`WriteError::MissingColumn`]
    /// if the options sort by a column that is not there.
    pub fn new(
        warehouse: &Warehouse,
        table: &str,
        schema: SchemaRef,
        options: &WriteOptions,
    ) -> Result<Self> {
        check_schema(table, &schema)?;
        let properties = writer_properties(table, &schema, options)?;
        Ok(Self {
            warehouse: warehouse.clone(),
            table: table.to_owned(),
            schema,
            properties,
            load: options.load,
            file_rows: options.file_rows.max(1),
            group_rows: options.row_group_rows.max(1),
            group_bytes: options.row_group_bytes,
            file_bytes: options.file_bytes,
            open: None,
            closed: Vec::new(),
        })
    }

    /// Writes rows, which must have the columns of the table in any order.
    ///
    /// # Errors
    /// [`WriteError::MissingColumn`], [`WriteError::ColumnType`] and [`WriteError::NullValue`] for rows that do
    /// not fit the table, [`WriteError::File`] if a file cannot be written. After an error the writer is
    /// of no further use.
    pub async fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let rows = conform(&self.table, &self.schema, rows)?;
        let mut start = 0;
        while start < rows.num_rows() {
            let room = self.room()?;
            let part = rows.slice(start, room.min(rows.num_rows() - start));
            self.append(&part).await?;
            start += part.num_rows();
            if part.num_rows() == room || self.is_full() {
                self.close_file().await?;
            }
        }
        Ok(())
    }

    /// Writes all rows of a stream.
    ///
    /// # Errors
    /// [`WriteError::Rows`] if the stream fails, and what [`Self::write`] returns.
    pub async fn write_stream(
        &mut self,
        rows: impl Stream<Item = Result<RecordBatch, DataFusionError>> + Send,
    ) -> Result<()> {
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows
            .try_next()
            .await
            .map_err(|source| self.rows_failed(source))?
        {
            self.write(&batch).await?;
        }
        Ok(())
    }

    /// Completes the last file and returns all files, in the order in which they were written.
    ///
    /// # Errors
    /// [`WriteError::File`] if the file cannot be completed.
    pub async fn finish(mut self) -> Result<Vec<DataFile>> {
        self.close_file().await?;
        Ok(self.closed)
    }

    /// True if the open file has as many bytes as it may have.
    fn is_full(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| open.file.bytes >= self.file_bytes)
    }

    /// How many rows still go into the open file; opens one if there is none.
    fn room(&mut self) -> Result<usize> {
        if let Some(open) = &self.open {
            return Ok(self.file_rows.saturating_sub(open.rows).max(1));
        }
        let properties = self.properties.clone();
        let named = (self.table.as_str(), self.load);
        let file = NewFile::begin(&self.warehouse, named, &self.schema, properties)
            .map_err(|source| self.file_failed("of its own", source))?;
        self.open = Some(OpenFile {
            groups: RowGroups::new(&file, &self.schema),
            stats: FileStats::new(&self.schema).map_err(|source| self.rows_failed(source))?,
            file,
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            rows: 0,
        });
        Ok(self.file_rows)
    }

    async fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        if let Err(source) = open.write(rows, (self.group_rows, self.group_bytes)).await {
            return Err(self.file_failed(&open.file.path, source));
        }
        self.open = Some(open);
        Ok(())
    }

    async fn close_file(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let path = open.file.path.clone();
        let closed = open.finish().await;
        let (path, bytes, stats) = closed.map_err(|source| self.file_failed(&path, source))?;
        self.closed.push(DataFile {
            path,
            bytes,
            rows: stats.rows(),
            modified_at_ms: Utc::now().timestamp_millis(),
            stats: stats
                .into_json()
                .map_err(|source| self.rows_failed(source))?,
        });
        Ok(())
    }

    fn rows_failed(&self, source: DataFusionError) -> WriteError {
        WriteError::Rows {
            table: self.table.clone(),
            source,
        }
    }

    fn file_failed(&self, path: &str, source: ParquetError) -> WriteError {
        WriteError::File {
            table: self.table.clone(),
            path: path.to_owned(),
            source,
        }
    }
}

/// Writes batches as files of a table and returns the files.
///
/// # Errors
/// What [`TableWriter`] returns.
pub async fn write_table(
    warehouse: &Warehouse,
    table: &str,
    schema: SchemaRef,
    options: &WriteOptions,
    batches: &[RecordBatch],
) -> Result<Vec<DataFile>> {
    let mut writer = TableWriter::new(warehouse, table, schema, options)?;
    for batch in batches {
        writer.write(batch).await?;
    }
    writer.finish().await
}
