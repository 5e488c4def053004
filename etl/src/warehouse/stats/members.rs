//! The members of a JSON object with their values as they are written, so that numbers keep all of their digits.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// The names of an object's members and the texts of their values; nothing of what is no JSON object.
pub(super) fn members(object: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let Some(mut rest) = object.trim().strip_prefix('{') else {
        return found;
    };
    while let Some((name, after)) = next::<String>(rest) {
        let Some(value) = after.trim_start().strip_prefix(':') else {
            break;
        };
        let Some((_, after)) = next::<IgnoredAny>(value) else {
            break;
        };
        found.push((name, value[..value.len() - after.len()].trim()));
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    found
}

/// The value at the beginning of a text, and what follows it.
fn next<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Option<(T, &'a str)> {
    let mut values = Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_are_written() {
        let text =
            r#"{"numRecords":3,"minValues":{"a\"b":12345678901234567890.1234, "t":"x,}"},"e":{}}"#;
        let outer = members(text);
        let names: Vec<&str> = outer.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["numRecords", "minValues", "e"]);
        let inner = members(outer[1].1);
        assert_eq!(
            inner,
            [
                ("a\"b".to_owned(), "12345678901234567890.1234"),
                ("t".to_owned(), "\"x,}\"")
            ]
        );
        assert_eq!(members(outer[2].1), []);
        assert_eq!(members("[1]"), []);
    }
}
