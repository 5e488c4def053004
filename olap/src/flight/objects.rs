//! Catalogs, schemas and tables of a version as Flight SQL lists them.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetTableTypes, CommandGetTables,
};
use tonic::Status;

use crate::sql::{CATALOG, sql_tables};
use crate::stars::Stars;

const TABLE_TYPE: &str = "TABLE";

/// The one catalog.
pub(super) fn catalogs(command: CommandGetCatalogs) -> Result<RecordBatch, Status> {
    let mut catalogs = command.into_builder();
    catalogs.append(CATALOG);
    built(catalogs.build())
}

/// The schemas that hold tables.
pub(super) fn schemas(
    command: CommandGetDbSchemas,
    stars: &dyn Stars,
) -> Result<RecordBatch, Status> {
    let mut schemas = command.into_builder();
    let mut names: Vec<_> = sql_tables(stars)
        .into_iter()
        .map(|name| name.schema)
        .collect();
    names.dedup();
    names
        .into_iter()
        .for_each(|name| schemas.append(CATALOG, name));
    built(schemas.build())
}

/// The tables, with their columns if asked.
pub(super) fn tables(command: CommandGetTables, stars: &dyn Stars) -> Result<RecordBatch, Status> {
    let mut tables = command.into_builder();
    for name in sql_tables(stars) {
        let Some(table) = stars.table(&name.table) else {
            continue;
        };
        tables
            .append(
                CATALOG,
                name.schema,
                &name.table,
                TABLE_TYPE,
                &table.schema(),
            )
            .map_err(|error| Status::internal(error.to_string()))?;
    }
    built(tables.build())
}

/// The one kind of tables.
pub(super) fn table_types(command: CommandGetTableTypes) -> Result<RecordBatch, Status> {
    let mut types = command.into_builder();
    types.append(TABLE_TYPE);
    built(types.build())
}

/// A list that was built, or why not.
pub(super) fn built(
    batch: Result<RecordBatch, impl Into<ListError>>,
) -> Result<RecordBatch, Status> {
    batch.map_err(|error| Status::internal(format!("cannot build the list: {}", error.into().0)))
}

/// Why a list could not be built.
pub(super) struct ListError(String);

impl From<FlightError> for ListError {
    fn from(error: FlightError) -> Self {
        Self(error.to_string())
    }
}

impl From<ArrowError> for ListError {
    fn from(error: ArrowError) -> Self {
        Self(error.to_string())
    }
}
