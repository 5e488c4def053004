//! Numbers as exact texts, so that an answer and the oracle can be compared digit by digit.

/// A decimal text without leading and trailing zeros: `0012.3400` becomes `12.34`; other texts stay.
pub fn canonical(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !plain(whole) || !plain(fraction) {
        return text.to_owned();
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

/// An integer in units of `10^-scale` as a decimal text.
pub fn scaled(units: i128, scale: u32) -> String {
    let factor = 10_i128.pow(scale);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (
        units.unsigned_abs() / factor.unsigned_abs(),
        units.unsigned_abs() % factor.unsigned_abs(),
    );
    canonical(&format!(
        "{sign}{whole}.{rest:0width$}",
        width = scale as usize
    ))
}

/// A decimal text in units of `10^-scale`; none if it is no decimal or has more digits than that.
pub fn units(text: &str, scale: usize) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = scale.checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(zeros))
        .parse()
        .ok()
}

/// `numerator / denominator` with ten decimals, half-even, as SQL decimals are divided here.
pub fn fraction(numerator: i128, denominator: i128) -> Option<String> {
    if denominator == 0 {
        return None;
    }
    let negative = (numerator < 0) != (denominator < 0);
    let (top, bottom) = (
        numerator.unsigned_abs() * 10_u128.pow(10),
        denominator.unsigned_abs(),
    );
    let (mut quotient, rest) = (top / bottom, top % bottom);
    let up = rest * 2 > bottom || (rest * 2 == bottom && quotient % 2 == 1);
    quotient += u128::from(up);
    let units = i128::try_from(quotient).ok()?;
    Some(scaled(if negative { -units } else { units }, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_equal_texts() {
        for (text, expected) in [
            ("0012.3400", "12.34"),
            ("-0.50", "-0.5"),
            ("0.000", "0"),
            ("-0", "0"),
            ("7", "7"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(canonical(text), expected);
        }
        assert_eq!(scaled(-5, 4), "-0.0005");
        assert_eq!(scaled(123_400, 4), "12.34");
        assert_eq!(units("-0.5", 4), Some(-5000));
        assert_eq!(units("12", 2), Some(1200));
        assert_eq!(units("0.123", 2), None);
    }

    #[test]
    fn fractions_round_half_even() {
        assert_eq!(fraction(1, 3).as_deref(), Some("0.3333333333"));
        assert_eq!(fraction(2, 3).as_deref(), Some("0.6666666667"));
        assert_eq!(fraction(-1, 2).as_deref(), Some("-0.5"));
        assert_eq!(fraction(1, 20_000_000_000).as_deref(), Some("0"));
        assert_eq!(fraction(3, 20_000_000_000).as_deref(), Some("0.0000000002"));
        assert_eq!(fraction(1, 0), None);
    }
}
