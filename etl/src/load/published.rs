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
    let damaged = |reason: String| Error::Damaged {
        table: table.name().to_owned(),
        file: format!("{}{}", table.store_url().as_str(), table.file_path(file)),
        reason,
    };
    let path = format!("{}/{}", table.name(), file.path);
    let Some(bytes) = warehouse.get_object(&path).await? else {
        return Err(damaged("is missing".into()));
    };
    if bytes.len() as u64 != file.bytes {
        let (found, published) = (bytes.len(), file.bytes);
        return Err(damaged(format!("has {found} bytes instead of {published}")));
    }
    // on a thread of its own: what a decoder does not expect in a file may be a panic
    let read = tokio::task::spawn_blocking(move || rows_of(bytes)).await;
    let rows = match read {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => return Err(damaged(format!("cannot be read: {error}"))),
        Err(_) => return Err(damaged("cannot be read".into())),
    };
    match rows.num_rows() as u64 == file.rows {
        true => Ok(rows),
        false => Err(damaged(format!(
            "has {} rows instead of {}",
            rows.num_rows(),
            file.rows
        ))),
    }
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
