//! A value and the place where it stands.

use std::fmt;
use std::sync::Arc;

/// File, line and column (both from 1) of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the user named it, or `flags` / `environment`.
    pub file: Arc<str>,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 where the whole file is meant.
    pub column: usize,
}

impl Place {
    /// The file as a whole.
    pub fn whole(file: &str) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file),
            _ => write!(f, "{}:{}:{}", self.file, self.line, self.column),
        }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value starts.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// What YAML and TOML have in common.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: an empty YAML value, `null` or `~`.
    Null,
    /// A text, or a plain scalar that is none of the others.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction; its text is kept so that decimals lose nothing.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping in file order; keys are texts.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// A short name of the kind of value, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Number(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// The value of a scalar as text, as the user wrote it.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Mapping(entries) = &self.value else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| matches!(&name.value, Value::Text(text) if text == key))
            .map(|(_, value)| value)
    }
}
