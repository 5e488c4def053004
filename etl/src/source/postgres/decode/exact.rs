//! Numbers of one kind as declared types of another: exactly, or not at all.
//!
//! Booleans, integers, money and bit strings are whole numbers of some unit; floats follow the rules that hold for
//! the floats of every source. Texts are not read here.

use arrow::datatypes::{DataType as Arrow, Decimal128Type, Float64Type, Int32Type, Int64Type};
use planisphere_schemas::model::DataType;

use crate::source::cell::Side;
use crate::source::number::{self, POWERS};

use super::super::types::PgType;
use super::numeric::{MORE_DECIMALS, TOO_LARGE, Wire};
use super::plain::{self, Misfit, Primitives, Truths, beyond, odd};
use super::{Decoder, MALFORMED, Rules};

const NOT_WHOLE: &str = "not a whole number";
const OUT_OF_RANGE: &str = "out of range";
const NEITHER: &str = "neither true nor false";
/// Why a number is no double: its shortest text would say something else.
const NO_DOUBLE: &str = "more digits than a double keeps";

/// A number: so many units of `10^-scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exact {
    units: i128,
    scale: u8,
}

/// The decoder of a number of another kind; `None` if the type is no number, or the declared one is none.
pub(super) fn declared(from: &PgType, to: DataType, rules: Rules) -> Option<Decoder> {
    let whole = |units: i128| Ok(Exact { units, scale: 0 });
    match from {
        PgType::Bool => number(to, rules, move |raw| match raw {
            [byte] => whole(i128::from(*byte != 0)),
            _ => Err(odd(MALFORMED)),
        }),
        PgType::Int2 => number(to, rules, move |raw| whole(plain::read_i16(raw)?.into())),
        PgType::Int4 => number(to, rules, move |raw| whole(plain::read_i32(raw)?.into())),
        PgType::Int8 => number(to, rules, move |raw| whole(plain::read_i64(raw)?.into())),
        PgType::Oid => number(to, rules, move |raw| whole(plain::read_u32(raw)?.into())),
        PgType::Bits => number(to, rules, move |raw| whole(bits(raw)?)),
        PgType::Money(decimals) => {
            let scale = *decimals;
            number(to, rules, move |raw| {
                let units = plain::read_i64(raw)?.into();
                Ok(Exact { units, scale })
            })
        }
        PgType::Float4 => float(to, rules, |raw| shortest(plain::read_f32(raw)?)),
        PgType::Float8 => float(to, rules, plain::read_f64),
        PgType::Numeric(_) => numeric(to, rules),
        _ => None,
    }
}

fn number<F>(to: DataType, rules: Rules, read: F) -> Option<Decoder>
where
    F: Fn(&[u8]) -> Result<Exact, Misfit> + Send + 'static,
{
    Some(match to {
        DataType::Integer => integers32(rules, move |raw| read(raw)?.whole()),
        DataType::Bigint => integers64(rules, move |raw| read(raw)?.whole()),
        DataType::Decimal(precision, scale) => decimals(precision, scale, rules, move |raw| {
            read(raw)?.decimal(precision, scale.unsigned_abs())
        }),
        DataType::Double => doubles(rules, move |raw| read(raw)?.double()),
        DataType::Boolean => Truths::decoder(move |raw| read(raw)?.truth()),
        DataType::Text | DataType::Date | DataType::Timestamp => return None,
    })
}

impl Exact {
    fn side(self) -> Side {
        if self.units < 0 {
            Side::Low
        } else {
            Side::High
        }
    }

    fn whole(self) -> Result<i128, Misfit> {
        let unit = POWERS[usize::from(self.scale.min(38))];
        match self.units % unit {
            0 => Ok(self.units / unit),
            _ => Err(odd(NOT_WHOLE)),
        }
    }

    fn decimal(self, precision: u8, scale: u8) -> Result<i128, Misfit> {
        let power = |by: u8| POWERS[usize::from(by.min(38))];
        let value = match scale.checked_sub(self.scale) {
            Some(more) => self.units.checked_mul(power(more)),
            None => {
                let unit = power(self.scale - scale);
                if self.units % unit != 0 {
                    return Err(odd(MORE_DECIMALS));
                }
                Some(self.units / unit)
            }
        };
        value
            .filter(|value| value.abs() < power(precision))
            .ok_or(beyond(self.side(), TOO_LARGE))
    }

    fn double(self) -> Result<f64, Misfit> {
        const EXACT: i128 = 1 << 53;
        if self.scale == 0 && self.units.abs() <= EXACT {
            #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
            return Ok(self.units as f64);
        }
        nearest_double(&format!("{}e-{}", self.units, self.scale))
    }

    fn truth(self) -> Result<bool, Misfit> {
        match self.whole() {
            Ok(0) => Ok(false),
            Ok(1) => Ok(true),
            _ => Err(odd(NEITHER)),
        }
    }
}

/// A bit string as the number that it writes, without a sign.
fn bits(raw: &[u8]) -> Result<i128, Misfit> {
    let (length, bytes) = raw.split_first_chunk::<4>().ok_or(odd(MALFORMED))?;
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| odd(MALFORMED))?;
    let padding = (8 * bytes.len())
        .checked_sub(length)
        .filter(|padding| *padding < 8)
        .ok_or(odd(MALFORMED))?;
    if length == 0 {
        return Err(odd("no bits"));
    }
    let mut value: u128 = 0;
    for byte in bytes {
        let shifted = value
            .checked_mul(256)
            .map(|value| value | u128::from(*byte));
        value = shifted.ok_or(beyond(Side::High, OUT_OF_RANGE))?;
    }
    i128::try_from(value >> padding).map_err(|_| beyond(Side::High, OUT_OF_RANGE))
}

/// A `float4` as the shortest decimal that means it, since that is what people wrote and what the server prints.
fn shortest(value: f32) -> Result<f64, Misfit> {
    value.to_string().parse().map_err(|_| odd(MALFORMED))
}

fn float<F>(to: DataType, rules: Rules, read: F) -> Option<Decoder>
where
    F: Fn(&[u8]) -> Result<f64, Misfit> + Send + 'static,
{
    Some(match to {
        DataType::Integer => integers32(rules, move |raw| whole_float(read(raw)?)),
        DataType::Bigint => integers64(rules, move |raw| whole_float(read(raw)?)),
        DataType::Decimal(precision, scale) => decimals(precision, scale, rules, move |raw| {
            decimal_float(read(raw)?, precision, scale.unsigned_abs())
        }),
        DataType::Double => doubles(rules, read),
        DataType::Boolean => Truths::decoder(move |raw| match read(raw)? {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(odd(NEITHER)),
        }),
        DataType::Text | DataType::Date | DataType::Timestamp => return None,
    })
}

fn float_side(value: f64) -> Side {
    if value < 0.0 { Side::Low } else { Side::High }
}

fn whole_float(value: f64) -> Result<i128, Misfit> {
    const EXACT: f64 = 9e15;
    const LONG: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() != 0.0 {
        return Err(odd(NOT_WHOLE));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number within 2^53"
    )]
    match value.abs() {
        small if small < EXACT => Ok(value as i128),
        large if large < LONG => Err(odd("a float too large to be exact")),
        _ => Err(beyond(float_side(value), OUT_OF_RANGE)),
    }
}

fn decimal_float(value: f64, precision: u8, scale: u8) -> Result<i128, Misfit> {
    number::of_float(value, precision, scale).map_err(|_| {
        let whole_digits = i32::from(precision) - i32::from(scale);
        match value.abs() >= 10_f64.powi(whole_digits) {
            true => beyond(float_side(value), TOO_LARGE),
            false => odd("a float that is not exact at this scale"),
        }
    })
}

fn numeric(to: DataType, rules: Rules) -> Option<Decoder> {
    match to {
        DataType::Double => Some(doubles(rules, |raw| {
            nearest_double(&Wire::parse(raw)?.scientific())
        })),
        DataType::Boolean => Some(Truths::decoder(|raw| {
            match super::numeric::whole(&Wire::parse(raw)?) {
                Ok(0) => Ok(false),
                Ok(1) => Ok(true),
                _ => Err(odd(NEITHER)),
            }
        })),
        _ => None,
    }
}

/// The double nearest to a number, if the double's own shortest text still says the same number.
pub(in crate::source::postgres) fn nearest_double(text: &str) -> Result<f64, Misfit> {
    let value: f64 = text.parse().map_err(|_| odd("not a number"))?;
    if value.is_nan() {
        return Err(odd(plain::NOT_A_NUMBER));
    }
    if value.is_infinite() {
        let written = text.contains(|character: char| character.is_ascii_digit());
        let reason = if written {
            OUT_OF_RANGE
        } else {
            plain::INFINITE
        };
        return Err(beyond(float_side(value), reason));
    }
    match number::is_said_by(text, value) {
        true => Ok(value),
        false => Err(odd(NO_DOUBLE)),
    }
}

fn narrowed<T: TryFrom<i128>>(value: i128) -> Result<T, Misfit> {
    let side = if value < 0 { Side::Low } else { Side::High };
    T::try_from(value).map_err(|_| beyond(side, OUT_OF_RANGE))
}

/// Whole numbers in 32 bits.
pub(super) fn integers32<F>(rules: Rules, read: F) -> Decoder
where
    F: Fn(&[u8]) -> Result<i128, Misfit> + Send + 'static,
{
    let extremes = rules.clamp.then_some((i32::MIN, i32::MAX));
    Primitives::<Int32Type, _>::decoder(Arrow::Int32, extremes, move |raw| narrowed(read(raw)?))
}

/// Whole numbers in 64 bits.
pub(super) fn integers64<F>(rules: Rules, read: F) -> Decoder
where
    F: Fn(&[u8]) -> Result<i128, Misfit> + Send + 'static,
{
    let extremes = rules.clamp.then_some((i64::MIN, i64::MAX));
    Primitives::<Int64Type, _>::decoder(Arrow::Int64, extremes, move |raw| narrowed(read(raw)?))
}

fn decimals<F>(precision: u8, scale: i8, rules: Rules, read: F) -> Decoder
where
    F: Fn(&[u8]) -> Result<i128, Misfit> + Send + 'static,
{
    let most = POWERS[usize::from(precision.min(38))] - 1;
    let extremes = rules.clamp.then_some((-most, most));
    Primitives::<Decimal128Type, _>::decoder(Arrow::Decimal128(precision, scale), extremes, read)
}

fn doubles<F>(rules: Rules, read: F) -> Decoder
where
    F: Fn(&[u8]) -> Result<f64, Misfit> + Send + 'static,
{
    let extremes = rules.clamp.then_some((f64::MIN, f64::MAX));
    Primitives::<Float64Type, _>::decoder(Arrow::Float64, extremes, read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_double_if_its_digits_survive() {
        let exact = |units: i128, scale| Exact { units, scale };
        let cases = [
            (exact(1, 1), Ok(0.1)),
            (exact(-12_345_678, 2), Ok(-123_456.78)),
            (exact(1 << 53, 0), Ok(9_007_199_254_740_992.0)),
            (exact((1 << 53) + 1, 0), Err(odd(NO_DOUBLE))),
            (exact(i128::from(i64::MAX), 0), Err(odd(NO_DOUBLE))),
            (exact(10_i128.pow(22), 0), Ok(1e22)),
            (exact(123_456_789_012_345_678, 17), Err(odd(NO_DOUBLE))),
        ];
        for (number, expected) in cases {
            assert_eq!(number.double(), expected, "{number:?}");
        }
        assert_eq!(nearest_double("0.000"), Ok(0.0));
        assert_eq!(nearest_double("1.50e2"), Ok(150.0));
        assert!(nearest_double("1e400").is_err());
        assert!(nearest_double("1e-400").is_err());
        assert_eq!(nearest_double("NaN"), Err(odd(plain::NOT_A_NUMBER)));
        let infinite = beyond(Side::Low, plain::INFINITE);
        assert_eq!(nearest_double("-Infinity"), Err(infinite));
    }

    #[test]
    fn units_become_wholes_and_decimals_only_without_a_rest() {
        let dollars = Exact {
            units: 1_200,
            scale: 2,
        };
        assert_eq!(dollars.whole(), Ok(12));
        assert_eq!(dollars.decimal(5, 4), Err(beyond(Side::High, TOO_LARGE)));
        assert_eq!(dollars.decimal(6, 4), Ok(120_000));
        assert_eq!(dollars.decimal(6, 0), Ok(12));
        let cents = Exact {
            units: -1_205,
            scale: 2,
        };
        assert_eq!(cents.whole(), Err(odd(NOT_WHOLE)));
        assert_eq!(cents.decimal(6, 1), Err(odd(MORE_DECIMALS)));
        assert_eq!(cents.truth(), Err(odd(NEITHER)));
    }

    #[test]
    fn bits_are_numbers_without_a_sign() {
        let wire = |length: i32, bytes: &[u8]| [&length.to_be_bytes()[..], bytes].concat();
        assert_eq!(bits(&wire(3, &[0b1010_0000])), Ok(5));
        assert_eq!(bits(&wire(32, &[0xff; 4])), Ok(0xffff_ffff));
        assert_eq!(bits(&wire(9, &[0b1000_0000, 0b1000_0000])), Ok(257));
        assert!(bits(&wire(128, &[0xff; 16])).is_err());
        assert!(bits(&wire(0, &[])).is_err());
        assert!(bits(&wire(3, &[0, 0])).is_err());
    }

    #[test]
    fn floats_are_wholes_as_far_as_they_are_exact() {
        assert_eq!(whole_float(-0.0), Ok(0));
        assert_eq!(whole_float(1e15), Ok(1_000_000_000_000_000));
        assert_eq!(whole_float(1.5), Err(odd(NOT_WHOLE)));
        assert!(matches!(
            whole_float(1e16),
            Err(Misfit { beyond: None, .. })
        ));
        assert_eq!(whole_float(-1e30), Err(beyond(Side::Low, OUT_OF_RANGE)));
        assert_eq!(shortest(0.1), Ok(0.1));
    }
}
