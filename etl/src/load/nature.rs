//! What the rows of an entity say: present states, mined history or changes, and of which attributes the past is known.

use std::collections::BTreeSet;

use planisphere_schemas::model::{Dimension, Entity, parse_expression, referenced_columns};

use crate::dimension::Nature;

use super::build::Fed;

/// What the rows of an entity say.
pub(super) fn nature(entity: &Entity) -> Nature {
    match (&entity.changes, entity.from.ends_with("_versions")) {
        (Some(_), _) => Nature::Changes,
        (None, true) => Nature::Mined,
        (None, false) => Nature::Present,
    }
}

/// For each attribute whether the staged history knows its past values.
///
/// It does if the attribute depends on audited columns only: those of the driving row, and those by which
/// joined rows are found. What a joined row says is said for all times alike.
pub(super) fn audited(dimension: &Dimension, fed: &Fed<'_>) -> Vec<bool> {
    let entity = fed.entity;
    let table = entity
        .from
        .strip_suffix("_versions")
        .and_then(|name| fed.source.table(name));
    let Some(history) = table.and_then(|table| table.history.as_ref()) else {
        return vec![false; dimension.attributes.len()];
    };
    let knows = |column: &str| {
        let declared = entity.columns.iter().find(|known| known.name == column);
        let used = declared.map(|column| driving_columns(entity, &column.expression));
        used.is_some_and(|used| {
            !used.is_empty() && used.iter().all(|name| history.columns.contains(name))
        })
    };
    dimension
        .attributes
        .iter()
        .map(|attribute| knows(&attribute.column))
        .collect()
}

/// The columns of the driving row on which an expression depends, itself or through joins.
fn driving_columns(entity: &Entity, expression: &str) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let mut expressions = vec![expression.to_owned()];
    let mut joined = BTreeSet::new();
    while let Some(text) = expressions.pop() {
        let Ok(parsed) = parse_expression(&text) else {
            continue;
        };
        for (qualifier, name) in referenced_columns(&parsed) {
            match qualifier {
                Some(alias) if alias != entity.alias => {
                    let join = entity.joins.iter().find(|join| join.alias == alias);
                    if joined.insert(alias) {
                        expressions.extend(join.map(|join| join.on.clone()));
                    }
                }
                _ => {
                    columns.insert(name);
                }
            }
        }
    }
    columns
}
