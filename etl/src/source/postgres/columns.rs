//! How each declared column is asked for, and what decodes it.

use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field as ArrowField, Schema, SchemaRef};
use planisphere_schemas::model::{self, DataType, InvalidValue, Table};

use super::catalog::quoted;
use super::decode::{self, Decoder, Digits, Rules};
use super::parsed::parsed;
use super::rows::Column;
use super::types::PgType;
use super::wire::Field;

/// One column on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selected {
    /// How the server is asked for it.
    pub(super) expression: String,
    /// What the server sends: the type by OID, for printing.
    pub(super) oid: u32,
    /// What it sends, resolved; `None` if it prints the values.
    pub(super) sent: Option<PgType>,
    /// What it becomes.
    pub(super) arrow: Arrow,
    /// Precision and scale of numerics that declare none.
    pub(super) digits: Digits,
}

impl Selected {
    /// What the values are checked against, in words.
    pub(super) fn shown(&self, column: &model::Column) -> String {
        match column.data_type {
            Some(declared) => declared.to_string(),
            None => self.arrow.to_string(),
        }
    }
}

/// The OID of `text`, which printed values have.
const TEXT: u32 = 25;

/// Chooses for a column whether it travels in its binary form or as the text that the server prints.
pub(super) fn select(
    column: &model::Column,
    field: &Field,
    sent: PgType,
    digits: Digits,
    rules: Rules,
) -> Selected {
    let name = quoted(&column.origin);
    let direct = match column.data_type {
        _ if sent == PgType::Xml => None,
        Some(declared) => decode::declared(&sent, declared, rules).map(|_| declared.arrow()),
        None => decode::native(&sent, digits, rules).map(|(arrow, _)| arrow),
    };
    match direct {
        Some(arrow) => Selected {
            expression: name,
            oid: field.oid,
            sent: Some(sent),
            arrow,
            digits,
        },
        None => Selected {
            expression: format!("{name}::text"),
            oid: TEXT,
            sent: None,
            arrow: column.data_type.unwrap_or(DataType::Text).arrow(),
            digits,
        },
    }
}

/// The columns of the table's batches.
pub(super) fn schema(table: &Table, selected: &[Selected]) -> SchemaRef {
    let columns = table.columns.iter().zip(selected);
    let fields = columns
        .map(|(column, selected)| ArrowField::new(&column.name, selected.arrow.clone(), true))
        .collect::<Vec<_>>();
    Arc::new(Schema::new(fields))
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
            Column {
                decoder: direct(column, selected, rules).unwrap_or_else(|| parsed(column, rules)),
                invalid: column.invalid,
                is_key: table.key.contains(&column.name),
            }
        })
        .collect()
}

fn direct(column: &model::Column, selected: &Selected, rules: Rules) -> Option<Decoder> {
    let sent = selected.sent.as_ref()?;
    match column.data_type {
        Some(declared) => decode::declared(sent, declared, rules),
        None => decode::native(sent, selected.digits, rules).map(|(_, decoder)| decoder),
    }
}
