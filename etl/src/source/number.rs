//! Numbers as exact decimals: from text, integers and floats, never through a lossy step.

/// `10^scale`, for scales that a decimal can have.
fn power(scale: u8) -> i128 {
    10_i128.pow(u32::from(scale.min(38)))
}

/// Checks that a value has at most `precision` digits.
fn within(value: i128, precision: u8) -> Result<i128, String> {
    if value.abs() < power(precision) {
        Ok(value)
    } else {
        Err(format!("more than {precision} digits"))
    }
}

/// An integer at a scale.
pub(super) fn of_integer(value: i128, precision: u8, scale: u8) -> Result<i128, String> {
    let scaled = value.checked_mul(power(scale)).ok_or("out of range")?;
    within(scaled, precision)
}

/// A float at a scale, rounded half-even; refused where the float itself is not exact enough (beyond 2^53).
pub(super) fn of_float(value: f64, precision: u8, scale: u8) -> Result<i128, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scaled = (value * 10_f64.powi(i32::from(scale))).round_ties_even();
    if !scaled.is_finite() || scaled.abs() > EXACT {
        return Err("a float that is not exact at this scale".into());
    }
    #[expect(clippy::cast_possible_truncation, reason = "within 2^53")]
    within(scaled as i128, precision)
}

/// A decimal text at a scale; digits beyond the scale must be zeros.
pub(super) fn of_text(text: &str, precision: u8, scale: u8) -> Result<i128, String> {
    let bad = || "not a decimal number".to_owned();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
        return Err(bad());
    }
    let kept = fraction.len().min(usize::from(scale));
    if fraction[kept..].bytes().any(|byte| byte != b'0') {
        return Err(format!("more than {scale} decimals"));
    }
    let mut value: i128 = 0;
    let zeros = std::iter::repeat_n(b'0', usize::from(scale) - kept);
    for digit in whole.bytes().chain(fraction[..kept].bytes()).chain(zeros) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit - b'0')))
            .ok_or_else(|| format!("more than {precision} digits"))?;
    }
    within(if negative { -value } else { value }, precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_every_digit() {
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
    fn floats_round_half_even_within_their_exactness() {
        assert_eq!(of_float(12.34, 18, 4), Ok(123_400));
        assert_eq!(of_float(0.125, 18, 2), Ok(12));
        assert_eq!(of_float(0.375, 18, 2), Ok(38));
        assert!(of_float(1e15, 38, 4).is_err());
        assert!(of_float(f64::NAN, 18, 4).is_err());
        assert!(of_float(f64::INFINITY, 18, 4).is_err());
    }

    #[test]
    fn integers_scale() {
        assert_eq!(of_integer(7, 18, 4), Ok(70_000));
        assert!(of_integer(i64::MAX.into(), 18, 4).is_err());
    }
}
