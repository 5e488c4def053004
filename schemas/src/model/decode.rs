//! YAML nodes to model types. Names and references are checked later, in `validate.rs`.

use crate::document::{Decoder, Faults, Fields, Node, Place, Value};

use super::types::{Caption, DataType};

mod bridge;
mod calendar;
mod cube;
mod currency;
mod dimension;
mod file_format;
mod hierarchy;
mod milestones;
mod periodic;
mod source;
mod star;

pub(super) use cube::cube;
pub(super) use dimension::dimension;
pub(super) use source::source;
pub(super) use star::star;

/// Checks that an id is snake_case and returns it.
fn id(name: &str, place: &Place, faults: &mut Faults) -> String {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        faults.add(
            place,
            format!("id '{name}' must be snake_case: a-z, 0-9 and _"),
        );
    }
    name.to_owned()
}

/// The id of a file's object under `key`.
fn own_id(fields: &mut Fields<'_, '_>, key: &'static str) -> String {
    let Some(node) = fields.required(key) else {
        return String::new();
    };
    let text = String::decode(node, fields.faults()).unwrap_or_default();
    id(&text, &node.place, fields.faults())
}

/// The `caption`, or one made from the id.
fn caption(fields: &mut Fields<'_, '_>, id: &str) -> Caption {
    fields
        .want::<Caption>("caption")
        .unwrap_or_else(|| Caption::of_id(id))
}

/// A data type that must be given.
fn data_type(fields: &mut Fields<'_, '_>) -> DataType {
    fields.need::<DataType>("type").unwrap_or(DataType::Text)
}

/// A list of texts, or one text alone.
fn texts(fields: &mut Fields<'_, '_>, key: &'static str) -> Vec<String> {
    match fields.optional(key) {
        Some(Node {
            value: Value::Text(text),
            ..
        }) => vec![text.clone()],
        _ => fields.list(key),
    }
}

/// Lets `name: text` stand for `name: {type: text}`.
fn short_type(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Parses a type that stands alone.
fn type_of_text(node: &Node, faults: &mut Faults) -> DataType {
    DataType::decode(node, faults).unwrap_or(DataType::Text)
}
