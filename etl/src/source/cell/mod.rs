//! One value on its way from a source into an Arrow column of the declared type.
//!
//! ```text
//! Cell ──append_cell──► ColumnBuilder       (convert: numbers, texts; moment: days and instants)
//!          └── Problem { reason, side } where it does not fit; `side` says which end of the type is nearest
//! ```

mod column;
mod convert;
mod moment;
mod show;
mod side;
#[cfg(test)]
mod tests;

use chrono_tz::Tz;

pub(crate) use column::{ColumnBuilder, NativeColumn, append_cell, column_builder};
pub(crate) use moment::{FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, day_of};
pub(crate) use side::side_of;

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
    /// A float of 32 bits, which means the shortest decimal that is nearest to it.
    Single(f32),
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// A wall clock of the source's zone, in microseconds from 1970-01-01 00:00.
    Wall(i64),
    /// An instant, in microseconds from 1970-01-01 00:00 UTC.
    Instant(i64),
    /// A span of time in microseconds, which the source shows with so many decimals of a second.
    Span(i64, u8),
    /// A date, perhaps with a clock time, that no calendar has.
    NoDay(NoDay),
    /// A text.
    Text(&'a str),
    /// Bytes that are no text.
    Bytes(&'a [u8]),
    /// A value that its source knows not to fit, as text.
    Unfit(&'a str),
}

/// A value as the driver of a source gives it, which goes straight into a column of its own kind.
pub(crate) trait Raw<'v>: Copy {
    /// Adds it to a column without a pattern and tells how many bytes the source gave for it; `None` if it takes a closer
    /// look, and nothing was added. Texts are checked here only if that is asked for, else with their batch.
    fn take(self, column: &mut ColumnBuilder, careful: bool) -> Option<u64>;

    /// The value in the terms of all sources.
    fn cell(self) -> Cell<'v>;
}

impl<'v> Raw<'v> for Cell<'v> {
    #[inline]
    fn take(self, column: &mut ColumnBuilder, _careful: bool) -> Option<u64> {
        let Cell::Text(text) = self else { return None };
        column.take_text(text.as_bytes(), false)?;
        Some(self.bytes())
    }

    fn cell(self) -> Cell<'v> {
        self
    }
}

/// A date that no calendar has, such as 0000-00-00, as its source shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoDay {
    /// The year, and after it month and day.
    pub(crate) date: (u16, u8, u8),
    /// Hour, minute and second, where the source shows them.
    pub(crate) clock: Option<(u8, u8, u8)>,
}

/// Why a value does not fit its declared type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// What is wrong with it.
    pub(crate) reason: String,
    /// The end of the type that it lies beyond, if it is a value on a side at all.
    pub(crate) side: Option<Side>,
}

/// An end of a type's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Below the smallest value.
    Low,
    /// Above the largest value.
    High,
}

impl Problem {
    /// A value that is near none of the type.
    #[cold]
    pub(crate) fn odd(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            side: None,
        }
    }

    /// A value beyond an end of the type: the upper one if it is positive.
    #[cold]
    pub(crate) fn beyond(positive: bool, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            side: Some(if positive { Side::High } else { Side::Low }),
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
    /// True if a text means the double that is nearest to it, and not only one that says the same number.
    pub(crate) nearest: bool,
}
