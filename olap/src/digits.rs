//! Digits and scales: decimal arithmetic in 256 bits, rounded half to even.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, i256};
use arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};

/// The scale of averages, medians and calculated measures.
pub(crate) const CELL_SCALE: i8 = 10;

/// The type of averages, medians and calculated measures.
pub(crate) const CELL_TYPE: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, CELL_SCALE);

/// The digits of a decimal number at a scale; `None` if it is none or needs more fraction digits.
pub(crate) fn parse_decimal(text: &str, scale: i8) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let places = usize::try_from(scale).ok()?;
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > places {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    Some(sign * digits)
}

/// A float rounded half to even at the cell's scale: the formatter works on its exact value.
pub(crate) fn float_digits(number: f64) -> Result<i256> {
    let text = format!("{number:.10}");
    parse_decimal(&text, CELL_SCALE)
        .map(i256::from_i128)
        .ok_or_else(too_large)
}

/// A result that is no cell.
pub(crate) fn too_large() -> DataFusionError {
    overflow("overflow: a result does not fit decimal(38,10)")
}

/// A sum that is no cell.
pub(crate) fn sum_too_large() -> DataFusionError {
    overflow("overflow: a sum does not fit its type")
}

fn overflow(text: &str) -> DataFusionError {
    DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow(text.into())), None)
}

/// The digits if they fit 38 places.
pub(crate) fn fitting(digits: i256) -> Option<i128> {
    let digits = digits.to_i128()?;
    (digits.unsigned_abs() < 10_u128.pow(38)).then_some(digits)
}

pub(crate) fn power_of_ten(exponent: i8) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

/// The number times 10^places, rounded half to even where places are lost.
pub(crate) fn shift(digits: i256, places: i8) -> Option<i256> {
    match places {
        0.. => digits.checked_mul(power_of_ten(places)?),
        _ => divide_half_even(digits, power_of_ten(-places)?),
    }
}

pub(crate) fn quotient(numerator: (i256, i8), divisor: (i256, i8)) -> Option<i256> {
    let places = CELL_SCALE + divisor.1 - numerator.1;
    let (numerator, divisor) = match places {
        0.. => (numerator.0.checked_mul(power_of_ten(places)?)?, divisor.0),
        _ => (numerator.0, divisor.0.checked_mul(power_of_ten(-places)?)?),
    };
    divide_half_even(numerator, divisor)
}

pub(crate) fn divide_half_even(numerator: i256, divisor: i256) -> Option<i256> {
    let quotient = numerator.checked_div(divisor)?;
    let rest = numerator.checked_rem(divisor)?.checked_abs()?;
    let twice = rest.checked_add(rest)?;
    let size = divisor.checked_abs()?;
    let odd = quotient.checked_rem(i256::from_i128(2))? != i256::ZERO;
    match twice > size || (twice == size && odd) {
        true if numerator.is_negative() != divisor.is_negative() => quotient.checked_sub(i256::ONE),
        true => quotient.checked_add(i256::ONE),
        false => Some(quotient),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn check_quotient(numerator: (i128, i8), divisor: (i128, i8), expected: i128) {
        let big = |(digits, scale)| (i256::from_i128(digits), scale);
        assert_eq!(
            quotient(big(numerator), big(divisor)),
            Some(i256::from_i128(expected))
        );
    }

    #[test]
    fn quotients_round_half_to_even() {
        check_quotient((1, 0), (3, 0), 3_333_333_333);
        check_quotient((2, 0), (3, 0), 6_666_666_667);
        check_quotient((-2, 0), (3, 0), -6_666_666_667);
        // 0.00000000005 and 0.00000000015: ties go to the even neighbour, 0 and 2.
        check_quotient((5, 11), (1, 0), 0);
        check_quotient((15, 11), (1, 0), 2);
        check_quotient((-15, 11), (1, 0), -2);
        check_quotient((-5, 11), (-1, 0), 0);
        check_quotient((100_0000, 4), (8, 0), 125_000_000_000);
    }

    #[test]
    fn floats_and_shifts_round_half_to_even() {
        assert_eq!(float_digits(0.5).unwrap(), i256::from_i128(5_000_000_000));
        assert!(float_digits(f64::NAN).is_err());
        assert!(float_digits(1e300).is_err());
        assert_eq!(shift(i256::from_i128(25), -1), Some(i256::from_i128(2)));
        assert_eq!(shift(i256::from_i128(35), -1), Some(i256::from_i128(4)));
        assert_eq!(shift(i256::from_i128(2), 3), Some(i256::from_i128(2000)));
    }

    #[test]
    fn what_needs_more_than_38_digits_does_not_fit() {
        assert_eq!(
            fitting(i256::from_i128(10_i128.pow(38) - 1)),
            Some(10_i128.pow(38) - 1)
        );
        assert_eq!(fitting(i256::from_i128(10_i128.pow(38))), None);
    }
}
