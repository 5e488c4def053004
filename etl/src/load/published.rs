//! Reads published tables whole.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use planisphere_schemas::warehouse::{DataFile, PinnedTable, Warehouse};

use crate::error::{Error, Result};

use super::scan::TableScan;

/// The rows of one file of a table.
pub(super) async fn read_file(
    warehouse: &Warehouse,
    table: &PinnedTable,
    file: &DataFile,
) -> Result<RecordBatch> {
    TableScan { warehouse, table }.file(file).await
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
