//! Member keys of a level's own type: read from what a request says, written back into answers.

use std::fmt;

use chrono::{DateTime, NaiveDate};
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::DataType;

use crate::digits::parse_decimal;
use crate::query::MemberKey;

/// A key value that fits its level's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyValue(pub(crate) ScalarValue);

impl KeyValue {
    /// Reads a key as a level's type; the error says what does not fit.
    pub(crate) fn read(key: &MemberKey, data_type: DataType) -> Result<Self, String> {
        let text = key.to_string();
        let value = match (key, data_type) {
            (MemberKey::Boolean(_), kind) if kind != DataType::Boolean => None,
            (MemberKey::Date(_), kind) if !matches!(kind, DataType::Date | DataType::Text) => None,
            _ => read_text(&text, data_type),
        };
        value.map(Self).ok_or_else(|| {
            format!(
                "key '{text}' is {} where the level has {data_type}",
                with_article(key.kind())
            )
        })
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with('i') { "an" } else { "a" };
    format!("{article} {kind}")
}

fn read_text(text: &str, data_type: DataType) -> Option<ScalarValue> {
    Some(match data_type {
        DataType::Text => ScalarValue::Utf8(Some(text.to_owned())),
        DataType::Integer => ScalarValue::Int32(Some(text.parse().ok()?)),
        DataType::Bigint => ScalarValue::Int64(Some(text.parse().ok()?)),
        DataType::Decimal(precision, scale) => {
            let digits = parse_decimal(text, scale)?;
            ScalarValue::Decimal128(Some(digits), precision, scale)
        }
        DataType::Double => ScalarValue::Float64(Some(text.parse().ok()?)),
        DataType::Boolean => ScalarValue::Boolean(Some(text.parse().ok()?)),
        DataType::Date => ScalarValue::Date32(Some(days(text.parse().ok()?))),
        DataType::Timestamp => {
            let micros = DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros();
            ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
        }
    })
}

/// Days since 1970-01-01.
pub(crate) fn days(date: NaiveDate) -> i32 {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// The key of an engine's value; `None` for null.
pub(crate) fn member_key(value: &ScalarValue) -> Option<MemberKey> {
    if value.is_null() {
        return None;
    }
    Some(match value {
        ScalarValue::Int32(Some(number)) => MemberKey::Integer(i64::from(*number)),
        ScalarValue::Int64(Some(number)) => MemberKey::Integer(*number),
        ScalarValue::Boolean(Some(flag)) => MemberKey::Boolean(*flag),
        ScalarValue::Decimal128(Some(digits), _, scale) => {
            MemberKey::Decimal(decimal_text(*digits, *scale))
        }
        ScalarValue::Float64(Some(number)) => MemberKey::Decimal(number.to_string()),
        ScalarValue::Date32(Some(days)) => date_key(*days),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            MemberKey::Text(instant_text(*micros))
        }
        other => MemberKey::Text(other.try_as_str().flatten().unwrap_or_default().to_owned()),
    })
}

fn date_key(days: i32) -> MemberKey {
    let date = NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(i64::from(days)));
    date.map_or_else(|| MemberKey::Text(days.to_string()), MemberKey::Date)
}

/// An instant as RFC 3339 in UTC.
pub(crate) fn instant_text(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map(|instant| instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
        .unwrap_or_else(|| micros.to_string())
}

/// A decimal in full, with as many fraction digits as its scale.
pub(crate) fn decimal_text(digits: i128, scale: i8) -> String {
    let places = usize::try_from(scale).unwrap_or(0);
    let sign = if digits < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    match fraction.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{fraction}"),
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match member_key(&self.0) {
            Some(key) => write!(f, "{key}"),
            None => f.write_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn keys_take_the_level_type() {
        let read = |key: MemberKey, kind| KeyValue::read(&key, kind).map(|value| value.to_string());
        assert_eq!(read("2024".into(), DataType::Integer).unwrap(), "2024");
        assert_eq!(read(7.into(), DataType::Text).unwrap(), "7");
        assert_eq!(
            read("1.5".into(), DataType::Decimal(18, 4)).unwrap(),
            "1.5000"
        );
        assert_eq!(
            read("2024-02-29".into(), DataType::Date).unwrap(),
            "2024-02-29"
        );
        assert_eq!(
            read("abc".into(), DataType::Integer).unwrap_err(),
            "key 'abc' is a text where the level has integer"
        );
        assert!(read(MemberKey::Boolean(true), DataType::Text).is_err());
        assert!(read("2024-02-30".into(), DataType::Date).is_err());
        assert!(read("3000000000".into(), DataType::Integer).is_err());
    }

    #[test]
    fn decimals_are_read_and_written_in_full() {
        assert_eq!(parse_decimal("-0.05", 4), Some(-500));
        assert_eq!(parse_decimal("1.00001", 4), None);
        assert_eq!(parse_decimal("1e3", 4), None);
        assert_eq!(decimal_text(-500, 4), "-0.0500");
        assert_eq!(decimal_text(12, 0), "12");
    }
}
