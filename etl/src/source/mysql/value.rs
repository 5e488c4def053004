//! Values of the binary protocol as cells.

use chrono::NaiveDate;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::{Column, Value};

use crate::source::cell::Cell;
use crate::source::clock::Clock;

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
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_GEOMETRY
            if column.character_set() == BINARY
                && column.flags().contains(ColumnFlags::BINARY_FLAG) =>
        {
            Kind::Binary
        }
        _ => Kind::Plain,
    }
}

/// A text that a cell borrows, for values that have no cell of their own.
pub(super) type Scratch = String;

/// A value as a cell; `scratch` holds its text where one has to be made.
pub(super) fn cell<'v>(
    value: &'v Value,
    kind: Kind,
    clock: &mut Clock,
    scratch: &'v mut Scratch,
) -> Cell<'v> {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(value) => Cell::Integer(*value),
        Value::UInt(value) => Cell::Unsigned(*value),
        Value::Double(value) => Cell::Real(*value),
        Value::Bytes(bytes) => match kind {
            Kind::Binary => Cell::Bytes(bytes),
            Kind::Bits => bits(bytes),
            _ => std::str::from_utf8(bytes).map_or(Cell::Bytes(bytes), Cell::Text),
        },
        // the shortest text that means this float: as a double it would get digits that nobody wrote
        Value::Float(value) => made(scratch, value.to_string()),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date =
                NaiveDate::from_ymd_opt(i32::from(*year), u32::from(*month), u32::from(*day));
            let wall = date.and_then(|date| {
                let (hour, minute, second) =
                    (u32::from(*hour), u32::from(*minute), u32::from(*second));
                date.and_hms_micro_opt(hour, minute, second, *micros)
            });
            match wall {
                Some(wall) => moment(wall.and_utc().timestamp_micros(), kind, clock, scratch),
                // zero dates and days that no calendar has, as the server shows them
                None => made(scratch, shown(value, kind)),
            }
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if *negative { "-" } else { "" };
            let hours = days * 24 + u32::from(*hours);
            let fraction = match kind {
                Kind::Time(decimals @ 1..=6) => fraction(*micros, decimals),
                _ => String::new(),
            };
            made(
                scratch,
                format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"),
            )
        }
    }
}

fn made<'v>(scratch: &'v mut Scratch, text: String) -> Cell<'v> {
    *scratch = text;
    Cell::Text(scratch)
}

fn fraction(micros: u32, decimals: u8) -> String {
    format!(".{micros:06}")[..=usize::from(decimals)].to_owned()
}

fn moment<'v>(local: i64, kind: Kind, clock: &mut Clock, scratch: &'v mut Scratch) -> Cell<'v> {
    const DAY: i64 = crate::source::clock::DAY;
    match kind {
        Kind::Date => i32::try_from(local.div_euclid(DAY)).map_or(Cell::Null, Cell::Day),
        Kind::Timestamp => Cell::Instant(local),
        _ => match clock.instant(local) {
            Ok(instant) => Cell::Wall(local, instant),
            Err(_) => {
                let wall = chrono::DateTime::from_timestamp_micros(local);
                made(
                    scratch,
                    wall.map(|wall| wall.naive_utc().to_string())
                        .unwrap_or_default(),
                )
            }
        },
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

fn shown(value: &Value, kind: Kind) -> String {
    let Value::Date(year, month, day, hour, minute, second, _) = value else {
        return String::new();
    };
    let date = format!("{year:04}-{month:02}-{day:02}");
    match kind {
        Kind::Date => date,
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}
