//! Bounds as JSON literals of the Delta protocol.
//!
//! Decimals are written digit by digit, never through a float. Texts are cut to 32 characters and instants to
//! the millisecond, in such a way that a lower bound never rises and an upper bound never falls.

use arrow::datatypes::{Decimal128Type, DecimalType as _};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, SecondsFormat};
use datafusion::common::ScalarValue;

/// How many characters of a text are kept.
const TEXT_CHARACTERS: usize = 32;

/// The literal for a smallest value; `None` if there is none or it cannot be written.
pub(super) fn lower_literal(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(Some(text)) => Some(json_text(
            &text.chars().take(TEXT_CHARACTERS).collect::<String>(),
        )),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => instant(micros.div_euclid(1_000)),
        other => exact_literal(other),
    }
}

/// The literal for a largest value; `None` if there is none or it cannot be written.
pub(super) fn upper_literal(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(Some(text)) => Some(json_text(&upper_text(text)?)),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            instant(micros.div_euclid(1_000) + i64::from(micros.rem_euclid(1_000) > 0))
        }
        other => exact_literal(other),
    }
}

fn exact_literal(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Boolean(Some(value)) => Some(value.to_string()),
        ScalarValue::Int32(Some(value)) => Some(value.to_string()),
        ScalarValue::Int64(Some(value)) => Some(value.to_string()),
        ScalarValue::Float64(Some(value)) if value.is_finite() => serde_json::to_string(value).ok(),
        ScalarValue::Decimal128(Some(value), precision, scale) => {
            Some(Decimal128Type::format_decimal(*value, *precision, *scale))
        }
        ScalarValue::Date32(Some(days)) => day(*days),
        _ => None,
    }
}

/// A text as a JSON string.
pub(super) fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text itself if it is short, else a short text that comes after it.
fn upper_text(text: &str) -> Option<String> {
    if text.chars().nth(TEXT_CHARACTERS).is_none() {
        return Some(text.to_owned());
    }
    let mut kept: Vec<char> = text.chars().take(TEXT_CHARACTERS).collect();
    while let Some(last) = kept.pop() {
        if let Some(after) = successor(last) {
            kept.push(after);
            return Some(kept.into_iter().collect());
        }
    }
    None
}

/// The character after this one in the order of UTF-8; `None` after the last.
fn successor(character: char) -> Option<char> {
    match character {
        '\u{D7FF}' => Some('\u{E000}'),
        other => char::from_u32(other as u32 + 1),
    }
}

fn day(days: i32) -> Option<String> {
    let origin = NaiveDate::default();
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = match days {
        0.. => origin.checked_add_days(distance),
        _ => origin.checked_sub_days(distance),
    }?;
    has_four_digits(date.year()).then(|| format!("\"{}\"", date.format("%Y-%m-%d")))
}

fn instant(milliseconds: i64) -> Option<String> {
    let instant = DateTime::from_timestamp_millis(milliseconds)?;
    has_four_digits(instant.year()).then(|| {
        format!(
            "\"{}\"",
            instant.to_rfc3339_opts(SecondsFormat::Millis, true)
        )
    })
}

fn has_four_digits(year: i32) -> bool {
    (1..=9999).contains(&year)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn check(value: ScalarValue, lower: Option<&str>, upper: Option<&str>) {
        assert_eq!(
            lower_literal(&value).as_deref(),
            lower,
            "lower bound of {value}"
        );
        assert_eq!(
            upper_literal(&value).as_deref(),
            upper,
            "upper bound of {value}"
        );
    }

    fn same(value: ScalarValue, literal: &str) {
        check(value, Some(literal), Some(literal));
    }

    #[test]
    fn exact_types_are_written_digit_by_digit() {
        same(ScalarValue::from(-7_i32), "-7");
        same(ScalarValue::from(i64::MAX), "9223372036854775807");
        same(
            ScalarValue::Decimal128(Some(12_345_678_901_234_567), 18, 4),
            "1234567890123.4567",
        );
        same(ScalarValue::Decimal128(Some(-5), 18, 4), "-0.0005");
        same(ScalarValue::Decimal128(Some(7), 9, 0), "7");
        same(ScalarValue::Date32(Some(0)), "\"1970-01-01\"");
        same(ScalarValue::Date32(Some(-25_567)), "\"1900-01-01\"");
        same(ScalarValue::from(true), "true");
        same(ScalarValue::from(0.1_f64), "0.1");
    }

    #[test]
    fn what_json_cannot_hold_is_left_out() {
        check(ScalarValue::from(f64::NAN), None, None);
        check(ScalarValue::from(f64::INFINITY), None, None);
        check(ScalarValue::Int32(None), None, None);
        check(ScalarValue::Date32(Some(i32::MAX)), None, None);
    }

    #[test]
    fn instants_are_widened_to_milliseconds() {
        let utc = || Some("UTC".into());
        let at = |micros| ScalarValue::TimestampMicrosecond(Some(micros), utc());
        let (low, high) = (
            "\"1970-01-01T00:00:00.001Z\"",
            "\"1970-01-01T00:00:00.002Z\"",
        );
        check(at(1_000), Some(low), Some(low));
        check(at(1_001), Some(low), Some(high));
        check(
            at(-1),
            Some("\"1969-12-31T23:59:59.999Z\""),
            Some("\"1970-01-01T00:00:00.000Z\""),
        );
        same(at(-62_135_596_800_000_000), "\"0001-01-01T00:00:00.000Z\"");
        same(at(253_402_214_400_000_000), "\"9999-12-31T00:00:00.000Z\"");
    }

    #[test]
    fn long_texts_are_cut_and_stay_bounds() {
        same(ScalarValue::from("say \"好\""), "\"say \\\"好\\\"\"");
        let long = "a".repeat(40);
        let cut = format!("\"{}\"", "a".repeat(32));
        check(
            ScalarValue::from(long.as_str()),
            Some(&cut),
            Some(&format!("\"{}b\"", "a".repeat(31))),
        );
        let edge = format!("{}\u{10FFFF}\u{10FFFF}", "好".repeat(31));
        let upper = upper_text(&edge).unwrap();
        assert!(upper.as_str() > edge.as_str(), "{upper} comes after {edge}");
        assert_eq!(upper_text(&"\u{10FFFF}".repeat(33)), None);
        assert!(upper_text(&"\u{D7FF}".repeat(33)).unwrap() > "\u{D7FF}".repeat(33));
    }
}
