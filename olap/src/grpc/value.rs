//! Values to the wire: of Arrow columns, of cells, of texts with their type.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::SecondsFormat;
use planisphere_proto::v1 as wire;
use planisphere_schemas::model::DataType;
use wire::value::Value;

use crate::cells::CellValue;

/// The value at a row of a column; no value for null.
pub(super) fn value_at(column: &ArrayRef, row: usize) -> wire::Value {
    wire::Value {
        value: column.is_valid(row).then(|| present(column, row)),
    }
}

fn present(column: &ArrayRef, row: usize) -> Value {
    match column.data_type() {
        Arrow::Int32 => Value::Integer(column.as_primitive::<Int32Type>().value(row).into()),
        Arrow::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
        Arrow::Float64 => Value::Real(column.as_primitive::<Float64Type>().value(row)),
        Arrow::Boolean => Value::Boolean(column.as_boolean().value(row)),
        Arrow::Decimal128(..) => {
            Value::Decimal(column.as_primitive::<Decimal128Type>().value_as_string(row))
        }
        Arrow::Date32 => match column.as_primitive::<Date32Type>().value_as_date(row) {
            Some(date) => Value::Date(date.to_string()),
            None => Value::Text(shown(column, row)),
        },
        Arrow::Timestamp(TimeUnit::Microsecond, _) => {
            match column
                .as_primitive::<TimestampMicrosecondType>()
                .value_as_datetime(row)
            {
                Some(at) => {
                    Value::Timestamp(at.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
                }
                None => Value::Text(shown(column, row)),
            }
        }
        _ => Value::Text(shown(column, row)),
    }
}

fn shown(column: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(column.as_ref(), &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(_) => String::new(),
    }
}

/// A cell's value, whose text is read by the type of its measure.
pub(super) fn cell_value(value: &CellValue, data_type: DataType) -> wire::Value {
    let value = match value {
        CellValue::Integer(number) => Value::Integer(*number),
        CellValue::Double(number) => Value::Real(*number),
        CellValue::Boolean(flag) => Value::Boolean(*flag),
        CellValue::Text(text) => typed_text(text.clone(), data_type),
    };
    wire::Value { value: Some(value) }
}

/// A text of a type; no value for `None`.
pub(super) fn text_value(text: Option<&str>, data_type: DataType) -> wire::Value {
    wire::Value {
        value: text.map(|text| typed_text(text.to_owned(), data_type)),
    }
}

fn typed_text(text: String, data_type: DataType) -> Value {
    match (data_type, text.parse::<i64>(), text.parse::<f64>()) {
        (DataType::Integer | DataType::Bigint, Ok(number), _) => Value::Integer(number),
        (DataType::Double, _, Ok(number)) => Value::Real(number),
        (DataType::Decimal(..), ..) => Value::Decimal(text),
        (DataType::Date, ..) => Value::Date(text),
        (DataType::Timestamp, ..) => Value::Timestamp(text),
        (DataType::Boolean, ..) => Value::Boolean(text == "true"),
        _ => Value::Text(text),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{
        Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };

    use super::*;

    fn check(column: ArrayRef, expected: Option<Value>) {
        assert_eq!(value_at(&column, 0), wire::Value { value: expected });
    }

    #[test]
    fn arrow_values_keep_their_type_and_digits() {
        let decimals = Decimal128Array::from(vec![Some(-12_345_000_i128)]);
        let decimals = decimals.with_precision_and_scale(38, 4).unwrap();
        check(
            Arc::new(decimals),
            Some(Value::Decimal("-1234.5000".into())),
        );
        check(Arc::new(Int64Array::from(vec![7])), Some(Value::Integer(7)));
        check(Arc::new(Int64Array::from(vec![None])), None);
        check(
            Arc::new(Date32Array::from(vec![20_119])),
            Some(Value::Date("2025-01-31".into())),
        );
        let instants = TimestampMicrosecondArray::from(vec![1_500_000]).with_timezone("UTC");
        check(
            Arc::new(instants),
            Some(Value::Timestamp("1970-01-01T00:00:01.500Z".into())),
        );
        check(
            Arc::new(StringArray::from(vec!["中"])),
            Some(Value::Text("中".into())),
        );
    }

    #[test]
    fn texts_become_what_their_type_says() {
        for (text, data_type, expected) in [
            ("12", DataType::Bigint, Value::Integer(12)),
            (
                "1.50",
                DataType::Decimal(38, 2),
                Value::Decimal("1.50".into()),
            ),
            ("2.5", DataType::Double, Value::Real(2.5)),
        ] {
            let value = text_value(Some(text), data_type);
            assert_eq!(
                value,
                wire::Value {
                    value: Some(expected)
                }
            );
        }
        assert_eq!(
            text_value(None, DataType::Bigint),
            wire::Value { value: None }
        );
    }
}
