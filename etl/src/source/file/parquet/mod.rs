//! Rows of Parquet files. Columns are found by their names; a page of each is held at a time.

mod texts;
mod view;

use std::fs::File;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::ChunkReader;
use arrow::datatypes::DataType as Arrow;
use arrow::record_batch::RecordBatch;
use chrono_tz::Tz;
use planisphere_schemas::model::{Column, Table};

use crate::error::Error;
use crate::source::builder::BatchBuilder;
use crate::source::clock::Clock;
use crate::source::{Cell, Fault, lookup};

use super::Rows;
use super::bytes::Random;
use super::fault::Named;

use view::View;

/// Rows that are decoded at once: few, since texts may be long.
const ROWS: usize = 1024;

const HINT: &str =
    "nothing was published; fetch or write the file again, or mend the table's format";

/// A Parquet file that is being read.
pub(super) struct Parquet {
    named: Named,
    columns: Vec<Column>,
    batches: ParquetRecordBatchReader,
    clock: Clock,
    batch: RecordBatch,
    views: Vec<View>,
    next: usize,
    number: i64,
}

impl Parquet {
    /// Begins to read: checks that the declared columns are there and can become what they are declared.
    ///
    /// # Errors
    /// A [`Fault`] that says what is wrong with the file.
    pub(super) fn open(
        named: &Named,
        table: &Table,
        zone: Tz,
        bytes: Random,
    ) -> Result<Self, Fault> {
        let batches = match bytes {
            Random::Memory(bytes) => reader(named, table, bytes),
            Random::File(file) => reader::<File>(named, table, file),
        }?;
        let schema = ::arrow::record_batch::RecordBatchReader::schema(&batches);
        Ok(Self {
            named: named.clone(),
            columns: table.columns.clone(),
            batches,
            clock: Clock::new(zone),
            batch: RecordBatch::new_empty(schema),
            views: Vec::new(),
            next: 0,
            number: 0,
        })
    }

    /// Decodes more rows; false at the end.
    fn decode(&mut self) -> Result<bool, Fault> {
        self.views.clear();
        self.next = 0;
        let Some(batch) = self.batches.next() else {
            return Ok(false);
        };
        let failed = |error| {
            self.named
                .content(format!("its rows cannot be decoded: {error}"), HINT)
        };
        self.batch = batch.map_err(failed)?;
        for column in &self.columns {
            let Some(array) = self.batch.column_by_name(&column.origin) else {
                continue;
            };
            let view = View::of(array, column.data_type, &mut self.clock);
            self.views.push(view.map_err(failed)?);
        }
        Ok(true)
    }
}

impl Rows for Parquet {
    fn fill(&mut self, batch: &mut BatchBuilder<'_>, batch_rows: usize) -> Result<bool, Fault> {
        while !batch.is_full(batch_rows) {
            while self.next == self.batch.num_rows() {
                if !self.decode()? {
                    return Ok(false);
                }
            }
            self.number += 1;
            let cells: Vec<Cell<'_>> = self.views.iter().map(|view| view.cell(self.next)).collect();
            batch.row(&cells, self.number);
            self.next += 1;
        }
        Ok(true)
    }
}

fn reader<R: ChunkReader + 'static>(
    named: &Named,
    table: &Table,
    bytes: R,
) -> Result<ParquetRecordBatchReader, Fault> {
    let failed =
        |error: ParquetError| named.content(format!("it is no good Parquet file: {error}"), HINT);
    let metadata = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(failed)?;
    let metadata = texts::as_bytes(&metadata).map_err(failed)?;
    let schema = metadata.schema().clone();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let mut chosen = Vec::new();
    for column in &table.columns {
        let Some((at, field)) = schema.column_with_name(&column.origin) else {
            let names: Vec<String> = schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            return Err(absent(named, table, column, &names).into());
        };
        if !view::is_known(field.data_type()) {
            return Err(unknown(named, column, field.data_type()));
        }
        chosen.push(at);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), chosen);
    let builder = builder.with_projection(mask).with_batch_size(ROWS);
    builder.build().map_err(failed)
}

fn absent(named: &Named, table: &Table, column: &Column, names: &[String]) -> Error {
    let file = Table {
        origin: named.file.clone(),
        ..table.clone()
    };
    lookup::not_in_source(&named.source, "file", &file, Some(&column.origin), names)
}

fn unknown(named: &Named, column: &Column, found: &Arrow) -> Fault {
    let reason = format!(
        "its column '{}' is a {found}, which no declared type takes",
        column.origin
    );
    named.content(
        reason,
        "leave the column out of the model, or write it as text or numbers",
    )
}
