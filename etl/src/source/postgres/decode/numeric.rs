//! `numeric` and `money` to decimals, exactly or not at all.
//!
//! The binary form is base-10000 digits with the weight of the first one; see `numeric_send` of PostgreSQL.

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType as Arrow, Decimal128Type,
    Decimal256Type, i256,
};

use crate::source::cell::Side;
use crate::source::number::POWERS;

use super::plain::{Misfit, Primitives, beyond, odd};
use super::{Decoder, MALFORMED, Rules, exactly};

/// Digits in all and after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::postgres) struct Digits {
    /// Digits in all, up to 76.
    pub(in crate::source::postgres) precision: u8,
    /// Digits after the point.
    pub(in crate::source::postgres) scale: i8,
}

impl Digits {
    /// What numerics without precision get where nobody looked at their values: those inside arrays and row types.
    pub(in crate::source::postgres) const ANY: Self = Self {
        precision: DECIMAL256_MAX_PRECISION,
        scale: 20,
    };

    /// Those that a column declares; `None` if they are more than a decimal has.
    pub(in crate::source::postgres) fn declared((precision, scale): (u16, i16)) -> Option<Self> {
        // Parquet has no negative scales: the zeros of numeric(5, -2) before the point are digits there
        let zeros = scale.min(0).unsigned_abs();
        let after = u8::try_from(scale.max(0)).ok()?;
        // numeric(3, 5) holds numbers below 0.01: Arrow wants as many digits in all as after the point
        let precision = u8::try_from(precision + zeros).ok()?.max(after);
        (precision <= DECIMAL256_MAX_PRECISION).then_some(Self {
            precision,
            scale: i8::try_from(after).ok()?,
        })
    }

    /// So many digits before and after the point, as far as a decimal goes.
    pub(in crate::source::postgres) fn of(before: u32, after: u32) -> Self {
        let most = u32::from(DECIMAL256_MAX_PRECISION);
        // a fraction that is cut rejects one value, a whole number that is cut rejects them all
        let before = before.min(most);
        let after = after.min(most - before);
        let digit = |count: u32| u8::try_from(count).unwrap_or(DECIMAL256_MAX_PRECISION);
        Self {
            precision: digit((before + after).clamp(1, most)),
            scale: i8::try_from(after).unwrap_or(0),
        }
    }
}

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const PLUS_INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// A numeric on the wire.
pub(super) struct Wire<'a> {
    digits: &'a [u8],
    weight: i32,
    negative: bool,
}

impl<'a> Wire<'a> {
    /// Takes the binary form apart; NaN and the infinities are misfits.
    #[inline]
    pub(super) fn parse(raw: &'a [u8]) -> Result<Self, Misfit> {
        let (head, digits) = raw.split_at_checked(8).ok_or(odd(MALFORMED))?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        if digits.len() != 2 * usize::from(word(0)) {
            return Err(odd(MALFORMED));
        }
        let negative = match word(4) {
            0 => false,
            NEGATIVE => true,
            NAN => return Err(odd("not a number (NaN)")),
            PLUS_INFINITY => return Err(beyond(Side::High, "infinite")),
            MINUS_INFINITY => return Err(beyond(Side::Low, "infinite")),
            _ => return Err(odd(MALFORMED)),
        };
        let weight = i32::from(i16::from_be_bytes([head[2], head[3]]));
        Ok(Self {
            digits,
            weight,
            negative,
        })
    }

    #[inline]
    fn each(&self) -> impl Iterator<Item = u16> + '_ {
        let pairs = self.digits.chunks_exact(2);
        pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    #[inline]
    fn count(&self) -> i32 {
        i32::try_from(self.digits.len() / 2).unwrap_or(i32::MAX)
    }

    /// The number as digits and a power of ten, such as `-12340000e-4`.
    pub(super) fn scientific(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.each().map(|digit| format!("{digit:04}")).collect();
        let exponent = 4 * (self.weight - self.count() + 1);
        format!("{sign}0{digits}e{exponent}")
    }

    fn too_large(&self) -> Misfit {
        let side = if self.negative { Side::Low } else { Side::High };
        beyond(side, TOO_LARGE)
    }
}

/// Why a number is refused that is beyond its type.
pub(super) const TOO_LARGE: &str = "more digits than its type holds";
/// Why a number is refused that would have to be rounded.
pub(super) const MORE_DECIMALS: &str = "more decimals than its type holds";

/// A numeric as a whole number of units of `10^-scale`.
#[inline]
fn to_i128(wire: &Wire<'_>, precision: u8, scale: i8) -> Result<i128, Misfit> {
    // up to nine digits of base 10000 fit an i128 whatever they are
    const SHORT: i32 = 9;
    let last = 4 * (wire.weight - wire.count() + 1) + i32::from(scale);
    if wire.count() > SHORT {
        let wide = to_i256(wire, precision, scale)?;
        return wide.to_i128().ok_or_else(|| wire.too_large());
    }
    let value = match wire.count() {
        0..=4 => few_digits(wire, last)?,
        _ => many_digits(wire, last)?,
    };
    if value >= POWERS[usize::from(precision.min(38))] {
        return Err(wire.too_large());
    }
    Ok(if wire.negative { -value } else { value })
}

/// The units of up to four digits of base 10000, in which most numbers lie: they and their division fit a register.
#[inline]
fn few_digits(wire: &Wire<'_>, last: i32) -> Result<i128, Misfit> {
    let digits = wire
        .each()
        .fold(0_u64, |sum, digit| sum * 10_000 + u64::from(digit));
    // what a cent or a permille leaves of the last digit of base 10000; by constants, since a division takes long
    let (units, rest) = match last {
        0 => (digits, 0),
        -1 => (digits / 10, digits % 10),
        -2 => (digits / 100, digits % 100),
        -3 => (digits / 1_000, digits % 1_000),
        _ => return far_from_point(digits, last, wire),
    };
    match rest {
        0 => Ok(units.into()),
        _ => Err(odd(MORE_DECIMALS)),
    }
}

fn far_from_point(digits: u64, last: i32, wire: &Wire<'_>) -> Result<i128, Misfit> {
    if last >= 0 || digits == 0 {
        return scaled_up(digits.into(), last, wire);
    }
    let power = power(-last).and_then(|power| u64::try_from(power).ok());
    match power {
        Some(power) if digits.is_multiple_of(power) => Ok((digits / power).into()),
        _ => Err(odd(MORE_DECIMALS)),
    }
}

fn many_digits(wire: &Wire<'_>, last: i32) -> Result<i128, Misfit> {
    let digits = wire
        .each()
        .fold(0, |sum, digit| sum * 10_000 + i128::from(digit));
    if last >= 0 || digits == 0 {
        return scaled_up(digits, last, wire);
    }
    match power(-last) {
        Some(power) if digits % power == 0 => Ok(digits / power),
        _ => Err(odd(MORE_DECIMALS)),
    }
}

fn scaled_up(digits: i128, last: i32, wire: &Wire<'_>) -> Result<i128, Misfit> {
    if digits == 0 {
        return Ok(0);
    }
    let scaled = power(last).and_then(|power| digits.checked_mul(power));
    scaled.ok_or_else(|| wire.too_large())
}

fn power(exponent: i32) -> Option<i128> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

fn power_256(exponent: i32) -> Option<i256> {
    let exponent = u32::try_from(exponent).ok()?;
    i256::from(10).checked_pow(exponent)
}

/// The same for wide decimals, digit by digit.
fn to_i256(wire: &Wire<'_>, precision: u8, scale: i8) -> Result<i256, Misfit> {
    let mut value = i256::ZERO;
    let first = 4 * wire.weight + i32::from(scale);
    for (digit, exponent) in wire.each().zip((0..).map(|at| first - 4 * at)) {
        if digit == 0 {
            continue;
        }
        let digit = i256::from(i64::from(digit));
        let part = if exponent >= 0 {
            let power = power_256(exponent);
            power
                .and_then(|power| digit.checked_mul(power))
                .ok_or_else(|| wire.too_large())?
        } else {
            let power = match exponent {
                -3..=-1 => power_256(-exponent),
                _ => None,
            };
            let power = power.ok_or(odd(MORE_DECIMALS))?;
            if digit.checked_rem(power) != Some(i256::ZERO) {
                return Err(odd(MORE_DECIMALS));
            }
            digit.checked_div(power).ok_or(odd(MORE_DECIMALS))?
        };
        value = value.checked_add(part).ok_or_else(|| wire.too_large())?;
    }
    match power_256(i32::from(precision)) {
        Some(limit) if value >= limit => Err(wire.too_large()),
        _ if wire.negative => Ok(value.wrapping_neg()),
        _ => Ok(value),
    }
}

/// `numeric` in a decimal of up to 38 digits.
pub(super) fn decimals(precision: u8, scale: i8, rules: Rules) -> Decoder {
    let most = POWERS[usize::from(precision.min(38))] - 1;
    Primitives::<Decimal128Type, _>::decoder(
        Arrow::Decimal128(precision, scale),
        rules.clamp.then_some((-most, most)),
        move |raw| to_i128(&Wire::parse(raw)?, precision, scale),
    )
}

fn wide_decimals(precision: u8, scale: i8, rules: Rules) -> Decoder {
    let most = power_256(i32::from(precision)).map(|limit| limit.wrapping_sub(i256::ONE));
    let extremes = most.map(|most| (most.wrapping_neg(), most));
    Primitives::<Decimal256Type, _>::decoder(
        Arrow::Decimal256(precision, scale),
        extremes.filter(|_| rules.clamp),
        move |raw| to_i256(&Wire::parse(raw)?, precision, scale),
    )
}

/// `numeric` in the decimal of its own precision and scale; one that declares none, or too many, in that of `digits`.
pub(super) fn native(
    modifier: Option<(u16, i16)>,
    digits: Digits,
    rules: Rules,
) -> (Arrow, Decoder) {
    let Digits { precision, scale } = modifier.and_then(Digits::declared).unwrap_or(digits);
    match precision <= DECIMAL128_MAX_PRECISION {
        true => (
            Arrow::Decimal128(precision, scale),
            decimals(precision, scale, rules),
        ),
        false => (
            Arrow::Decimal256(precision, scale),
            wide_decimals(precision, scale, rules),
        ),
    }
}

/// `money`: whole units of the currency's smallest part.
pub(super) fn money(decimals: u8) -> (Arrow, Decoder) {
    let scale = i8::try_from(decimals).unwrap_or(2);
    let data_type = Arrow::Decimal128(19, scale);
    let decoder = Primitives::<Decimal128Type, _>::decoder(data_type.clone(), None, |raw| {
        let units = exactly(raw).map(i64::from_be_bytes).ok_or(odd(MALFORMED))?;
        Ok(i128::from(units))
    });
    (data_type, decoder)
}

/// A whole number, however many zeros stand after its point.
pub(super) fn whole(wire: &Wire<'_>) -> Result<i128, Misfit> {
    to_i128(wire, DECIMAL128_MAX_PRECISION, 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// What `numeric_send` writes for a decimal text.
    fn wire(text: &str) -> Vec<u8> {
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let pad = (4 - whole.len() % 4) % 4;
        let mut digits = "0".repeat(pad) + whole;
        let weight = i16::try_from(digits.len() / 4).unwrap() - 1;
        digits += fraction;
        digits += &"0".repeat((4 - digits.len() % 4) % 4);
        let groups: Vec<u16> = digits
            .as_bytes()
            .chunks(4)
            .map(|group| std::str::from_utf8(group).unwrap().parse().unwrap())
            .collect();
        let mut raw = u16::try_from(groups.len()).unwrap().to_be_bytes().to_vec();
        raw.extend(weight.to_be_bytes());
        raw.extend(if negative { NEGATIVE } else { 0 }.to_be_bytes());
        raw.extend(u16::try_from(fraction.len()).unwrap().to_be_bytes());
        raw.extend(groups.iter().flat_map(|group| group.to_be_bytes()));
        raw
    }

    fn narrow(text: &str, precision: u8, scale: i8) -> Result<i128, &'static str> {
        let raw = wire(text);
        let wire = Wire::parse(&raw).map_err(|misfit| misfit.reason)?;
        to_i128(&wire, precision, scale).map_err(|misfit| misfit.reason)
    }

    #[test]
    fn numbers_keep_every_digit_or_are_refused() {
        assert_eq!(narrow("12345.67", 12, 2), Ok(1_234_567));
        assert_eq!(narrow("-0.000067", 18, 6), Ok(-67));
        assert_eq!(narrow("123500", 5, -2), Ok(1235));
        assert_eq!(narrow("0", 5, 2), Ok(0));
        assert_eq!(narrow("0.005", 12, 2), Err(MORE_DECIMALS));
        assert_eq!(narrow("123550", 5, -2), Err(MORE_DECIMALS));
        assert_eq!(narrow("1000", 3, 0), Err("more digits than its type holds"));
        let nines = "9".repeat(38);
        assert_eq!(narrow(&nines, 38, 0), Ok(POWERS[38] - 1));
        assert!(narrow(&format!("{nines}0"), 38, 0).is_err());
    }

    #[test]
    fn declared_digits_are_those_of_parquet() {
        let digits = |precision, scale| Some(Digits { precision, scale });
        assert_eq!(Digits::declared((12, 2)), digits(12, 2));
        assert_eq!(Digits::declared((5, -2)), digits(7, 0));
        assert_eq!(Digits::declared((3, 5)), digits(5, 5));
        assert_eq!(Digits::declared((76, 76)), digits(76, 76));
        for more in [(77, 0), (5, -72), (5, 77), (1000, -1000), (1000, 1000)] {
            assert_eq!(Digits::declared(more), None, "{more:?}");
        }
    }

    proptest! {
        #[test]
        fn narrow_and_wide_agree_with_the_text(
            value in any::<i64>(), scale in 0_usize..20, precision in 20_u8..38,
        ) {
            let digits = format!("{:021}", i128::from(value).unsigned_abs());
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            let sign = if value < 0 { "-" } else { "" };
            let text = format!("{sign}{whole}.{fraction}");
            let raw = wire(&text);
            let parsed = Wire::parse(&raw).unwrap();
            let scale = i8::try_from(scale).unwrap();
            prop_assert_eq!(to_i128(&parsed, precision, scale), Ok(i128::from(value)));
            let wide = to_i256(&parsed, precision, scale);
            prop_assert_eq!(wide, Ok(i256::from_i128(i128::from(value))));
        }
    }
}
