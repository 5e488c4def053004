//! TOML text to a [`Node`] tree with places; every syntax error is reported.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::Faults;
use super::node::{Node, Place, Value};

/// Parses a TOML document; syntax errors become faults with their places.
pub fn parse_toml(file: &str, text: &str, faults: &mut Faults) -> Node {
    let reader = Reader {
        file: file.into(),
        lines: line_starts(text),
        text,
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = reader.place(error.span().map_or(0, |span| span.start));
        faults.add(&place, format!("not valid TOML: {}", error.message()));
    }
    let place = Place {
        file: file.into(),
        line: 1,
        column: 1,
    };
    Node {
        place,
        value: reader.table(table.get_ref(), faults),
    }
}

struct Reader<'t> {
    file: Arc<str>,
    lines: Vec<usize>,
    text: &'t str,
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1];
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |part| part.chars().count())
            + 1;
        Place {
            file: self.file.clone(),
            line,
            column,
        }
    }

    fn table(&self, table: &DeTable<'_>, faults: &mut Faults) -> Value {
        let mut entries: Vec<(Node, Node)> = table
            .iter()
            .map(|(key, value)| {
                let place = self.place(key.span().start);
                let name = Node {
                    place,
                    value: Value::Text(key.get_ref().to_string()),
                };
                (name, self.node(value, faults))
            })
            .collect();
        entries.sort_by(|a, b| a.0.place.cmp(&b.0.place));
        Value::Mapping(entries)
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, faults: &mut Faults) -> Node {
        let place = self.place(value.span().start);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => {
                        faults.add(&place, format!("'{}' is out of range", number.as_str()));
                        Value::Null
                    }
                }
            }
            DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(instant) => Value::Text(instant.to_string()),
            DeValue::Array(items) => {
                Value::Sequence(items.iter().map(|item| self.node(item, faults)).collect())
            }
            DeValue::Table(table) => self.table(table, faults),
        };
        Node { place, value }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_know_their_place() {
        let mut faults = Faults::default();
        let node = parse_toml(
            "p.toml",
            "[olap]\nlisten = \"x\"\nrows = 1_000\n",
            &mut faults,
        );
        assert!(faults.is_empty());
        let rows = node.get("olap").unwrap().get("rows").unwrap();
        assert_eq!(rows.value, Value::Integer(1000));
        assert_eq!(rows.place.to_string(), "p.toml:3:8");
    }

    #[test]
    fn all_syntax_errors_are_reported() {
        let mut faults = Faults::default();
        parse_toml("p.toml", "a = \nb = 1\nc = ]\n", &mut faults);
        let text = faults.to_string();
        assert!(
            text.contains("p.toml:1:") && text.contains("p.toml:3:"),
            "{text}"
        );
    }
}
