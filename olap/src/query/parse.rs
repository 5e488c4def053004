//! The short written forms of filters, measure filters, sorts and tops, for flags and query files.
//!
//! ```text
//! order_date.calendar.year = 2024              customer.segment.segment not in A, "B, C", @not_given
//! order_date.calendar.month from 2024/1/2 to 2024/3/7     order_date.calendar.day >= 2024-03-01
//! product.product contains bike           customer.customer begins with "A, B"
//! net_amount > 100        -net_amount        5 customer.customer.customer by net_amount per order_date.calendar.year
//! ```
//! Keys stay text here; the level's own type is known only when names are resolved.

use super::cube_query::{
    Bound, Comparison, Condition, Filter, Keep, MeasureFilter, Sort, SortKey, TextPlace, Top,
};
use super::level_ref::LevelRef;
use super::member::{MemberKey, MemberPath};

/// A text that is none of the short forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read '{text}': {reason}")]
pub struct ParseError {
    /// The text.
    pub text: String,
    /// Why not, and what is expected.
    pub reason: String,
}

fn error(text: &str, reason: impl Into<String>) -> ParseError {
    ParseError {
        text: text.trim().to_owned(),
        reason: reason.into(),
    }
}

/// Reads a condition on a level.
pub fn parse_filter(text: &str) -> Result<Filter, ParseError> {
    let at = level_end(text);
    let (level, rest) = (&text[..at], text[at..].trim());
    let level = parse_level(text, level)?;
    let condition = parse_condition(text, rest)?;
    Ok(Filter {
        level,
        condition,
        drilled: false,
    })
}

/// Where the level's name ends: at the first space or comparison sign.
fn level_end(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let end = text[start..].find(|c: char| c.is_whitespace() || "=<>!".contains(c));
    end.map_or(text.len(), |end| start + end)
}

fn parse_level(text: &str, level: &str) -> Result<LevelRef, ParseError> {
    level.parse().map_err(|reason: String| error(text, reason))
}

fn parse_condition(text: &str, rest: &str) -> Result<Condition, ParseError> {
    if let Some(members) = word(rest, "not in") {
        return Ok(Condition::NotIn(parse_members(text, members)?));
    }
    if let Some(members) = word(rest, "in") {
        return Ok(Condition::In(parse_members(text, members)?));
    }
    if let Some(range) = word(rest, "from") {
        return parse_range(text, range);
    }
    if let Some(to) = word(rest, "to") {
        return Ok(Condition::Range {
            from: None,
            to: Some(bound(text, to, true)?),
        });
    }
    if let Some(condition) = parse_text(text, rest)? {
        return Ok(condition);
    }
    let (comparison, value) = parse_comparison(text, rest)?;
    Ok(match comparison {
        Comparison::Equal => Condition::In(vec![parse_path(text, value)?]),
        Comparison::NotEqual => Condition::NotIn(vec![parse_path(text, value)?]),
        Comparison::Less => Condition::Range {
            from: None,
            to: Some(bound(text, value, false)?),
        },
        Comparison::LessOrEqual => Condition::Range {
            from: None,
            to: Some(bound(text, value, true)?),
        },
        Comparison::Greater => Condition::Range {
            from: Some(bound(text, value, false)?),
            to: None,
        },
        Comparison::GreaterOrEqual => Condition::Range {
            from: Some(bound(text, value, true)?),
            to: None,
        },
    })
}

const TEXT_PLACES: [(&str, TextPlace); 4] = [
    ("contains", TextPlace::Within),
    ("begins with", TextPlace::Beginning),
    ("ends with", TextPlace::End),
    ("is named", TextPlace::Whole),
];

/// `contains bike`: a condition on what people read of members.
fn parse_text(text: &str, rest: &str) -> Result<Option<Condition>, ParseError> {
    let mut places = TEXT_PLACES.iter();
    let found = places.find_map(|(words, place)| Some((*place, word(rest, words)?)));
    let Some((place, searched)) = found else {
        return Ok(None);
    };
    let MemberKey::Text(searched) = parse_key(text, searched)? else {
        return Err(error(text, "special members have no name to search"));
    };
    let text = searched;
    Ok(Some(Condition::Text { place, text }))
}

/// What follows `expected` if the text starts with it as words of their own.
fn word<'t>(text: &'t str, expected: &str) -> Option<&'t str> {
    let head = text.get(..expected.len())?;
    let rest = text.get(expected.len()..)?;
    let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (head.eq_ignore_ascii_case(expected) && ends).then(|| rest.trim())
}

fn parse_range(text: &str, range: &str) -> Result<Condition, ParseError> {
    let (from, to) = match split_outside_quotes(range, " to ") {
        Some((from, to)) => (from, Some(bound(text, to, true)?)),
        None => (range, None),
    };
    Ok(Condition::Range {
        from: Some(bound(text, from, true)?),
        to,
    })
}

fn bound(text: &str, path: &str, inclusive: bool) -> Result<Bound, ParseError> {
    Ok(Bound {
        path: parse_path(text, path)?,
        inclusive,
    })
}

fn parse_members(text: &str, mut rest: &str) -> Result<Vec<MemberPath>, ParseError> {
    let mut members = Vec::new();
    while let Some((member, after)) = split_outside_quotes(rest, ",") {
        members.push(parse_path(text, member)?);
        rest = after;
    }
    members.push(parse_path(text, rest)?);
    Ok(members)
}

fn parse_path(text: &str, mut rest: &str) -> Result<MemberPath, ParseError> {
    let mut keys = Vec::new();
    while let Some((key, after)) = split_outside_quotes(rest, "/") {
        keys.push(parse_key(text, key)?);
        rest = after;
    }
    keys.push(parse_key(text, rest)?);
    Ok(MemberPath(keys))
}

fn parse_key(text: &str, key: &str) -> Result<MemberKey, ParseError> {
    let key = key.trim();
    if let Some(inner) = key.strip_prefix('"') {
        return match inner.strip_suffix('"') {
            Some(inner) => Ok(MemberKey::Text(inner.replace("\"\"", "\""))),
            None => Err(error(text, "a quote is not closed")),
        };
    }
    match (key.is_empty(), key.strip_prefix('@')) {
        (true, _) => Err(error(text, "a member key is missing")),
        (_, Some(special)) => Ok(MemberKey::Special(special.to_owned())),
        _ => Ok(MemberKey::Text(key.to_owned())),
    }
}

/// Splits at the first separator that stands outside double quotes.
fn split_outside_quotes<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && text[at..].starts_with(separator) {
            return Some((&text[..at], &text[at + separator.len()..]));
        }
    }
    None
}

const COMPARISONS: [(&str, Comparison); 8] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<>", Comparison::NotEqual),
    ("!=", Comparison::NotEqual),
    ("==", Comparison::Equal),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

fn parse_comparison<'t>(text: &str, rest: &'t str) -> Result<(Comparison, &'t str), ParseError> {
    COMPARISONS
        .iter()
        .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?.trim())))
        .ok_or_else(|| {
            error(
                text,
                "expected one of = != < <= > >= in, not in, from … to …, to …, contains, begins with, ends with, is named after the name",
            )
        })
}

/// Reads a condition on a measure: `net_amount > 100`.
pub fn parse_measure_filter(text: &str) -> Result<MeasureFilter, ParseError> {
    let at = level_end(text);
    let (measure, rest) = (text[..at].trim(), text[at..].trim());
    let (comparison, value) = parse_comparison(text, rest)?;
    if measure.is_empty() || value.is_empty() {
        return Err(error(text, "expected a measure, a comparison and a number"));
    }
    Ok(MeasureFilter {
        measure: measure.to_owned(),
        comparison,
        value: value.to_owned(),
    })
}

/// Reads one key of the order: `net_amount`, `-net_amount`, `order_date.calendar.year desc`.
pub fn parse_sort(text: &str) -> Result<Sort, ParseError> {
    let trimmed = text.trim();
    let (name, descending) = match (trimmed.strip_prefix('-'), trimmed.split_once(' ')) {
        (Some(name), _) => (name, true),
        (None, Some((name, "desc"))) => (name, true),
        (None, Some((name, "asc"))) => (name, false),
        (None, Some(_)) => return Err(error(text, "expected 'asc' or 'desc' after the name")),
        (None, None) => (trimmed, false),
    };
    let by = match name.contains('.') {
        true => SortKey::Level(parse_level(text, name)?),
        false if name.is_empty() => return Err(error(text, "a measure or level is missing")),
        false => SortKey::Measure(name.to_owned()),
    };
    Ok(Sort { by, descending })
}

/// Reads a ranking or a condition on members: `5 by net_amount`, `bottom 3 product.product.product by quantity per customer.geography.country`,
/// `customer.customer.customer where net_amount > 1000`.
pub fn parse_top(text: &str) -> Result<Top, ParseError> {
    if let Some((level, condition)) = text.split_once(" where ") {
        let filter = parse_measure_filter(condition)?;
        return Ok(Top {
            keep: Keep::Where(filter.comparison, filter.value),
            by: filter.measure,
            level: Some(parse_level(text, level.trim())?),
            per: None,
        });
    }
    let mut words = text.split_whitespace().peekable();
    let bottom = words.next_if(|word| *word == "bottom").is_some();
    words.next_if(|word| *word == "top");
    let n = words.next().and_then(|word| word.parse().ok());
    let n = n.ok_or_else(|| error(text, "expected a number of members first"))?;
    let mut top = Top {
        keep: match bottom {
            true => Keep::Last(n),
            false => Keep::First(n),
        },
        by: String::new(),
        level: None,
        per: None,
    };
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| error(text, format!("nothing after '{word}'")))
        };
        match word {
            "by" => top.by = value()?.to_owned(),
            "per" => top.per = Some(parse_level(text, value()?)?),
            "of" => top.level = Some(parse_level(text, value()?)?),
            level => top.level = Some(parse_level(text, level)?),
        }
    }
    match top.by.is_empty() {
        true => Err(error(text, "expected 'by' and a measure")),
        false => Ok(top),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn condition(text: &str) -> Condition {
        parse_filter(text).unwrap().condition
    }

    #[test]
    fn filters_read_sets_ranges_paths_and_special_members() {
        assert_eq!(condition("a.b=2024"), Condition::In(vec!["2024".into()]));
        assert_eq!(
            condition("a.b not in X/Y, \"P/Q, R\", @not_given"),
            Condition::NotIn(vec![
                MemberPath::from_iter(["X", "Y"]),
                "P/Q, R".into(),
                MemberPath(vec![MemberKey::Special("not_given".into())]),
            ])
        );
        let bound = |text: &str, inclusive| {
            Some(Bound {
                path: text.into(),
                inclusive,
            })
        };
        assert_eq!(
            condition("a.h.b from 1 to 2"),
            Condition::Range {
                from: bound("1", true),
                to: bound("2", true)
            }
        );
        assert_eq!(
            condition("a.b < 7"),
            Condition::Range {
                from: None,
                to: bound("7", false)
            }
        );
        assert_eq!(
            parse_filter("a.h.b = 1").unwrap().level.to_string(),
            "a.h.b"
        );
    }

    #[test]
    fn bad_filters_say_what_is_expected() {
        assert!(
            parse_filter("year = 1")
                .unwrap_err()
                .to_string()
                .contains("dimension.hierarchy.level")
        );
        assert!(
            parse_filter("a.b 1")
                .unwrap_err()
                .reason
                .contains("expected one of")
        );
        assert!(
            parse_filter("a.b =")
                .unwrap_err()
                .reason
                .contains("missing")
        );
        assert!(
            parse_filter("a.b = \"x")
                .unwrap_err()
                .reason
                .contains("quote")
        );
    }

    #[test]
    fn measure_filters_sorts_and_tops_are_read() {
        let having = parse_measure_filter("net >= 1.5").unwrap();
        assert_eq!(
            (having.comparison, having.value.as_str()),
            (Comparison::GreaterOrEqual, "1.5")
        );
        let sort = parse_sort("-net").unwrap();
        assert!(sort.descending && sort.by == SortKey::Measure("net".into()));
        assert!(!parse_sort("d.h.l asc").unwrap().descending);
        assert!(parse_sort("net down").is_err());
        let top = parse_top("bottom 3 p.p by net per d.y").unwrap();
        assert_eq!((top.keep, top.by.as_str()), (Keep::Last(3), "net"));
        assert_eq!(top.per.unwrap().to_string(), "d.y");
        assert!(parse_top("3 p.p").is_err());
        let kept = parse_top("c.h.c where net >= 2.50").unwrap();
        let expected = Keep::Where(Comparison::GreaterOrEqual, "2.50".into());
        assert_eq!((kept.keep, kept.by.as_str()), (expected, "net"));
        assert_eq!(kept.level.unwrap().to_string(), "c.h.c");
        assert!(parse_top("c.h.c where net").is_err());
    }
}
