//! A Parquet file with some columns encoded anew; the chunks of the others are carried over byte by byte.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use chrono::Utc;
use futures::StreamExt as _;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::writer::SerializedRowGroupWriter;
use planisphere_schemas::warehouse::DataFile;

use super::patch::{Patch, patched};
use super::{EditedTable, RowEdits};
use crate::warehouse::encode::{ended_early, threads};
use crate::warehouse::error::WriteError;
use crate::warehouse::file::NewFile;
use crate::warehouse::properties::writer_properties;
use crate::warehouse::stats::FileStats;

/// A file in memory, as it is encoded.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl Encoded {
    /// Reads the footer.
    pub(super) fn read(bytes: Bytes) -> Result<Self> {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&bytes, options)?;
        Ok(Self { bytes, metadata })
    }

    fn parquet(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    /// The rows of a row group, counted from the first row of the file.
    fn range(&self, group: usize) -> Range<usize> {
        let rows = |group: usize| {
            let rows = self.parquet().row_group(group).num_rows();
            usize::try_from(rows).unwrap_or(usize::MAX)
        };
        let first = (0..group).map(rows).sum();
        first..first + rows(group)
    }

    /// One column of one row group.
    fn column(&self, group: usize, column: usize) -> Result<ArrayRef> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        );
        let rows = self.parquet().row_group(group).num_rows();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let mask = ProjectionMask::leaves(builder.parquet_schema(), [column]);
        let reader = builder
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(rows.max(1))
            .build()?;
        let batches = reader.collect::<std::result::Result<Vec<RecordBatch>, _>>()?;
        let parts: Vec<&dyn arrow::array::Array> = batches
            .iter()
            .map(|batch| batch.column(0).as_ref())
            .collect();
        Ok(concat(&parts)?)
    }

    /// What the file says of one column chunk, in the form in which a writer takes it over.
    fn chunk(&self, group: usize, column: usize) -> ColumnCloseResult {
        let parquet = self.parquet();
        let metadata = parquet.row_group(group).column(column).clone();
        let index = |found: Option<&Vec<Vec<_>>>| found?.get(group)?.get(column).cloned();
        ColumnCloseResult {
            bytes_written: u64::try_from(metadata.compressed_size()).unwrap_or_default(),
            rows_written: u64::try_from(parquet.row_group(group).num_rows()).unwrap_or_default(),
            column_index: index(parquet.column_index()),
            offset_index: parquet
                .offset_index()
                .and_then(|found| found.get(group)?.get(column).cloned()),
            bloom_filter: None,
            metadata,
        }
    }
}

/// One row group with its changed columns encoded anew.
struct NewGroup {
    /// For each column its chunk, where it changed.
    chunks: Vec<Option<ArrowColumnChunk>>,
    stats: FileStats,
}

/// Writes a file anew, with new values in some of its rows.
pub(super) async fn splice(
    table: &EditedTable<'_>,
    (at, file): (usize, &DataFile),
    encoded: Encoded,
    edits: &RowEdits,
) -> super::Result<DataFile> {
    let failed = |source: ParquetError| table.file_failed(&file.path, source);
    let properties = writer_properties(table.name, table.schema, table.options)?;
    let named = (table.name, table.options.load);
    let new = NewFile::begin(table.warehouse, named, table.schema, properties);
    let mut new = new.map_err(failed)?;
    let changed = edits.columns.iter().enumerate();
    let changed = changed.filter_map(|(at, changed)| changed.then_some(at));
    let work = Arc::new(Work {
        encoded,
        edits: edits.clone(),
        file: at,
        changed: changed.collect(),
        encoders: new.encoders(table.schema),
        schema: Arc::clone(table.schema),
    });
    let groups = work.encoded.parquet().num_row_groups();
    let mut groups = futures::stream::iter(0..groups)
        .map(|group| {
            let work = Arc::clone(&work);
            tokio::task::spawn_blocking(move || (group, work.group(group)))
        })
        .buffered(threads());
    let stats = FileStats::new(&work.changed_schema());
    let mut stats = stats.map_err(|source| rows_failed(table, source))?;
    while let Some(done) = groups.next().await {
        let (group, done) = done.map_err(|error| failed(ended_early(&error)))?;
        let done = done.map_err(failed)?;
        let merged = stats.merge(done.stats);
        merged.map_err(|source| rows_failed(table, source))?;
        let add = new.add(|writer| assemble(&work.encoded, group, done.chunks, writer));
        add.await.map_err(failed)?;
    }
    let (path, bytes) = new.finish().await.map_err(failed)?;
    let stats = stats.into_json_over(&file.stats);
    Ok(DataFile {
        path,
        bytes,
        rows: file.rows,
        modified_at_ms: Utc::now().timestamp_millis(),
        stats: stats.map_err(|source| rows_failed(table, source))?,
    })
}

fn rows_failed(table: &EditedTable<'_>, source: datafusion::error::DataFusionError) -> WriteError {
    WriteError::Rows {
        table: table.name.to_owned(),
        source,
    }
}

/// What the threads share that encode row groups.
struct Work {
    encoded: Encoded,
    edits: RowEdits,
    /// The place of the file.
    file: usize,
    /// The columns that are encoded anew.
    changed: Vec<usize>,
    encoders: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
}

impl Work {
    fn changed_schema(&self) -> Schema {
        let fields = self.changed.iter().map(|at| self.schema.field(*at).clone());
        Schema::new(fields.collect::<Vec<_>>())
    }

    /// Encodes the changed columns of a row group.
    fn group(&self, group: usize) -> Result<NewGroup> {
        let range = self.encoded.range(group);
        let (new, patches) = self.edits.within(self.file, &range)?;
        let writers = self.encoders.create_column_writers(group)?;
        let mut chunks: Vec<Option<ArrowColumnChunk>> = Vec::with_capacity(writers.len());
        let mut columns = Vec::with_capacity(self.changed.len());
        for (at, writer) in writers.into_iter().enumerate() {
            if !self.changed.contains(&at) {
                chunks.push(None);
                continue;
            }
            let (values, chunk) = self.encode((group, at), (&new, &patches), writer)?;
            columns.push(values);
            chunks.push(Some(chunk));
        }
        let rows = RecordBatch::try_new(Arc::new(self.changed_schema()), columns)?;
        let external = |error| ParquetError::External(Box::new(error));
        let mut stats = FileStats::new(&self.changed_schema()).map_err(external)?;
        stats.update(&rows).map_err(external)?;
        Ok(NewGroup { chunks, stats })
    }

    fn encode(
        &self,
        (group, column): (usize, usize),
        (new, patches): (&RecordBatch, &[Patch]),
        mut writer: ArrowColumnWriter,
    ) -> Result<(ArrayRef, ArrowColumnChunk)> {
        let old = self.encoded.column(group, column)?;
        let values = patched(&old, new.column(column), patches)?;
        for leaf in compute_leaves(self.schema.field(column), &values)? {
            writer.write(&leaf)?;
        }
        Ok((values, writer.close()?))
    }
}

/// Puts a row group together, of chunks that are new and chunks that stay.
fn assemble(
    encoded: &Encoded,
    group: usize,
    chunks: Vec<Option<ArrowColumnChunk>>,
    writer: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
) -> Result<()> {
    for (column, chunk) in chunks.into_iter().enumerate() {
        match chunk {
            Some(chunk) => chunk.append_to_row_group(writer)?,
            None => writer.append_column(&encoded.bytes, encoded.chunk(group, column))?,
        }
    }
    Ok(())
}
