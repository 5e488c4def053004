//! Values of Arrow columns for sheets: unrounded, decimals and dates as texts.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, Schema, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Number, Value};

use super::sheet::{Column, Sheet, Shown};

/// The value at a row of a column.
pub(super) fn value_at(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Float64 => {
            let number = column.as_primitive::<Float64Type>().value(row);
            Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
        }
        _ => text_at(column, row).into(),
    }
}

/// The text at a row of a column; empty for null.
pub(super) fn text_at(column: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(column.as_ref(), &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(_) => String::new(),
    }
}

/// The value and text at a row of a column.
pub(super) fn shown_at(column: &ArrayRef, row: usize) -> Shown {
    Shown {
        value: value_at(column, row),
        text: text_at(column, row),
    }
}

/// Rows as they are.
pub(super) fn sheet_of(schema: &Schema, batches: &[RecordBatch]) -> Sheet {
    let columns = schema.fields().iter().map(|field| Column {
        name: field.name().clone(),
        heading: field.name().clone(),
        right: field.data_type().is_numeric(),
    });
    Sheet {
        columns: columns.collect(),
        rows: batches.iter().flat_map(rows_of).collect(),
    }
}

fn rows_of(batch: &RecordBatch) -> impl Iterator<Item = Vec<Shown>> + '_ {
    let columns = batch.columns();
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| shown_at(column, row)).collect())
}
