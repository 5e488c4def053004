//! One value on its way from a source into an Arrow column of the declared type.

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use planisphere_schemas::model::DataType;

use super::clock::DAY;
use super::number;

/// A value as a source gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// An integer.
    Integer(i64),
    /// An integer that may be beyond `i64`.
    Unsigned(u64),
    /// A float.
    Real(f64),
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// A wall clock in microseconds from 1970-01-01 00:00, and the instant that it means.
    Wall(i64, i64),
    /// An instant, in microseconds from 1970-01-01 00:00 UTC.
    Instant(i64),
    /// A text.
    Text(&'a str),
    /// Bytes that are no text.
    Bytes(&'a [u8]),
    /// A value that its source knows not to fit, as text.
    Unfit(&'a str),
}

/// Why a value does not fit its declared type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl Cell<'_> {
    /// How many bytes the source gave for it, about.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Cell::Null => 1,
            Cell::Integer(_) | Cell::Unsigned(_) | Cell::Real(_) => 8,
            Cell::Day(_) | Cell::Wall(..) | Cell::Instant(_) => 8,
            Cell::Text(text) | Cell::Unfit(text) => text.len() as u64,
            Cell::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The value as text for messages and rejected rows; bytes as hexadecimal.
    pub(crate) fn show(&self) -> Option<String> {
        match self {
            Cell::Null => None,
            Cell::Integer(value) => Some(value.to_string()),
            Cell::Unsigned(value) => Some(value.to_string()),
            Cell::Real(value) => Some(value.to_string()),
            Cell::Day(days) => NaiveDate::from_epoch_days(*days).map(|day| day.to_string()),
            Cell::Wall(micros, _) => wall(*micros).map(|wall| wall.to_string()),
            Cell::Instant(micros) => wall(*micros).map(|wall| format!("{wall}+00")),
            Cell::Text(text) | Cell::Unfit(text) => Some((*text).to_owned()),
            Cell::Bytes(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

/// A builder for one column.
pub(crate) enum ColumnBuilder {
    /// Text.
    Text(StringBuilder),
    /// 32-bit integers.
    Integer(Int32Builder),
    /// 64-bit integers.
    Bigint(Int64Builder),
    /// Decimals with precision and scale.
    Decimal(Decimal128Builder, u8, u8),
    /// Floats.
    Double(Float64Builder),
    /// Booleans.
    Boolean(BooleanBuilder),
    /// Days.
    Date(Date32Builder),
    /// Instants.
    Timestamp(TimestampMicrosecondBuilder),
}

/// A builder for a declared type.
pub(crate) fn column_builder(data_type: DataType) -> ColumnBuilder {
    match data_type {
        DataType::Text => ColumnBuilder::Text(StringBuilder::new()),
        DataType::Integer => ColumnBuilder::Integer(Int32Builder::new()),
        DataType::Bigint => ColumnBuilder::Bigint(Int64Builder::new()),
        DataType::Decimal(precision, scale) => ColumnBuilder::Decimal(
            Decimal128Builder::new().with_data_type(data_type.arrow()),
            precision,
            scale.unsigned_abs(),
        ),
        DataType::Double => ColumnBuilder::Double(Float64Builder::new()),
        DataType::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
        DataType::Date => ColumnBuilder::Date(Date32Builder::new()),
        DataType::Timestamp => ColumnBuilder::Timestamp(
            TimestampMicrosecondBuilder::new().with_data_type(data_type.arrow()),
        ),
    }
}

impl ColumnBuilder {
    /// Adds a null.
    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Bigint(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
        }
    }

    /// The column so far; the builder starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder) => ArrayBuilder::finish(builder),
            Self::Bigint(builder) => ArrayBuilder::finish(builder),
            Self::Decimal(builder, ..) => ArrayBuilder::finish(builder),
            Self::Double(builder) => ArrayBuilder::finish(builder),
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Date(builder) => ArrayBuilder::finish(builder),
            Self::Timestamp(builder) => ArrayBuilder::finish(builder),
        }
    }
}

/// How texts become dates and instants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRules<'a> {
    /// The zone of instants without one.
    pub(crate) zone: Tz,
    /// A strftime pattern, where dates are not written as ISO 8601.
    pub(crate) pattern: Option<&'a str>,
}

/// Adds a value to its column, or says why it does not fit; then nothing was added.
pub(crate) fn append_cell(
    builder: &mut ColumnBuilder,
    cell: Cell<'_>,
    rules: TextRules<'_>,
) -> Result<(), Problem> {
    let added = match (builder, cell) {
        (builder, Cell::Null) => {
            builder.append_null();
            Ok(())
        }
        (ColumnBuilder::Text(builder), cell) => text(cell).map(|text| builder.append_value(text)),
        (ColumnBuilder::Integer(builder), cell) => integer(cell)
            .and_then(|value| i32::try_from(value).map_err(|_| "out of range".to_owned()))
            .map(|value| builder.append_value(value)),
        (ColumnBuilder::Bigint(builder), cell) => {
            integer(cell).map(|value| builder.append_value(value))
        }
        (ColumnBuilder::Decimal(builder, precision, scale), cell) => {
            decimal(cell, *precision, *scale).map(|value| builder.append_value(value))
        }
        (ColumnBuilder::Double(builder), cell) => {
            double(cell).map(|value| builder.append_value(value))
        }
        (ColumnBuilder::Boolean(builder), cell) => {
            boolean(cell).map(|value| builder.append_value(value))
        }
        (ColumnBuilder::Date(builder), cell) => {
            date(cell, rules).map(|value| builder.append_value(value))
        }
        (ColumnBuilder::Timestamp(builder), cell) => {
            timestamp(cell, rules).map(|value| builder.append_value(value))
        }
    };
    added.map_err(|reason| Problem { reason })
}

fn text(cell: Cell<'_>) -> Result<String, String> {
    match cell {
        Cell::Bytes(_) => Err("bytes that are not UTF-8 text".into()),
        cell => Ok(cell.show().unwrap_or_default()),
    }
}

fn integer(cell: Cell<'_>) -> Result<i64, String> {
    match cell {
        Cell::Integer(value) => Ok(value),
        Cell::Unsigned(value) => i64::try_from(value).map_err(|_| "out of range".into()),
        Cell::Text(text) => text.parse().map_err(|_| "not a whole number".into()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within 2^53"
        )]
        Cell::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => Ok(value as i64),
        _ => Err("not a whole number".into()),
    }
}

fn decimal(cell: Cell<'_>, precision: u8, scale: u8) -> Result<i128, String> {
    match cell {
        Cell::Integer(value) => number::of_integer(value.into(), precision, scale),
        Cell::Unsigned(value) => number::of_integer(value.into(), precision, scale),
        Cell::Real(value) => number::of_float(value, precision, scale),
        Cell::Text(text) => number::of_text(text, precision, scale),
        _ => Err("not a decimal number".into()),
    }
}

fn double(cell: Cell<'_>) -> Result<f64, String> {
    match cell {
        Cell::Real(value) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "guarded by the round trip")]
        Cell::Integer(value) if value as f64 as i128 == i128::from(value) => Ok(value as f64),
        Cell::Text(text) => text.parse().map_err(|_| "not a number".into()),
        _ => Err("not a number that a double can hold".into()),
    }
}

fn boolean(cell: Cell<'_>) -> Result<bool, String> {
    match cell {
        Cell::Integer(0) | Cell::Text("0" | "f" | "false") => Ok(false),
        Cell::Integer(1) | Cell::Text("1" | "t" | "true") => Ok(true),
        _ => Err("neither true nor false".into()),
    }
}

fn date(cell: Cell<'_>, rules: TextRules<'_>) -> Result<i32, String> {
    let text = match cell {
        Cell::Text(text) => text,
        Cell::Day(days) => return Ok(days),
        Cell::Wall(micros, _) if micros.rem_euclid(DAY) == 0 => {
            return i32::try_from(micros / DAY).map_err(|_| "out of range".into());
        }
        _ => return Err("not a date".into()),
    };
    let pattern = rules.pattern.unwrap_or("%Y-%m-%d");
    let parsed = NaiveDate::parse_from_str(text, pattern);
    let day = parsed.map_err(|_| "not a date of the calendar".to_owned())?;
    let epoch = DateTime::UNIX_EPOCH.date_naive();
    i32::try_from(day.signed_duration_since(epoch).num_days()).map_err(|_| "out of range".into())
}

fn timestamp(cell: Cell<'_>, rules: TextRules<'_>) -> Result<i64, String> {
    let text = match cell {
        Cell::Text(text) => text,
        Cell::Instant(micros) | Cell::Wall(_, micros) => return Ok(micros),
        _ => return Err("not an instant".into()),
    };
    if let Some(pattern) = rules.pattern {
        let naive = NaiveDateTime::parse_from_str(text, pattern);
        return naive
            .map_err(|_| no_instant())
            .and_then(|naive| in_zone(naive, rules.zone));
    }
    let zoned = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z")
        .or_else(|_| DateTime::parse_from_rfc3339(text));
    if let Ok(instant) = zoned {
        return Ok(instant.timestamp_micros());
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
    naive
        .map_err(|_| no_instant())
        .and_then(|naive| in_zone(naive, rules.zone))
}

fn wall(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|instant| instant.naive_utc())
}

fn no_instant() -> String {
    "not an instant of the calendar".into()
}

/// An instant from a wall clock; the earlier one where a clock went back, refused where it jumped over.
fn in_zone(naive: NaiveDateTime, zone: Tz) -> Result<i64, String> {
    match zone.from_local_datetime(&naive).earliest() {
        Some(instant) => Ok(instant.timestamp_micros()),
        None => Err(format!("an instant that does not exist in {zone}")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::util::display::array_value_to_string;

    const RULES: TextRules<'static> = TextRules {
        zone: chrono_tz::Asia::Shanghai,
        pattern: None,
    };

    fn show(data_type: DataType, cell: Cell<'_>) -> String {
        let mut builder = column_builder(data_type);
        match append_cell(&mut builder, cell, RULES) {
            Ok(()) => array_value_to_string(&builder.finish(), 0).unwrap(),
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
}
