//! Values of the binary protocol as cells.

use mysql::consts::{ColumnFlags, ColumnType};
use mysql::{Column, Value};

use crate::source::cell::{Cell, ColumnBuilder, FIRST_INSTANT, NoDay, Raw, day_of};
use crate::source::clock::DAY;

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// What the values of a column are, where the value alone does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts, numbers as texts, numbers.
    Plain,
    /// Bytes that are no text.
    Binary,
    /// Bits, the highest byte first.
    Bits,
    /// Days.
    Date,
    /// Wall clocks.
    DateTime,
    /// Instants, which travel in UTC.
    Timestamp,
    /// Spans of time, shown with so many decimals of a second.
    Time(u8),
}

/// The kind of a result's column.
pub(super) fn kind(column: &Column) -> Kind {
    use ColumnType as T;
    match column.column_type() {
        T::MYSQL_TYPE_BIT => Kind::Bits,
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Kind::Date,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Kind::DateTime,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Kind::Timestamp,
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Kind::Time(column.decimals()),
        T::MYSQL_TYPE_GEOMETRY | T::MYSQL_TYPE_VECTOR => Kind::Binary,
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_VARCHAR
            if column.character_set() == BINARY
                && column.flags().contains(ColumnFlags::BINARY_FLAG) =>
        {
            Kind::Binary
        }
        _ => Kind::Plain,
    }
}

/// A value of a row and the kind of its column.
#[derive(Clone, Copy)]
pub(super) struct Sent<'v> {
    /// The value; nobody has taken it out of a row that has just arrived.
    pub(super) value: &'v Option<Value>,
    /// The kind of its column.
    pub(super) kind: Kind,
}

impl<'v> Raw<'v> for Sent<'v> {
    #[inline(always)]
    fn take(self, column: &mut ColumnBuilder, careful: bool) -> Option<u64> {
        match (column, self.value.as_ref()?) {
            (ColumnBuilder::Integer(values), Value::Int(value)) => {
                values.push((*value).try_into().ok()?);
            }
            (ColumnBuilder::Bigint(values), Value::Int(value)) => values.push(*value),
            (ColumnBuilder::Double(values), Value::Double(value)) if value.is_finite() => {
                values.push(*value);
            }
            (column, Value::Bytes(bytes)) if self.kind == Kind::Plain => {
                column.take_text(bytes, careful)?;
                return Some(bytes.len() as u64);
            }
            (column, value @ Value::Date(..)) => take_moment(column, value, self.kind)?,
            _ => return None,
        }
        Some(8)
    }

    fn cell(self) -> Cell<'v> {
        match self.value {
            Some(value) => cell(value, self.kind),
            None => Cell::Null,
        }
    }
}

#[inline(always)]
fn take_moment(column: &mut ColumnBuilder, value: &Value, kind: Kind) -> Option<()> {
    let Value::Date(year, month, day, hour, minute, second, micros) = value else {
        return None;
    };
    let days = day_of((*year).into(), (*month).into(), (*day).into())?;
    let seconds = i64::from(*hour) * 3_600 + i64::from(*minute) * 60 + i64::from(*second);
    let wall = i64::from(days) * DAY + seconds * 1_000_000 + i64::from(*micros);
    match (column, kind) {
        (ColumnBuilder::Date(values), Kind::Date) => values.push(days),
        (ColumnBuilder::Timestamp(values, _), Kind::Timestamp) => values.push(wall),
        (ColumnBuilder::Timestamp(values, Some(clock)), Kind::DateTime) => {
            let instant = clock.instant(wall).ok()?;
            values.push((instant >= FIRST_INSTANT).then_some(instant)?);
        }
        _ => return None,
    }
    Some(())
}

/// A value as a cell.
#[inline]
fn cell(value: &Value, kind: Kind) -> Cell<'_> {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(value) => Cell::Integer(*value),
        Value::UInt(value) => Cell::Unsigned(*value),
        Value::Double(value) => Cell::Real(*value),
        Value::Float(value) => Cell::Single(*value),
        Value::Bytes(bytes) => match kind {
            Kind::Binary => Cell::Bytes(bytes),
            Kind::Bits => bits(bytes),
            _ => std::str::from_utf8(bytes).map_or(Cell::Bytes(bytes), Cell::Text),
        },
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let seconds = i64::from(*hour) * 3_600 + i64::from(*minute) * 60 + i64::from(*second);
            match days(*year, *month, *day) {
                Some(days) => moment(days, seconds * 1_000_000 + i64::from(*micros), kind),
                None => Cell::NoDay(NoDay {
                    date: (*year, *month, *day),
                    clock: (kind != Kind::Date).then_some((*hour, *minute, *second)),
                }),
            }
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let hours = i64::from(*days) * 24 + i64::from(*hours);
            let seconds = hours * 3_600 + i64::from(*minutes) * 60 + i64::from(*seconds);
            let micros = seconds * 1_000_000 + i64::from(*micros);
            let decimals = match kind {
                Kind::Time(decimals) => decimals,
                _ => 6,
            };
            Cell::Span(if *negative { -micros } else { micros }, decimals)
        }
    }
}

/// The days from 1970-01-01. The server knows a year 0, which is a leap year.
#[inline]
fn days(year: u16, month: u8, day: u8) -> Option<i32> {
    const YEAR_0: i32 = 366;
    match year {
        // 2000 has the same days
        0 => {
            let in_2000 = day_of(2000, month.into(), day.into())? - day_of(2000, 1, 1)?;
            Some(day_of(1, 1, 1)? - YEAR_0 + in_2000)
        }
        year => day_of(year.into(), month.into(), day.into()),
    }
}

#[inline]
fn moment(days: i32, micros: i64, kind: Kind) -> Cell<'static> {
    match kind {
        Kind::Date => Cell::Day(days),
        Kind::Timestamp => Cell::Instant(i64::from(days) * DAY + micros),
        _ => Cell::Wall(i64::from(days) * DAY + micros),
    }
}

/// Up to 64 bits as a number.
fn bits(bytes: &[u8]) -> Cell<'_> {
    match bytes.len() {
        0..=8 => Cell::Unsigned(
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        ),
        _ => Cell::Bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn every_day_of_the_calendar_is_counted() {
        for (year, month, day) in [
            (0, 1, 1),
            (0, 2, 29),
            (0, 12, 31),
            (1, 1, 1),
            (1900, 2, 28),
            (9999, 12, 31),
        ] {
            let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()).unwrap();
            assert_eq!(days(year, month, day), Some(date.to_epoch_days()), "{date}");
        }
        for (year, month, day) in [
            (0, 0, 0),
            (2024, 2, 30),
            (2023, 2, 29),
            (2024, 0, 1),
            (2024, 1, 0),
            (2024, 13, 1),
        ] {
            assert_eq!(days(year, month, day), None);
        }
    }

    #[test]
    fn spans_and_days_that_are_none_are_shown_as_the_server_shows_them() {
        let show = |value: Value, kind| cell(&value, kind).show();
        let time = Value::Time(true, 34, 22, 59, 59, 500_000);
        assert_eq!(
            show(time.clone(), Kind::Time(1)),
            Some("-838:59:59.5".into())
        );
        assert_eq!(show(time, Kind::Time(0)), Some("-838:59:59".into()));
        let zero = Value::Date(0, 0, 0, 0, 0, 0, 0);
        assert_eq!(show(zero.clone(), Kind::Date), Some("0000-00-00".into()));
        assert_eq!(
            show(zero, Kind::DateTime),
            Some("0000-00-00 00:00:00".into())
        );
        let bits = Value::Bytes(vec![0xff; 8]);
        assert_eq!(cell(&bits, Kind::Bits), Cell::Unsigned(u64::MAX));
    }
}
