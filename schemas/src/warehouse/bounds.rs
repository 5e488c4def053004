//! What the Delta log says about each file: rows, nulls, smallest and largest values.
//!
//! The statistics of all files are decoded at once into Arrow arrays, one row a file, so that decimals stay
//! exact and pruning is a column operation. Bounds are bounds, not always values: texts may be cut and instants
//! rounded, which is why only exact types are called exact.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray, UInt64Array};
use arrow::datatypes::{
    DataType, Field, Fields, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};

use super::data_file::DataFile;

/// Logs keep instants to the millisecond and may cut the rest, so an upper bound is one more.
const MILLISECOND_US: i64 = 1_000;

/// The statistics of a table's files; row `i` of each array belongs to file `i`.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) rows: UInt64Array,
    pub(crate) min: StructArray,
    pub(crate) max: StructArray,
    pub(crate) nulls: StructArray,
}

impl Bounds {
    /// Decodes the statistics of the files; those that cannot be decoded count as unknown, but for the rows.
    pub(crate) fn of(table: &str, schema: &Schema, files: &[DataFile]) -> Result<Self, ArrowError> {
        let lines: Vec<_> = files.iter().map(|file| file.stats.as_str()).collect();
        decode(schema, files, &lines).or_else(|error| {
            tracing::warn!(table, %error, "statistics of files cannot be used for pruning");
            decode(schema, files, &vec!["{}"; files.len()])
        })
    }

    /// The statistics of file `index` in the terms of DataFusion.
    pub(crate) fn statistics(
        &self,
        index: usize,
        file: &DataFile,
        schema: &SchemaRef,
    ) -> Statistics {
        let columns = schema
            .fields()
            .iter()
            .map(|field| self.column(index, field))
            .collect();
        Statistics {
            num_rows: Precision::Exact(usize::try_from(file.rows).unwrap_or(usize::MAX)),
            total_byte_size: Precision::Inexact(usize::try_from(file.bytes).unwrap_or(usize::MAX)),
            column_statistics: columns,
        }
    }

    fn column(&self, index: usize, field: &Field) -> ColumnStatistics {
        let bound = |values: &StructArray| {
            let value =
                ScalarValue::try_from_array(values.column_by_name(field.name())?, index).ok()?;
            (!value.is_null()).then_some(value)
        };
        let precision = |value: Option<ScalarValue>| match value {
            Some(value) if is_exact(field.data_type()) => Precision::Exact(value),
            Some(value) => Precision::Inexact(value),
            None => Precision::Absent,
        };
        let nulls = self
            .nulls
            .column_by_name(field.name())
            .map(|column| column.as_primitive());
        let nulls = nulls.filter(|column: &&UInt64Array| column.is_valid(index));
        let mut statistics = ColumnStatistics::new_unknown();
        statistics.min_value = precision(bound(&self.min));
        statistics.max_value = precision(bound(&self.max));
        statistics.null_count = nulls.map_or(Precision::Absent, |column| {
            Precision::Exact(usize::try_from(column.value(index)).unwrap_or(usize::MAX))
        });
        statistics
    }
}

/// True for types whose bounds in the log are values of the file, neither cut nor rounded.
fn is_exact(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Decimal128(..) | DataType::Date32 | DataType::Boolean
        )
}

/// True for types that have an order that statistics can speak of.
fn has_bounds(data_type: &DataType) -> bool {
    is_exact(data_type)
        || matches!(
            data_type,
            DataType::Utf8 | DataType::Timestamp(TimeUnit::Microsecond, _)
        )
        || data_type.is_floating()
}

fn decode(schema: &Schema, files: &[DataFile], lines: &[&str]) -> Result<Bounds, ArrowError> {
    let bounded: Fields = schema
        .fields()
        .iter()
        .filter(|field| has_bounds(field.data_type()))
        .map(|field| Field::new(field.name(), field.data_type().clone(), true))
        .collect();
    let counted: Fields = schema
        .fields()
        .iter()
        .filter(|field| !field.data_type().is_nested())
        .map(|field| Field::new(field.name(), DataType::UInt64, true))
        .collect();
    let document = Arc::new(Schema::new(vec![
        Field::new_struct("minValues", bounded.clone(), true),
        Field::new_struct("maxValues", bounded, true),
        Field::new_struct("nullCount", counted, true),
    ]));
    let mut decoder = ReaderBuilder::new(Arc::clone(&document))
        .with_batch_size(lines.len().max(1))
        .build_decoder()?;
    for line in lines {
        decoder.decode(line.as_bytes())?;
        decoder.decode(b"\n")?;
    }
    let batch = decoder
        .flush()?
        .unwrap_or_else(|| RecordBatch::new_empty(document));
    if batch.num_rows() != files.len() {
        return Err(ArrowError::JsonError(
            "a file's statistics are not one JSON object".into(),
        ));
    }
    Ok(Bounds {
        rows: files
            .iter()
            .map(|file| file.rows)
            .collect::<Vec<_>>()
            .into(),
        min: batch.column(0).as_struct().clone(),
        max: widen(batch.column(1).as_struct()),
        nulls: batch.column(2).as_struct().clone(),
    })
}

/// The upper bounds with instants moved up to cover what the log may have cut.
fn widen(max: &StructArray) -> StructArray {
    let (fields, columns, nulls) = max.clone().into_parts();
    let columns = columns.into_iter().map(widen_column).collect();
    StructArray::new(fields, columns, nulls)
}

fn widen_column(column: ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(instants) => {
            let zone = instants.timezone().map(Arc::from);
            let widened = instants.unary::<_, TimestampMicrosecondType>(|micros| {
                micros.saturating_add(MILLISECOND_US)
            });
            Arc::new(widened.with_timezone_opt::<Arc<str>>(zone))
        }
        None => column,
    }
}
