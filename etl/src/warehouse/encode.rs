//! Row groups encoded on threads, several at once, added to their file in order.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::{ParquetError, Result};
use tokio::task::{JoinError, JoinHandle};

use super::file::NewFile;
use super::stats::FileStats;

/// A row group that is ready, with the statistics of its rows.
pub(super) type Ready = (Vec<ArrowColumnChunk>, FileStats);

/// Encodes the rows of one file.
pub(super) struct RowGroups {
    schema: SchemaRef,
    encoders: Arc<ArrowRowGroupWriterFactory>,
    begun: usize,
    working: VecDeque<JoinHandle<Result<Ready>>>,
}

impl RowGroups {
    pub(super) fn new(file: &NewFile, schema: &SchemaRef) -> Self {
        Self {
            schema: Arc::clone(schema),
            encoders: Arc::new(file.encoders(schema)),
            begun: 0,
            working: VecDeque::new(),
        }
    }

    /// Begins a row group of these rows; adds to the file what is ready, if as many are at work as there are threads.
    pub(super) async fn begin(
        &mut self,
        rows: Vec<RecordBatch>,
        file: &mut NewFile,
        stats: &mut FileStats,
    ) -> Result<()> {
        if self.working.len() >= threads() {
            self.add_next(file, stats).await?;
        }
        let (schema, encoders, group) = (
            Arc::clone(&self.schema),
            Arc::clone(&self.encoders),
            self.begun,
        );
        let work = move || encode(&schema, &encoders, group, &rows);
        self.working.push_back(tokio::task::spawn_blocking(work));
        self.begun += 1;
        Ok(())
    }

    /// Adds everything that was begun.
    pub(super) async fn finish(mut self, file: &mut NewFile, stats: &mut FileStats) -> Result<()> {
        while !self.working.is_empty() {
            self.add_next(file, stats).await?;
        }
        Ok(())
    }

    async fn add_next(&mut self, file: &mut NewFile, stats: &mut FileStats) -> Result<()> {
        let Some(next) = self.working.pop_front() else {
            return Ok(());
        };
        let (chunks, of_group) = next.await.map_err(|error| ended_early(&error))??;
        stats.merge(of_group).map_err(external)?;
        let fill = file.add(|writer| {
            let mut chunks = chunks.into_iter();
            chunks.try_for_each(|chunk| chunk.append_to_row_group(writer))
        });
        fill.await
    }
}

fn encode(
    schema: &SchemaRef,
    encoders: &ArrowRowGroupWriterFactory,
    group: usize,
    rows: &[RecordBatch],
) -> Result<Ready> {
    let mut stats = FileStats::new(schema).map_err(external)?;
    for rows in rows {
        stats.update(rows).map_err(external)?;
    }
    let writers = encoders.create_column_writers(group)?;
    let mut chunks = Vec::with_capacity(writers.len());
    for (at, mut writer) in writers.into_iter().enumerate() {
        for rows in rows {
            for leaf in compute_leaves(schema.field(at), rows.column(at))? {
                writer.write(&leaf)?;
            }
        }
        chunks.push(writer.close()?);
    }
    Ok((chunks, stats))
}

/// Row groups that are encoded at the same time.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn ended_early(error: &JoinError) -> ParquetError {
    ParquetError::General(format!("a thread ended early: {error}"))
}

fn external(error: datafusion::error::DataFusionError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
