//! Dimensions: attributes, hierarchies and where the members come from.

use crate::model::dimension::{Dimension, DimensionKind, Scd};
use crate::model::link::PARENT_ID;
use crate::model::types::DataType;

use super::{Check, hierarchy, mini, outrigger, within};

/// Columns that every dimension table has beside its attributes.
const RESERVED: [&str; 7] = [
    "source_system",
    "valid_from",
    "valid_to",
    "valid_from_basis",
    "is_current",
    "deleted_at_source",
    "audit_key",
];

pub(super) fn check(check: &mut Check<'_>, dimension: &Dimension) {
    if let DimensionKind::Entity { entity, key } = &dimension.kind
        && !entity_rules(check, dimension, (entity, key))
    {
        return;
    }
    if dimension.is_combination() {
        combination_rules(check, dimension);
    }
    mini::check(check, dimension);
    outrigger::check(check, dimension);
    column_rules(check, dimension);
    hierarchy::check(check, dimension);
}

/// The columns that the dimension takes from its entity; false if there is no such entity.
fn entity_rules(check: &mut Check<'_>, dimension: &Dimension, (entity, key): (&str, &str)) -> bool {
    let spot = ("dimension", dimension.name.clone());
    let Some((_, entity)) = check.entity(&spot, entity) else {
        return false;
    };
    let columns = entity.columns.iter();
    let columns: Vec<String> = columns.map(|column| column.name.clone()).collect();
    let known = || columns.iter().map(String::as_str);
    let at = within(&spot, "key", key);
    check.given(&at, "key column of the entity", key, known());
    if let Some(parent) = &dimension.parent {
        let at = within(&spot, "parent", &parent.column);
        check.given(&at, "column of the entity", &parent.column, known());
        if let Some(operator) = &parent.operator {
            operator_rules(check, dimension, operator);
        }
    }
    let fast = dimension.fast.iter().map(|fast| &fast.attribute);
    // columns that a load makes begin with _
    let declared = dimension.attributes.iter().chain(fast);
    let own = declared.filter(|it| !it.column.starts_with('_') && it.name != PARENT_ID);
    for attribute in own {
        let spot = (spot.0, format!("{}/{}", spot.1, attribute.name));
        let at = within(&spot, "column", &attribute.column);
        check.known(&at, "column of the entity", &attribute.column, known());
    }
    true
}

/// The operator of members is a text that holds for all their versions.
fn operator_rules(check: &mut Check<'_>, dimension: &Dimension, operator: &str) {
    let spot = ("dimension", dimension.name.clone());
    let spot = within(&within(&spot, "parent", "operator"), "operator", operator);
    let attributes = dimension.attributes.iter();
    let names = attributes.map(|attribute| attribute.name.as_str());
    if !check.known(&spot, "attribute", operator, names) {
        return;
    }
    let attribute = dimension.attribute(operator);
    if attribute.is_some_and(|it| it.data_type != DataType::Text || it.scd == Scd::Version) {
        let message = format!(
            "attribute '{operator}' cannot be the operator of members: it needs the type text, and no versions ('scd: 1')"
        );
        check.fault(&spot, message);
    }
}

/// No column stands twice.
fn column_rules(check: &mut Check<'_>, dimension: &Dimension) {
    let own = [
        dimension.key_column(),
        dimension.durable_key_column(),
        dimension.id_column(),
    ];
    let attributes = dimension.attributes.iter();
    let attributes = attributes.chain(dimension.fast.iter().map(|fast| &fast.attribute));
    let names = attributes.map(|attribute| attribute.name.as_str());
    let columns = own.iter().map(String::as_str).chain(RESERVED).chain(names);
    let columns: Vec<&str> = columns.collect();
    let spot = ("dimension", dimension.name.clone());
    check.unique(&spot, "column", columns);
}

fn combination_rules(check: &mut Check<'_>, dimension: &Dimension) {
    let name = &dimension.name;
    if dimension.attributes.is_empty() {
        let spot = ("dimension", name.clone());
        let message =
            format!("dimension '{name}' lacks 'attributes', of which it is to combine values");
        check.fault(&spot, message);
    }
    no_doubles(check, dimension);
}

/// Of a double each row may have another.
pub(super) fn no_doubles(check: &mut Check<'_>, dimension: &Dimension) {
    let name = &dimension.name;
    let doubles = dimension.attributes.iter();
    for attribute in doubles.filter(|attribute| attribute.data_type == DataType::Double) {
        let spot = ("dimension", format!("{name}/{}", attribute.name));
        let message = format!(
            "attribute '{}' of a combination is a double, of which each row may have another; declare a decimal, or \
             make it a measure",
            attribute.name
        );
        check.fault(&spot, message);
    }
}
