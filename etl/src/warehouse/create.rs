//! How a Delta table of the warehouse begins: protocol, properties, schema.

use arrow::datatypes::{Field, Schema};
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::{Metadata, Protocol, StructType, new_metadata};
use serde_json::json;

/// Properties of every table of the warehouse.
///
/// Published versions name Delta versions, so neither logs nor files may go before the warehouse lets them;
/// statistics are wanted of all columns, and a checkpoint now and then keeps opening fast.
const PROPERTIES: [(&str, &str); 6] = [
    ("delta.checkpointInterval", "10"),
    ("delta.dataSkippingNumIndexedCols", "-1"),
    ("delta.deletedFileRetentionDuration", "interval 36500 days"),
    ("delta.enableExpiredLogCleanup", "false"),
    ("delta.logRetentionDuration", "interval 36500 days"),
    ("delta.setTransactionRetentionDuration", "interval 365 days"),
];

/// The oldest protocol: readers and writers of any age understand it, and it knows neither deletion vectors
/// nor column mapping.
pub(crate) fn protocol() -> Result<Protocol, DeltaTableError> {
    let protocol = json!({ "minReaderVersion": 1, "minWriterVersion": 2 });
    serde_json::from_value(protocol).map_err(generic)
}

/// The metadata of a new table.
pub(crate) fn metadata(schema: &StructType) -> Result<Metadata, DeltaTableError> {
    new_metadata(schema, std::iter::empty::<String>(), PROPERTIES).map_err(generic)
}

/// The Delta schema of an Arrow schema; what engines attach to fields is left out.
pub(crate) fn delta_schema(schema: &Schema) -> Result<StructType, DeltaTableError> {
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()));
    let bare = Schema::new(fields.collect::<Vec<_>>());
    (&bare).try_into_kernel().map_err(generic)
}

fn generic(source: impl std::error::Error + Send + Sync + 'static) -> DeltaTableError {
    DeltaTableError::GenericError {
        source: Box::new(source),
    }
}
