//! Values of a row and the two ways of writing them: bound to SQLite, or as a line of PostgreSQL's COPY text.

use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};
use crate::demo::world::DateField;
use chrono::Datelike;
use std::borrow::Cow;

/// A value of a column.
#[derive(Debug, Clone)]
pub(crate) enum Value<'v> {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// An amount of hundredths.
    Cents(i64),
    /// An amount of millionths.
    Micros(i64),
    /// An identifier.
    Id(Id),
    /// A text.
    Text(Cow<'v, str>),
    /// A calendar day.
    Day(Day),
    /// An instant.
    Stamp(Stamp),
    /// A text in a date column that is no day. PostgreSQL cannot store it and gets NULL.
    NoDay(&'static str),
}

impl<'v> Value<'v> {
    /// A text that lives as long as the world.
    pub(crate) fn text(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A text made for this row.
    pub(crate) fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// NULL or something else.
    pub(crate) fn or_null<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, make)
    }

    /// A date as somebody typed it.
    pub(crate) fn date(date: DateField) -> Self {
        match date {
            DateField::Missing => Self::Null,
            DateField::Day(day) => Self::Day(day),
            DateField::Impossible(text) => Self::NoDay(text),
        }
    }

    /// Appends the value as a field of COPY text.
    pub(crate) fn write_copy(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null | Self::NoDay(_) => out.extend_from_slice(b"\\N"),
            Self::Int(value) => write_number(out, *value, 0),
            Self::Cents(value) => write_number(out, *value, 2),
            Self::Micros(value) => write_number(out, *value, 6),
            Self::Text(text) => write_escaped(out, text),
            Self::Id(id) => out.extend_from_slice(id.encode(&mut [0; 36]).as_bytes()),
            Self::Day(day) => out.extend_from_slice(&day_text(*day)),
            Self::Stamp(stamp) => out.extend_from_slice(&stamp_text(*stamp)),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Id> for Value<'_> {
    fn from(value: Id) -> Self {
        Self::Id(value)
    }
}

impl From<Stamp> for Value<'_> {
    fn from(value: Stamp) -> Self {
        Self::Stamp(value)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::text(value)
    }
}

/// The ten characters of a day.
pub(crate) fn day_text(day: Day) -> [u8; 10] {
    let date = day.date();
    let year = date.year().unsigned_abs();
    let ([a, b], [c, d]) = (two_digits(year / 100), two_digits(year % 100));
    let ([e, f], [g, h]) = (two_digits(date.month()), two_digits(date.day()));
    [a, b, c, d, b'-', e, f, b'-', g, h]
}

/// The nineteen characters of an instant.
pub(crate) fn stamp_text(stamp: Stamp) -> [u8; 19] {
    let mut text = *b"0000-00-00 00:00:00";
    text[..10].copy_from_slice(&day_text(stamp.day()));
    let (hour, minute, second) = stamp.clock();
    [text[11], text[12]] = two_digits(u32::from(hour));
    [text[14], text[15]] = two_digits(u32::from(minute));
    [text[17], text[18]] = two_digits(u32::from(second));
    text
}

fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// Writes a number with so many of its digits behind the point.
fn write_number(out: &mut Vec<u8>, number: i64, scale: usize) {
    let mut digits = [b'0'; 24];
    let mut rest = number.unsigned_abs();
    let mut first = digits.len();
    while rest > 0 || digits.len() - first <= scale {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if number < 0 {
        out.push(b'-');
    }
    let point = digits.len() - scale;
    out.extend_from_slice(&digits[first..point]);
    if scale > 0 {
        out.push(b'.');
        out.extend_from_slice(&digits[point..]);
    }
}

fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value<'_>, expected: &str) {
        let mut out = Vec::new();
        value.write_copy(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn copy_text_is_what_postgres_reads() {
        check(Value::Null, "\\N");
        check(Value::NoDay("2025-02-30"), "\\N");
        check(Value::Int(-42), "-42");
        check(Value::Int(0), "0");
        check(Value::Cents(5), "0.05");
        check(Value::Cents(-123_456), "-1234.56");
        check(Value::Micros(140_845), "0.140845");
        check(Value::text("a\tb\\c\n王"), "a\\tb\\\\c\\n王");
        check(Value::Day(Day(0)), "1970-01-01");
        check(Value::Stamp(Stamp(86_400 + 3_661)), "1970-01-02 01:01:01");
    }
}
