//! Reads published tables whole.

use arrow::array::RecordBatch;
use planisphere_schemas::warehouse::{PinnedTable, Warehouse};

use crate::error::Result;

use super::scan::TableScan;

/// All rows of a table.
pub(super) async fn read_table(warehouse: &Warehouse, table: &PinnedTable) -> Result<RecordBatch> {
    TableScan { warehouse, table }.all().await
}
