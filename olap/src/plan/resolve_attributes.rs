//! What an answer tells of members: attributes of levels that stand on axes.

use super::resolve_order::position_of;
use super::resolved::{ResolvedAttribute, ResolvedAxis};
use crate::error::QueryFaults;
use crate::model::{CubeView, find_level};
use crate::query::AttributeRef;

/// Finds the attributes that a query asks for.
pub(crate) fn resolve_attributes(
    view: &CubeView,
    asked: &[AttributeRef],
    axes: &[ResolvedAxis],
    faults: &mut QueryFaults,
) -> Vec<ResolvedAttribute> {
    let mut resolved: Vec<ResolvedAttribute> = Vec::new();
    for (number, asked) in asked.iter().enumerate() {
        let place = format!("attributes[{number}]");
        let Some(found) = resolve_attribute(view, asked, axes, &place, faults) else {
            continue;
        };
        match resolved.contains(&found) {
            true => faults.invalid(&place, format!("attribute '{asked}' is asked twice"), None),
            false => resolved.push(found),
        }
    }
    resolved
}

fn resolve_attribute(
    view: &CubeView,
    asked: &AttributeRef,
    axes: &[ResolvedAxis],
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedAttribute> {
    let found = find_level(view, &asked.level, place, faults)?;
    let level = found.hierarchy.levels.get(found.depth)?;
    let told = level
        .attributes
        .iter()
        .find(|it| it.name == asked.attribute);
    let Some(told) = told else {
        let known = level.attributes.iter().map(|it| it.name.as_str());
        let what = format!("attribute of level '{}'", asked.level);
        faults.unknown(place, &what, &asked.attribute, known);
        return None;
    };
    let Some((axis, position)) = position_of(axes, &found.level_at(found.depth)?) else {
        let message = format!("level '{}' stands on no axis of the query", asked.level);
        let hint = "ask for attributes of levels that are shown";
        faults.invalid(place, message, Some(hint.into()));
        return None;
    };
    Some(ResolvedAttribute {
        axis,
        position,
        name: told.name.clone(),
        caption: told.caption.clone(),
        column: told.column.clone(),
    })
}
