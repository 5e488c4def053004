//! How each declared column is asked for, and what decodes it.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::{self, InvalidValue, Table};

use crate::source::cell::{Cell, ColumnBuilder, TextRules, append_cell, column_builder};

use super::catalog::quoted;
use super::decode::{self, Decode, Decoder, Outcome, Rules};
use super::rows::Column;
use super::types::{PgType, Types};
use super::wire::Field;

/// One column on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selected {
    /// How the server is asked for it.
    pub(super) expression: String,
    /// What the server sends: the type by OID, for printing.
    pub(super) oid: u32,
    /// What it sends, resolved; `None` if it prints the values.
    pub(super) sent: Option<PgType>,
}

/// The OID of `text`, which printed values have.
const TEXT: u32 = 25;

/// Chooses for every declared column whether it travels in its binary form or as the text that the server prints.
pub(super) fn select(
    table: &Table,
    fields: &[Field],
    types: &Types,
    rules: Rules,
) -> Vec<Selected> {
    let columns = table.columns.iter().zip(fields);
    columns
        .map(|(column, field)| {
            let name = quoted(&column.origin);
            let sent = types.resolve(field.oid, field.modifier);
            match decode::declared(&sent, column.data_type, rules) {
                Some(_) => Selected {
                    expression: name,
                    oid: field.oid,
                    sent: Some(sent),
                },
                None => Selected {
                    expression: format!("{name}::text"),
                    oid: TEXT,
                    sent: None,
                },
            }
        })
        .collect()
}

/// The decoders of the columns.
pub(super) fn columns(table: &Table, selected: &[Selected], rules: Rules) -> Vec<Column> {
    let columns = table.columns.iter().zip(selected);
    columns
        .map(|(column, selected)| {
            let rules = Rules {
                clamp: column.invalid == InvalidValue::Clamp,
                ..rules
            };
            let sent = selected.sent.as_ref();
            let direct = sent.and_then(|sent| decode::declared(sent, column.data_type, rules));
            Column {
                decoder: direct.unwrap_or_else(|| printed(column, rules)),
                invalid: column.invalid,
                is_key: table.key.contains(&column.name),
            }
        })
        .collect()
}

fn printed(column: &model::Column, rules: Rules) -> Decoder {
    Box::new(Printed {
        builder: column_builder(column.data_type),
        pattern: column.pattern.clone(),
        rules,
    })
}

/// Values that the server prints and that are parsed by their declared type.
struct Printed {
    builder: ColumnBuilder,
    pattern: Option<String>,
    rules: Rules,
}

impl Decode for Printed {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        let cell = match std::str::from_utf8(raw) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::Bytes(raw),
        };
        let rules = TextRules {
            zone: self.rules.zone,
            pattern: self.pattern.as_deref(),
        };
        match append_cell(&mut self.builder, cell, rules) {
            Ok(()) => Outcome::Fits,
            Err(problem) => {
                self.builder.append_null();
                Outcome::Misfit(Cow::Owned(problem.reason))
            }
        }
    }

    fn null(&mut self) {
        self.builder.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(self.builder.finish())
    }
}
