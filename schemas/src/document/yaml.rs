//! YAML text to a [`Node`] tree with places, duplicate keys refused.

use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::faults::Faults;
use super::node::{Node, Place, Value};

/// Parses one YAML document; a syntax error is a fault with its place.
///
/// Anchors, aliases, tags and several documents in one file are refused: a model says what it means.
pub fn parse_yaml(file: &str, text: &str, faults: &mut Faults) -> Option<Node> {
    let mut builder = Builder {
        file: file.into(),
        parser: Parser::new_from_str(text),
        faults,
    };
    match builder.document() {
        Ok(node) => node,
        Err(error) => {
            let marker = error.marker();
            let place = Place {
                file: file.into(),
                line: marker.line(),
                column: marker.col() + 1,
            };
            builder
                .faults
                .add(&place, format!("not valid YAML: {}", error.info()));
            None
        }
    }
}

struct Builder<'t, 'f> {
    file: Arc<str>,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    faults: &'f mut Faults,
}

type Step<T> = Result<T, ScanError>;

impl<'t> Builder<'t, '_> {
    fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.clone(),
            line: span.start.line(),
            column: span.start.col() + 1,
        }
    }

    fn event(&mut self) -> Step<Option<(Event<'t>, Span)>> {
        self.parser.next().transpose()
    }

    fn document(&mut self) -> Step<Option<Node>> {
        let mut root = None;
        while let Some((event, span)) = self.event()? {
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
                Event::DocumentEnd | Event::StreamEnd => {}
                event if root.is_none() => root = Some(self.node(event, span)?),
                event => {
                    let place = self.place(span);
                    self.faults
                        .add(&place, "a second YAML document in one file");
                    self.node(event, span)?;
                }
            }
        }
        if root.is_none() {
            self.faults
                .add(&Place::whole(&self.file), "the file is empty");
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Step<Node> {
        let place = self.place(span);
        let value = match event {
            Event::Scalar(text, style, _, _) => scalar(&text, style),
            Event::SequenceStart(..) => self.sequence()?,
            Event::MappingStart(..) => self.mapping()?,
            Event::Alias(_) => {
                self.faults.add(
                    &place,
                    "YAML aliases are not supported; write the value out",
                );
                Value::Null
            }
            _ => Value::Null,
        };
        Ok(Node { place, value })
    }

    fn sequence(&mut self) -> Step<Value> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.event()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, span)?);
        }
        Ok(Value::Sequence(items))
    }

    fn mapping(&mut self) -> Step<Value> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        while let Some((event, span)) = self.event()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let mut key = self.node(event, span)?;
            match key.scalar_text() {
                Some(text) => key.value = Value::Text(text),
                None => self.faults.add(&key.place, "a key must be a plain name"),
            }
            let is_new = entries.iter().all(|(known, _)| known.value != key.value);
            if !is_new {
                let name = key.scalar_text().unwrap_or_default();
                self.faults
                    .add(&key.place, format!("'{name}' is given twice"));
            }
            if let Some((event, span)) = self.event()? {
                let value = self.node(event, span)?;
                // the second of two is told of here, and then left out
                entries.extend(is_new.then_some((key, value)));
            }
        }
        Ok(Value::Mapping(entries))
    }
}

/// Resolves a plain scalar by the YAML 1.2 core schema; quoted scalars are texts.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Value::Integer(integer));
    }
    let decimal = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    (decimal && text.parse::<f64>().is_ok()).then(|| Value::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn faults_of(text: &str) -> String {
        let mut faults = Faults::default();
        parse_yaml("m.yaml", text, &mut faults);
        faults.to_string()
    }

    #[test]
    fn values_know_their_place_and_kind() {
        let mut faults = Faults::default();
        let node = parse_yaml(
            "m.yaml",
            "a: 1\nb:\n  - x\n  - '2'\nc: 1.50\nd: 007\n",
            &mut faults,
        );
        let node = node.unwrap();
        assert!(faults.is_empty());
        assert_eq!(node.get("a").unwrap().value, Value::Integer(1));
        let Value::Sequence(items) = &node.get("b").unwrap().value else {
            unreachable!()
        };
        assert_eq!(items[1].value, Value::Text("2".into()));
        assert_eq!(items[1].place.to_string(), "m.yaml:4:5");
        assert_eq!(node.get("c").unwrap().value, Value::Number("1.50".into()));
        assert_eq!(node.get("d").unwrap().value, Value::Text("007".into()));
    }

    #[test]
    fn faults_name_line_and_column() {
        assert_eq!(faults_of("a: 1\na: 2\n"), "m.yaml:2:1: 'a' is given twice");
        assert!(faults_of("a: [1, 2\nb: 3\n").starts_with("m.yaml:2:"));
        assert_eq!(faults_of(""), "m.yaml: the file is empty");
    }
}
