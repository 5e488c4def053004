//! Values as texts: for columns of text, for messages and for rejected rows.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::{Cell, NoDay};

impl Cell<'_> {
    /// How many bytes the source gave for it, about.
    #[inline]
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Cell::Null => 1,
            Cell::Text(text) | Cell::Unfit(text) => text.len() as u64,
            Cell::Bytes(bytes) => bytes.len() as u64,
            _ => 8,
        }
    }

    /// The value as text for messages and rejected rows; bytes as hexadecimal.
    pub(crate) fn show(&self) -> Option<String> {
        match self {
            Cell::Null => None,
            cell => Some(cell.to_string()),
        }
    }
}

impl Display for Cell<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => Ok(()),
            Cell::Integer(value) => value.fmt(out),
            Cell::Unsigned(value) => value.fmt(out),
            Cell::Real(value) => value.fmt(out),
            Cell::Single(value) => value.fmt(out),
            Cell::Day(days) => match NaiveDate::from_epoch_days(*days) {
                Some(day) => day.fmt(out),
                None => write!(out, "day {days}"),
            },
            Cell::Wall(micros) => show_wall(*micros, "", out),
            Cell::Instant(micros) => show_wall(*micros, "+00", out),
            Cell::Span(micros, decimals) => show_span(*micros, *decimals, out),
            Cell::NoDay(day) => day.fmt(out),
            Cell::Text(text) | Cell::Unfit(text) => out.write_str(text),
            Cell::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
        }
    }
}

impl Display for NoDay {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date;
        write!(out, "{year:04}-{month:02}-{day:02}")?;
        match self.clock {
            Some((hour, minute, second)) => write!(out, " {hour:02}:{minute:02}:{second:02}"),
            None => Ok(()),
        }
    }
}

/// A wall clock of microseconds since 1970-01-01 00:00.
pub(super) fn wall(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|instant| instant.naive_utc())
}

fn show_wall(micros: i64, zone: &str, out: &mut Formatter<'_>) -> fmt::Result {
    match wall(micros) {
        Some(wall) => write!(out, "{wall}{zone}"),
        None => write!(out, "microsecond {micros}"),
    }
}

fn show_span(micros: i64, decimals: u8, out: &mut Formatter<'_>) -> fmt::Result {
    let sign = if micros < 0 { "-" } else { "" };
    let whole = micros.unsigned_abs();
    let (seconds, fraction) = (whole / 1_000_000, whole % 1_000_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    write!(out, "{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60)?;
    match u32::from(decimals) {
        decimals @ 1..=6 => {
            let kept = fraction / 10_u64.pow(6 - decimals);
            write!(out, ".{kept:0width$}", width = decimals as usize)
        }
        _ => Ok(()),
    }
}
