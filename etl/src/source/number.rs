//! Numbers as exact decimals: from text, integers and floats, never through a lossy step.

use arrow::datatypes::i256;

use super::cell::Problem;

/// Powers of ten that an `i128` holds.
pub(super) const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < 39 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// `10^exponent`, for precisions and scales that a decimal of 128 bits can have.
#[inline]
pub(super) fn power(exponent: u8) -> i128 {
    POWERS[usize::from(exponent.min(38))]
}

#[cold]
fn too_large(positive: bool, precision: u8) -> Problem {
    Problem::beyond(positive, format!("more than {precision} digits"))
}

/// Checks that a value has at most `precision` digits.
#[inline]
fn within(value: i128, precision: u8) -> Result<i128, Problem> {
    if value.abs() < power(precision) {
        Ok(value)
    } else {
        Err(too_large(value > 0, precision))
    }
}

/// An integer at a scale.
#[inline]
pub(super) fn of_integer(value: i128, precision: u8, scale: u8) -> Result<i128, Problem> {
    let scaled = value.checked_mul(power(scale));
    within(
        scaled.ok_or_else(|| too_large(value > 0, precision))?,
        precision,
    )
}

/// `10^exponent` as a float, to the last bit up to 22.
#[inline]
fn float_power(exponent: u8) -> f64 {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let known = POWERS.get(usize::from(exponent));
    known.map_or_else(|| 10_f64.powi(i32::from(exponent)), |power| *power)
}

/// The nearest whole number, the even one of two; small ones by an addition that leaves no room for fractions.
#[inline]
fn rounded(value: f64) -> f64 {
    const SMALL: f64 = 2_251_799_813_685_248.0;
    const NO_FRACTIONS: f64 = 3.0 * SMALL;
    if value.abs() < SMALL {
        value + NO_FRACTIONS - NO_FRACTIONS
    } else {
        value.round_ties_even()
    }
}

/// A float at a scale, the number that its shortest text says rounded half-even; refused where the float itself is not exact enough (beyond 2^53).
#[inline]
pub(super) fn of_float(value: f64, precision: u8, scale: u8) -> Result<i128, Problem> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scaled = rounded(value * float_power(scale));
    if scaled.is_nan() {
        return Err(Problem::odd("not a number (NaN)"));
    }
    if scaled.abs() >= float_power(precision) {
        return Err(too_large(value > 0.0, precision));
    }
    if scaled.abs() > EXACT {
        return Err(Problem::odd("a float that is not exact at this scale"));
    }
    if is_near_a_tie(value * float_power(scale), scaled) {
        return of_rounded_text(&value.to_string(), precision, scale);
    }
    #[expect(clippy::cast_possible_truncation, reason = "within 2^53")]
    within(i128::from(scaled as i64), precision)
}

/// True if the product, which is itself rounded, lies so near the middle between two whole numbers that it does not tell
/// which one the float means: 1.015 at two decimals is 101.49999999999999.
#[inline]
fn is_near_a_tie(product: f64, nearest: f64) -> bool {
    const ERROR: f64 = 4.0 * f64::EPSILON;
    ((product - nearest).abs() - 0.5).abs() <= product.abs() * ERROR
}

/// A decimal text at a scale, rounded half-even.
pub(super) fn of_rounded_text(text: &str, precision: u8, scale: u8) -> Result<i128, Problem> {
    let written = Written::parse(text)?;
    let scale = usize::from(scale);
    let (kept, lost) = written.fraction.split_at(written.fraction.len().min(scale));
    let down = many_digits(written.whole, kept, scale - kept.len())
        .ok_or_else(|| too_large(!written.negative, precision))?;
    let up = match lost.split_first() {
        None => false,
        Some((b'5', rest)) if rest.iter().all(|digit| *digit == b'0') => down % 2 == 1,
        Some((first, _)) => *first >= b'5',
    };
    let value = down + i128::from(up);
    within(if written.negative { -value } else { value }, precision)
}

/// A decimal as it is written: its sign, the digits before the point, and those after it.
struct Written<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Written<'a> {
    #[inline]
    fn parse(text: &'a str) -> Result<Self, Problem> {
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let count = |bytes: &[u8]| {
            bytes
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let (whole, rest) = digits.split_at(count(digits));
        let fraction = match rest {
            [b'.', fraction @ ..] => fraction,
            rest => rest,
        };
        let is_cut = rest.len() == fraction.len() && !rest.is_empty();
        if is_cut || count(fraction) < fraction.len() || whole.len() + fraction.len() == 0 {
            return Err(Problem::odd("not a decimal number"));
        }
        Ok(Self {
            negative,
            whole,
            fraction,
        })
    }

    /// The digits after the point that a scale keeps; those that it does not keep must be zeros.
    #[inline]
    fn kept(&self, scale: u8) -> Result<&'a [u8], Problem> {
        let (kept, lost) = self
            .fraction
            .split_at(self.fraction.len().min(scale.into()));
        if lost.iter().any(|byte| *byte != b'0') {
            return Err(Problem::odd(format!("more than {scale} decimals")));
        }
        Ok(kept)
    }
}

/// Digits that a register holds.
const SHORT: usize = 18;

/// Up to [`SHORT`] digits as a number.
#[inline]
fn register(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

/// A decimal text at a scale; digits beyond the scale must be zeros.
#[inline]
pub(super) fn of_text(text: &str, precision: u8, scale: u8) -> Result<i128, Problem> {
    let written = Written::parse(text)?;
    let kept = written.kept(scale)?;
    let missing = usize::from(scale) - kept.len();
    let value = if written.whole.len() + kept.len() + missing <= SHORT {
        let digits = kept.iter().fold(register(written.whole), |sum, digit| {
            sum * 10 + u64::from(digit - b'0')
        });
        i128::from(digits) * POWERS[missing]
    } else {
        many_digits(written.whole, kept, missing)
            .ok_or_else(|| too_large(!written.negative, precision))?
    };
    within(if written.negative { -value } else { value }, precision)
}

/// The same where that is soon done: a sign perhaps, up to 18 digits, and exactly as many after the point as the scale.
#[inline]
pub(super) fn of_short_text(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let decimals = usize::from(scale);
    let point = match decimals {
        0 => text.len(),
        _ => text
            .len()
            .checked_sub(decimals + 1)
            .filter(|whole| *whole > 0)?,
    };
    if text.is_empty() || text.len() > SHORT {
        return None;
    }
    let (mut sum, mut all_digits) = (0_u64, true);
    for (at, byte) in text.iter().enumerate() {
        if at == point {
            all_digits &= *byte == b'.';
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        all_digits &= digit < 10;
        sum = sum.wrapping_mul(10).wrapping_add(digit.into());
    }
    let value = i128::from(sum);
    let fits = all_digits && value < power(precision);
    fits.then_some(if negative { -value } else { value })
}

fn many_digits(whole: &[u8], kept: &[u8], zeros: usize) -> Option<i128> {
    let zeros = std::iter::repeat_n(&b'0', zeros);
    let mut digits = whole.iter().chain(kept).chain(zeros);
    digits.try_fold(0_i128, |sum, digit| {
        sum.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
    })
}

/// The same for decimals of more digits than 128 bits hold.
pub(super) fn of_wide_text(text: &str, precision: u8, scale: u8) -> Result<i256, Problem> {
    let written = Written::parse(text)?;
    let kept = written.kept(scale)?;
    let positive = !written.negative;
    let shift = |value: i256, digits: usize| {
        let power = i256::from(10).checked_pow(u32::try_from(digits).ok()?)?;
        value.checked_mul(power)
    };
    let chunks = written.whole.chunks(SHORT).chain(kept.chunks(SHORT));
    let value = chunks.into_iter().try_fold(i256::ZERO, |sum, chunk| {
        let chunk_value = i256::from_i128(register(chunk).into());
        shift(sum, chunk.len())?.checked_add(chunk_value)
    });
    let value = value.and_then(|value| shift(value, usize::from(scale) - kept.len()));
    let limit = shift(i256::ONE, precision.into());
    match (value, limit) {
        (Some(value), Some(limit)) if value < limit => Ok(if positive {
            value
        } else {
            value.wrapping_neg()
        }),
        _ => Err(too_large(positive, precision)),
    }
}

/// True if the shortest text of a double says the same number as a text does.
pub(super) fn is_said_by(text: &str, value: f64) -> bool {
    significant(text) == significant(&format!("{value:e}"))
}

/// The sign, the digits without zeros around them, and the power of ten of the last digit.
fn significant(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa
        .trim_start_matches(['-', '+'])
        .split_once('.')
        .unwrap_or((mantissa.trim_start_matches(['-', '+']), ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some((negative, String::new(), 0));
    }
    let zeros = i64::try_from(all.len() - all.trim_end_matches('0').len()).ok()?;
    let decimals = i64::try_from(fraction.len()).ok()?;
    let last = exponent.parse::<i64>().ok()? - decimals + zeros;
    Some((negative, digits.to_owned(), last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::cell::Side;

    fn of_text(text: &str, precision: u8, scale: u8) -> Result<i128, String> {
        let narrow = super::of_text(text, precision, scale);
        if let Some(short) = of_short_text(text.as_bytes(), precision, scale) {
            assert_eq!(narrow, Ok(short), "{text}");
        }
        let wide = super::of_wide_text(text, precision, scale);
        let narrow_as_wide = narrow.clone().map(i256::from_i128);
        assert_eq!(wide, narrow_as_wide, "{text}");
        narrow.map_err(|problem| problem.reason)
    }

    #[test]
    fn text_keeps_every_digit() {
        assert_eq!(of_short_text(b"-12.34", 12, 2), Some(-1_234));
        assert_eq!(of_short_text(b"12", 12, 0), Some(12));
        assert_eq!(of_short_text(b"12.3", 12, 2), None);
        assert_eq!(of_short_text(&[0xff; 18], 18, 0), None);
        assert_eq!(of_short_text(b"1234", 12, 2), None);
        assert_eq!(of_text("12.340000", 18, 4), Ok(123_400));
        assert_eq!(of_text("-0.5", 18, 4), Ok(-5_000));
        assert_eq!(of_text("0.000067", 18, 6), Ok(67));
        assert_eq!(of_text(".5", 3, 2), Ok(50));
        assert_eq!(of_text("5.", 3, 2), Ok(500));
        assert_eq!(
            of_text("0.00001", 18, 4),
            Err("more than 4 decimals".into())
        );
        assert_eq!(of_text("1000", 3, 0), Err("more than 3 digits".into()));
        for bad in ["", "-", ".", "1e5", "12a", "NaN", "1,5", "--1"] {
            assert_eq!(
                of_text(bad, 18, 4),
                Err("not a decimal number".into()),
                "{bad}"
            );
        }
        let nines = "9".repeat(38);
        assert_eq!(of_text(&nines, 38, 0), Ok(10_i128.pow(38) - 1));
        assert!(of_text(&"9".repeat(40), 38, 0).is_err());
    }

    #[test]
    fn what_is_too_large_says_on_which_side() {
        let side = |text: &str| {
            super::of_text(text, 3, 1)
                .err()
                .and_then(|problem| problem.side)
        };
        assert_eq!(side("100"), Some(Side::High));
        assert_eq!(side("-100"), Some(Side::Low));
        assert_eq!(side(&"9".repeat(60)), Some(Side::High));
        assert_eq!(side("0.05"), None);
        assert_eq!(
            of_float(-1e300, 3, 1)
                .err()
                .and_then(|problem| problem.side),
            Some(Side::Low)
        );
    }

    #[test]
    fn wide_text_keeps_every_digit() {
        let text = format!("-{}.{}", "9".repeat(35), "9".repeat(30));
        let value = of_wide_text(&text, 65, 30).map(|value| value.to_string());
        assert_eq!(value, Ok(format!("-{}", "9".repeat(65))));
        assert!(of_wide_text(&"9".repeat(66), 65, 0).is_err());
        assert!(of_wide_text(&"9".repeat(100), 65, 0).is_err());
    }

    #[test]
    fn floats_round_half_even_within_their_exactness() {
        assert_eq!(of_float(12.34, 18, 4), Ok(123_400));
        assert_eq!(of_float(0.125, 18, 2), Ok(12));
        assert_eq!(of_float(0.375, 18, 2), Ok(38));
        for value in [0.5, 1.5, -2.5, 0.49999999999999994, 1e15 + 0.5, 3e15, -0.0] {
            assert_eq!(rounded(value), value.round_ties_even(), "{value}");
        }
        // as they are written, whatever their bits are
        for (value, expected) in [
            (1.015, 102),
            (9.995, 1_000),
            (2.675, 268),
            (10.235, 1_024),
            (1.005, 100),
            (-1.025, -102),
            (4_503_599_627_370.485, 450_359_962_737_048),
        ] {
            assert_eq!(of_float(value, 18, 2), Ok(expected), "{value}");
        }
        assert!(of_float(1e15, 38, 4).is_err());
        assert!(of_float(f64::NAN, 18, 4).is_err());
        assert!(of_float(f64::INFINITY, 18, 4).is_err());
    }

    proptest::proptest! {
        #[test]
        fn floats_become_what_their_shortest_text_rounds_to(thousandths in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u8..4) {
            let value = thousandths as f64 / 1000.0;
            let text = of_rounded_text(&value.to_string(), 38, scale);
            proptest::prop_assert_eq!(of_float(value, 38, scale), text);
        }
    }

    #[test]
    fn integers_scale() {
        assert_eq!(of_integer(7, 18, 4), Ok(70_000));
        assert!(of_integer(i64::MAX.into(), 18, 4).is_err());
    }
}
