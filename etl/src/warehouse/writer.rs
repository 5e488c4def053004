//! Writes the rows of a table into Parquet files with Delta statistics.
//!
//! The files lie in the table's folder under names of their own; they belong to the table only once a
//! [`super::TableCommit`] names them. Files of a writer that was dropped belong to nobody.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::Utc;
use datafusion::error::DataFusionError;
use futures::{Stream, TryStreamExt as _};
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use planisphere_schemas::warehouse::{DataFile, Warehouse};
use uuid::Uuid;

use super::error::{Result, WriteError};
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
    file_rows: usize,
    open: Option<OpenFile>,
    closed: Vec<DataFile>,
}

/// The file that rows go into at the moment.
struct OpenFile {
    path: String,
    writer: AsyncArrowWriter<BufWriter>,
    stats: FileStats,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
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
            file_rows: options.file_rows.max(1),
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
            if part.num_rows() == room {
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

    /// How many rows still go into the open file; opens one if there is none.
    fn room(&mut self) -> Result<usize> {
        if let Some(file) = &self.open {
            let written = usize::try_from(file.stats.rows()).unwrap_or(usize::MAX);
            return Ok(self.file_rows.saturating_sub(written).max(1));
        }
        let path = format!("part-{}.parquet", Uuid::now_v7());
        let place = self.warehouse.object_path(&self.table).join(path.as_str());
        let store = BufWriter::new(std::sync::Arc::clone(self.warehouse.store()), place);
        let properties = Some(self.properties.clone());
        let writer = AsyncArrowWriter::try_new(store, SchemaRef::clone(&self.schema), properties)
            .map_err(|source| self.file_failed(&path, source))?;
        let stats = FileStats::new(&self.schema).map_err(|source| self.rows_failed(source))?;
        self.open = Some(OpenFile {
            path,
            writer,
            stats,
        });
        Ok(self.file_rows)
    }

    async fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        let Some(mut file) = self.open.take() else {
            return Ok(());
        };
        file.stats
            .update(rows)
            .map_err(|source| self.rows_failed(source))?;
        if let Err(source) = file.writer.write(rows).await {
            return Err(self.file_failed(&file.path, source));
        }
        self.open = Some(file);
        Ok(())
    }

    async fn close_file(&mut self) -> Result<()> {
        let Some(mut file) = self.open.take() else {
            return Ok(());
        };
        if let Err(source) = file.writer.finish().await {
            return Err(self.file_failed(&file.path, source));
        }
        self.closed.push(DataFile {
            bytes: file.writer.bytes_written() as u64,
            rows: file.stats.rows(),
            modified_at_ms: Utc::now().timestamp_millis(),
            stats: file
                .stats
                .into_json()
                .map_err(|source| self.rows_failed(source))?,
            path: file.path,
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
