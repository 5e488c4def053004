//! Values and what they become.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;
use planisphere_schemas::model::DataType;

const RULES: TextRules<'static> = TextRules {
    zone: chrono_tz::Asia::Shanghai,
    pattern: None,
    nearest: false,
};

fn show(data_type: DataType, cell: Cell<'_>) -> String {
    let mut builder = column_builder(data_type);
    match append_cell(&mut builder, cell, RULES) {
        Ok(()) => array_value_to_string(&builder.finish().unwrap(), 0).unwrap(),
        Err(problem) => format!("! {}", problem.reason),
    }
}

#[test]
fn values_take_their_declared_type_or_say_why_not() {
    use DataType::{Bigint, Boolean, Date, Decimal, Double, Integer, Text, Timestamp};
    let cases = [
        (Integer, Cell::Integer(7), "7"),
        (Integer, Cell::Integer(1 << 40), "! out of range"),
        (Integer, Cell::Text("about 50"), "! not a whole number"),
        (Bigint, Cell::Real(3.0), "3"),
        (Bigint, Cell::Real(3.5), "! not a whole number"),
        (Decimal(18, 4), Cell::Real(0.1), "0.1000"),
        (Decimal(18, 4), Cell::Text("12.340000"), "12.3400"),
        (
            Double,
            Cell::Integer((1 << 53) + 1),
            "! not a number that a double can hold",
        ),
        (Boolean, Cell::Integer(1), "true"),
        (Boolean, Cell::Integer(2), "! neither true nor false"),
        (Date, Cell::Text("2024-02-29"), "2024-02-29"),
        (
            Date,
            Cell::Text("2025-02-30"),
            "! not a date of the calendar",
        ),
        (
            Date,
            Cell::Text("0000-00-00"),
            "! not a date of the calendar",
        ),
        (
            Timestamp,
            Cell::Text("2025-01-01 08:00:00"),
            "2025-01-01T00:00:00Z",
        ),
        (
            Timestamp,
            Cell::Text("2025-01-01 08:00:00.5+00"),
            "2025-01-01T08:00:00.500Z",
        ),
        (
            Timestamp,
            Cell::Text("1969-12-31 23:59:59+00"),
            "1969-12-31T23:59:59Z",
        ),
        (
            Timestamp,
            Cell::Text("soon"),
            "! not an instant of the calendar",
        ),
        (Text, Cell::Integer(7), "7"),
        (
            Text,
            Cell::Bytes(&[0xff]),
            "! bytes that are not UTF-8 text",
        ),
        (Text, Cell::Null, ""),
    ];
    for (data_type, cell, expected) in cases {
        assert_eq!(show(data_type, cell), expected, "{data_type} {cell:?}");
    }
}

#[test]
fn texts_that_say_more_or_less_than_an_instant_are_refused() {
    let reason = |data_type, text| {
        let mut builder = column_builder(data_type);
        append_cell(&mut builder, Cell::Text(text), RULES)
            .unwrap_err()
            .reason
    };
    let short = "a year of fewer than four digits";
    assert_eq!(reason(DataType::Date, "25-01-01"), short);
    for (text, expected) in [
        ("25-01-01 10:00:00", short),
        ("2024-01-01 10:00:00.1234567", "finer than a microsecond"),
        ("2024-01-01T10:00:00.0000009Z", "finer than a microsecond"),
        ("2024-01-01 10:00:00.0000001+02", "finer than a microsecond"),
        ("2024-06-30 23:59:60", "a leap second"),
    ] {
        assert_eq!(reason(DataType::Timestamp, text), expected, "{text}");
    }
    let mut builder = column_builder(DataType::Timestamp);
    for text in [
        "2024-01-01 10:00:00.1234560",
        "2024-01-01 03:00:00.123456000+01:00",
    ] {
        assert_eq!(append_cell(&mut builder, Cell::Text(text), RULES), Ok(()));
    }
    let column = builder.finish().unwrap();
    let values = column.as_primitive::<TimestampMicrosecondType>().values();
    assert_eq!(values[0] % 1_000_000, 123_456);
    assert_eq!(values[1], values[0]);
}
