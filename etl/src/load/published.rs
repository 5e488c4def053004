//! Reads the rows of published tables file by file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use planisphere_schemas::warehouse::{DataFile, PinnedTable, Warehouse};

use crate::error::{Error, Result};

/// The rows of one file of a table.
pub(super) async fn read_file(
    warehouse: &Warehouse,
    table: &PinnedTable,
    file: &DataFile,
) -> Result<RecordBatch> {
    let doing = || format!("reading {} of {}", file.path, table.name());
    let path = format!("{}/{}", table.name(), file.path);
    let Some(bytes) = warehouse.get_object(&path).await? else {
        let reason = "a file of a published version is gone".to_owned();
        return Err(Error::Schemas(planisphere_schemas::Error::Malformed {
            path,
            reason,
        }));
    };
    rows_of(bytes).map_err(Error::arrow(doing()))
}

fn rows_of(bytes: bytes::Bytes) -> Result<RecordBatch, ArrowError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(65_536);
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build()?.collect::<Result<_, _>>()?;
    concat_batches(&schema, &batches)
}

/// All rows of a table.
pub(super) async fn read_table(warehouse: &Warehouse, table: &PinnedTable) -> Result<RecordBatch> {
    let mut batches = Vec::with_capacity(table.files().len());
    for file in table.files() {
        batches.push(read_file(warehouse, table, file).await?);
    }
    let schema = Arc::clone(table.schema());
    let first = batches.first().map_or(schema, RecordBatch::schema);
    concat_batches(&first, &batches).map_err(Error::arrow(format!("reading {}", table.name())))
}
