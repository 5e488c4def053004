//! Values as numbers and booleans of a declared type, exactly or not at all.

use std::num::IntErrorKind;

use super::{Cell, Problem};
use crate::source::number;

const NOT_WHOLE: &str = "not a whole number";
const OUT_OF_RANGE: &str = "out of range";

/// Beyond this not every whole number is a double.
const EXACT: f64 = 9e15;

/// A whole number of 32 bits.
#[inline]
pub(super) fn integer32(cell: Cell<'_>) -> Result<i32, Problem> {
    let value = integer(cell)?;
    i32::try_from(value).map_err(|_| Problem::beyond(value > 0, OUT_OF_RANGE))
}

/// A whole number of 64 bits.
#[inline]
pub(super) fn integer(cell: Cell<'_>) -> Result<i64, Problem> {
    match cell {
        Cell::Integer(value) => Ok(value),
        Cell::Unsigned(value) => {
            i64::try_from(value).map_err(|_| Problem::beyond(true, OUT_OF_RANGE))
        }
        Cell::Text(text) => whole_text(text),
        Cell::Real(value) => whole_float(value),
        Cell::Single(value) => whole_float(value.into()),
        _ => Err(Problem::odd(NOT_WHOLE)),
    }
}

fn whole_text(text: &str) -> Result<i64, Problem> {
    text.parse()
        .map_err(|error: std::num::ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => Problem::beyond(true, OUT_OF_RANGE),
            IntErrorKind::NegOverflow => Problem::beyond(false, OUT_OF_RANGE),
            _ => Problem::odd(NOT_WHOLE),
        })
}

fn whole_float(value: f64) -> Result<i64, Problem> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number within 2^53"
    )]
    match value {
        value if value.fract() == 0.0 && value.abs() < EXACT => Ok(value as i64),
        value if value.abs() >= END => Err(Problem::beyond(value > 0.0, OUT_OF_RANGE)),
        value if value.fract() == 0.0 => Err(Problem::odd("a float that is not exact")),
        _ => Err(Problem::odd(NOT_WHOLE)),
    }
}

/// A decimal in units of its scale.
#[inline]
pub(super) fn decimal(cell: Cell<'_>, precision: u8, scale: u8) -> Result<i128, Problem> {
    match cell {
        Cell::Text(text) => number::of_text(text, precision, scale),
        Cell::Integer(value) => number::of_integer(value.into(), precision, scale),
        Cell::Unsigned(value) => number::of_integer(value.into(), precision, scale),
        Cell::Real(value) => number::of_float(value, precision, scale),
        Cell::Single(value) => single(value, precision, scale),
        _ => Err(Problem::odd("not a decimal number")),
    }
}

/// A float of 32 bits in units of a scale: what its shortest text says, rounded half-even.
fn single(value: f32, precision: u8, scale: u8) -> Result<i128, Problem> {
    match value.is_finite() {
        true => number::of_rounded_text(&value.to_string(), precision, scale),
        false => Err(finite(value.into())
            .err()
            .unwrap_or_else(|| Problem::odd(NO_DOUBLE))),
    }
}

const NO_DOUBLE: &str = "not a number that a double can hold";

/// A finite float; texts are those of doubles that say the same number, or with `nearest` all numbers.
#[inline]
pub(super) fn double(cell: Cell<'_>, nearest: bool) -> Result<f64, Problem> {
    let value = match cell {
        Cell::Real(value) => value,
        #[expect(clippy::cast_precision_loss, reason = "guarded by the round trip")]
        Cell::Integer(value) if value as f64 as i128 == i128::from(value) => value as f64,
        #[expect(clippy::cast_precision_loss, reason = "guarded by the round trip")]
        Cell::Unsigned(value) if value as f64 as u128 == u128::from(value) => value as f64,
        Cell::Text(text) => match text.parse::<f64>() {
            Ok(value) if nearest || !value.is_finite() || number::is_said_by(text, value) => value,
            Ok(_) => return Err(Problem::odd(NO_DOUBLE)),
            Err(_) => return Err(Problem::odd("not a number")),
        },
        // the double that is nearest to what the 32 bits mean
        Cell::Single(value) => value.to_string().parse().unwrap_or(f64::NAN),
        _ => return Err(Problem::odd(NO_DOUBLE)),
    };
    finite(value)
}

/// Refuses what is no number, and what is beyond all of them.
#[inline]
pub(super) fn finite(value: f64) -> Result<f64, Problem> {
    if value.is_finite() {
        Ok(value)
    } else if value.is_nan() {
        Err(Problem::odd("not a number (NaN)"))
    } else {
        Err(Problem::beyond(value > 0.0, "infinite"))
    }
}

/// True or false.
#[inline]
pub(super) fn boolean(cell: Cell<'_>) -> Result<bool, Problem> {
    match cell {
        Cell::Integer(0) | Cell::Unsigned(0) | Cell::Text("0" | "f" | "false") => Ok(false),
        Cell::Integer(1) | Cell::Unsigned(1) | Cell::Text("1" | "t" | "true") => Ok(true),
        _ => Err(Problem::odd("neither true nor false")),
    }
}
