//! Rows brought into the shape of their table: its columns, in its order and types, without forbidden nulls.

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;

use super::error::{Result, WriteError};

/// Refuses a schema with a type that a star table does not hold.
pub(crate) fn check_schema(table: &str, schema: &SchemaRef) -> Result<()> {
    match schema
        .fields()
        .iter()
        .find(|field| !is_supported(field.data_type()))
    {
        None => Ok(()),
        Some(field) => Err(WriteError::UnsupportedType {
            table: table.to_owned(),
            column: field.name().clone(),
            data_type: field.data_type().to_string(),
        }),
    }
}

fn is_supported(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::Boolean
        | DataType::Int32
        | DataType::Int64
        | DataType::Float64
        | DataType::Date32 => true,
        DataType::Decimal128(precision, scale) => {
            u8::try_from(*scale).is_ok_and(|scale| scale <= *precision)
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => zone.as_ref() == "UTC",
        _ => false,
    }
}

/// The rows with exactly the columns of the table; further columns are left out.
///
/// Texts and instants in another Arrow layout are converted; other types must agree.
pub(crate) fn conform(table: &str, schema: &SchemaRef, rows: &RecordBatch) -> Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| conform_column(table, field, rows));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(SchemaRef::clone(schema), columns).map_err(|error| WriteError::Rows {
        table: table.to_owned(),
        source: error.into(),
    })
}

fn conform_column(table: &str, field: &Field, rows: &RecordBatch) -> Result<ArrayRef> {
    let column = rows
        .column_by_name(field.name())
        .ok_or_else(|| WriteError::MissingColumn {
            table: table.to_owned(),
            column: field.name().clone(),
        })?;
    if !field.is_nullable() && column.logical_null_count() > 0 {
        return Err(WriteError::NullValue {
            table: table.to_owned(),
            column: field.name().clone(),
            nulls: column.logical_null_count(),
        });
    }
    if column.data_type() == field.data_type() {
        return Ok(ArrayRef::clone(column));
    }
    if !is_other_layout(column.data_type(), field.data_type()) {
        return Err(WriteError::ColumnType {
            table: table.to_owned(),
            column: field.name().clone(),
            expected: field.data_type().to_string(),
            found: column.data_type().to_string(),
        });
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, field.data_type(), &options).map_err(|error| WriteError::Rows {
        table: table.to_owned(),
        source: DataFusionError::from(error),
    })
}

/// True if both types hold the same values in another layout.
fn is_other_layout(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8) => true,
        (DataType::Dictionary(_, values), _) => {
            values.as_ref() == expected || is_other_layout(values, expected)
        }
        (DataType::Timestamp(found, Some(_)), DataType::Timestamp(expected, Some(_))) => {
            found == expected
        }
        _ => false,
    }
}
