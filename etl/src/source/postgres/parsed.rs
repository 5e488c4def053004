//! Values that the server prints, parsed by their declared type.
//!
//! What the server's own casts from text take is taken: blanks around a value, and every word for true and false.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::{self, DataType};

use crate::source::cell::{Cell, ColumnBuilder, TextRules, append_cell, column_builder, side_of};

use super::decode::{Decode, Decoder, Outcome, Rules, nearest_double};

/// A decoder of texts for a column.
pub(super) fn parsed(column: &model::Column, rules: Rules) -> Decoder {
    let declared = column.data_type.unwrap_or(DataType::Text);
    Box::new(Parsed {
        declared,
        builder: column_builder(declared),
        pattern: column.pattern.clone(),
        rules,
    })
}

struct Parsed {
    declared: DataType,
    builder: ColumnBuilder,
    pattern: Option<String>,
    rules: Rules,
}

impl Parsed {
    fn add(&mut self, cell: Cell<'_>) -> Outcome {
        let rules = TextRules {
            zone: self.rules.zone,
            pattern: self.pattern.as_deref(),
            nearest: false,
        };
        match append_cell(&mut self.builder, cell, rules) {
            Ok(()) => Outcome::Fits,
            Err(problem) => {
                let side = match cell {
                    Cell::Text(text) => problem.side.or_else(|| side_of(text)),
                    _ => problem.side,
                };
                match side {
                    Some(side) if self.rules.clamp && self.builder.append_extreme(side) => {
                        Outcome::Clamped
                    }
                    _ => self.misfit(problem.reason),
                }
            }
        }
    }

    fn misfit(&mut self, reason: impl Into<Cow<'static, str>>) -> Outcome {
        self.builder.append_null();
        Outcome::misfit(reason)
    }

    fn double(&mut self, text: &str) -> Outcome {
        let misfit = match nearest_double(text) {
            Ok(value) => return self.add(Cell::Real(value)),
            Err(misfit) => misfit,
        };
        match misfit.beyond {
            Some(side) if self.rules.clamp && self.builder.append_extreme(side) => Outcome::Clamped,
            _ => self.misfit(misfit.reason),
        }
    }
}

impl Decode for Parsed {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        let Ok(text) = std::str::from_utf8(raw) else {
            return self.add(Cell::Bytes(raw));
        };
        match self.declared {
            DataType::Text => self.add(Cell::Text(text)),
            DataType::Double => self.double(text.trim_matches(is_blank)),
            DataType::Boolean => match truth(text.trim_matches(is_blank)) {
                Some(value) => self.add(Cell::Integer(value.into())),
                None => self.misfit("neither true nor false"),
            },
            _ => self.add(Cell::Text(text.trim_matches(is_blank))),
        }
    }

    fn null(&mut self) {
        self.builder.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.builder.finish()
    }
}

/// What the server takes for blanks around a value.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

/// What the server reads as true or false: any beginning of a word that means no other one.
fn truth(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    match text.as_str() {
        "1" | "on" => Some(true),
        "0" => Some(false),
        _ if begins("true", 1) || begins("yes", 1) => Some(true),
        _ if begins("false", 1) || begins("no", 1) || begins("off", 2) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_told_as_the_server_tells_it() {
        for (words, expected) in [
            ("t tr tru true TRUE y Yes on 1", Some(true)),
            ("f false F n no of OFF 0", Some(false)),
            ("o truest 2 nope - ja", None),
        ] {
            for word in words.split(' ') {
                assert_eq!(truth(word), expected, "{word}");
            }
        }
        assert_eq!(truth(""), None);
    }
}
