//! JSON objects cut into their members, each value as it is written, and numbers without a step through a float.

use serde::de::IgnoredAny;

/// Calls back with the name and the written value of each member of an object, with duplicates.
///
/// # Errors
/// What is wrong, if the text is no JSON object.
pub(super) fn members<'t>(
    text: &'t str,
    mut found: impl FnMut(&str, &'t str) -> Result<(), String>,
) -> Result<(), String> {
    let parsed = serde_json::from_str::<IgnoredAny>(text);
    parsed.map_err(|error| format!("it is not JSON: {}", place(&error)))?;
    // what follows relies on it being good JSON
    let mut rest = text.trim_ascii();
    rest = rest.strip_prefix('{').ok_or("it is JSON, but no object")?;
    loop {
        rest = rest
            .trim_ascii_start()
            .trim_start_matches(',')
            .trim_ascii_start();
        if rest.starts_with('}') || rest.is_empty() {
            return Ok(());
        }
        let (name, after) = rest.split_at(end_of_value(rest));
        rest = after
            .trim_ascii_start()
            .trim_start_matches(':')
            .trim_ascii_start();
        let (value, after) = rest.split_at(end_of_value(rest));
        rest = after;
        match plain_string(name) {
            Some(name) => found(name, value)?,
            None => found(&string(name)?, value)?,
        }
    }
}

fn place(error: &serde_json::Error) -> String {
    // a line of a file is always the first of its text
    error
        .to_string()
        .replace(" at line 1 column ", " at character ")
}

/// Where the value at the beginning of good JSON ends.
fn end_of_value(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
        if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
            return at;
        }
    }
    bytes.len()
}

/// The place of the quote that closes the string that begins there.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        match bytes[at + found] {
            b'"' => return at + found,
            _ => at += found + 2,
        }
    }
    bytes.len()
}

/// What a string holds, if it is written without escapes.
pub(super) fn plain_string(written: &str) -> Option<&str> {
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// What a string holds.
///
/// # Errors
/// If its escapes are no text.
pub(super) fn string(written: &str) -> Result<String, String> {
    serde_json::from_str(written).map_err(|error| format!("it is not JSON: {}", place(&error)))
}

/// A number without exponent, and without a fraction of zeros: the same number in other digits. `None` if it would
/// have very many.
pub(super) fn plain_number(written: &str) -> Option<String> {
    const MOST_DIGITS: usize = 100;
    let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".into());
    }
    let exponent: i64 = exponent.parse().ok()?;
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = |number: i64| {
        let number = usize::try_from(number).unwrap_or(0);
        (number + digits.len() <= MOST_DIGITS).then(|| "0".repeat(number))
    };
    let before = zeros(point.checked_neg()?)?;
    let after = zeros(point - i64::try_from(digits.len()).ok()?)?;
    let digits = format!("{before}{digits}{after}");
    let at = usize::try_from(point).unwrap_or(0).min(digits.len());
    let (whole, fraction) = digits.split_at(at);
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match fraction.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn cut(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut all = Vec::new();
        members(text, |name, value| {
            all.push((name.to_owned(), value.to_owned()));
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn members_are_cut_as_they_are_written() {
        let text = r#" {"a" : 1.50 ,"b":"x,\"}y\\", "c\u0041":{"d":[1,"]",{}],"e":null},"f":[],"a":-0e2 , "g":true} "#;
        let expected = [
            ("a", "1.50"),
            ("b", r#""x,\"}y\\""#),
            ("cA", r#"{"d":[1,"]",{}],"e":null}"#),
            ("f", "[]"),
            ("a", "-0e2"),
            ("g", "true"),
        ];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect();
        assert_eq!(cut(text).unwrap(), expected);
        assert_eq!(cut("{}").unwrap(), []);
        assert_eq!(cut(" { } ").unwrap(), []);
    }

    #[test]
    fn what_is_no_object_is_told() {
        for bad in [
            "{",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":1} x",
            "{\"a\":\"\t\"}",
        ] {
            assert!(
                cut(bad).unwrap_err().starts_with("it is not JSON: "),
                "{bad}"
            );
        }
        for other in ["[1]", "1", "\"{}\"", "null"] {
            assert_eq!(cut(other).unwrap_err(), "it is JSON, but no object");
        }
    }

    #[test]
    fn numbers_stay_the_same_in_other_digits() {
        let cases = [
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("-1.0", "-1"),
            ("12.345e2", "1234.5"),
            ("12.345e-4", "0.0012345"),
            ("-6.7E-5", "-0.000067"),
            ("0.1e1", "1"),
            ("0e999999", "0"),
            ("-0.0", "0"),
            ("100", "100"),
            (
                "12345678901234567890.123456789",
                "12345678901234567890.123456789",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(
                plain_number(written).as_deref(),
                Some(expected),
                "{written}"
            );
        }
        for endless in ["1e999999999", "1e-999999999", "1e99999999999999999999"] {
            assert_eq!(plain_number(endless), None);
        }
    }
}
