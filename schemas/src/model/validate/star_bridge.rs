//! Bridges of a star: which entity says who is in a group, and of what.

use crate::model::bridge::Bridge;
use crate::model::dimension::Dimension;
use crate::model::star::Star;

use super::star_kind::States;
use super::{Check, Spot, within};

/// Columns that every bridge table has beside its keys.
const RESERVED: [&str; 2] = ["weight", "audit_key"];

/// What a bridge demands of its star, whose entity has these columns.
pub(super) fn bridge_rules(check: &mut Check<'_>, star: &Star, bridge: &Bridge, columns: &[&str]) {
    let spot: Spot = ("star", format!("{}/{}", star.name, bridge.name));
    names(check, &spot, star, bridge);
    dimension_rules(check, &spot, bridge);
    for column in &bridge.by {
        let spot = within(&spot, "by", column);
        let known = columns.iter().copied();
        check.known(&spot, "column of the entity", column, known);
    }
    if !bridge.facts.is_empty() && bridge.facts.len() != bridge.by.len() {
        let message = format!(
            "'facts' of bridge '{}' names {} columns, which are compared with the {} columns {}; say as many, or say 'by'",
            bridge.name,
            bridge.facts.len(),
            bridge.by.len(),
            bridge.by.join(", ")
        );
        check.fault(&within(&spot, "facts", &bridge.facts[0]), message);
    }
    if let Some(column) = &bridge.as_of {
        let spot = within(&spot, "as_of", column);
        let known = columns.iter().copied();
        check.known(&spot, "column of the entity", column, known);
    }
    entity_rules(check, &spot, bridge);
}

/// The names that a bridge takes for its table and its columns.
fn names(check: &mut Check<'_>, spot: &Spot, star: &Star, bridge: &Bridge) {
    let model = check.model;
    let mut others = model.stars.iter().filter(|other| other.name < star.name);
    if let Some(other) = others.find(|other| other.bridge(&bridge.name).is_some()) {
        let message = format!(
            "bridge '{}' is already declared in star '{}'; each has a table of its own",
            bridge.name, other.name
        );
        check.fault(spot, message);
    }
    if star.role(&bridge.name).is_some() {
        let message = format!(
            "bridge '{}' has the name of a dimension of its star; call it otherwise",
            bridge.name
        );
        check.fault(spot, message);
    }
    let table = bridge.table();
    let takes = |it: &&Dimension| {
        let mut trees = it.trees.iter();
        (it.parent.is_some() && it.closure_table() == table)
            || trees.any(|tree| it.tree_table(tree) == table)
    };
    if let Some(other) = model.dimensions.iter().find(takes) {
        let message = format!(
            "bridge '{}' would take the table {table}, which holds a tree of dimension '{}'; call it otherwise",
            bridge.name, other.name
        );
        check.fault(spot, message);
    }
    if RESERVED.contains(&bridge.key_column().as_str()) {
        let message = format!(
            "bridge '{}' would have a column '{}' twice; call it otherwise",
            bridge.name,
            bridge.key_column()
        );
        check.fault(spot, message);
    }
}

fn dimension_rules(check: &mut Check<'_>, spot: &Spot, bridge: &Bridge) {
    let model = check.model;
    let named = within(spot, "dimension", &bridge.dimension);
    let names = model.dimensions.iter().map(|it| it.name.as_str());
    check.known(&named, "dimension", &bridge.dimension, names);
    let Some(dimension) = model.dimension(&bridge.dimension) else {
        return;
    };
    if !dimension.has_entity() {
        let message = format!(
            "bridge '{}' leads to dimension '{}', whose members come from no entity; only others have business keys",
            bridge.name, dimension.name
        );
        check.fault(&named, message);
    }
    if dimension.is_versioned() && bridge.as_of.is_none() {
        let message = format!(
            "bridge '{}' lacks 'as_of': dimension '{}' keeps history, so the fact must say at which date",
            bridge.name, bridge.dimension
        );
        check.fault(spot, message);
    }
}

fn entity_rules(check: &mut Check<'_>, spot: &Spot, bridge: &Bridge) {
    let Some((_, entity)) = check.entity(spot, &bridge.entity) else {
        return;
    };
    let present = States::of(entity) == States::Present;
    let columns: Vec<String> = entity.columns.iter().map(|it| it.name.clone()).collect();
    let facts = bridge.facts.iter().map(|column| ("facts", column));
    let own = [
        ("column", Some(&bridge.column)),
        ("weight", bridge.weight.as_ref()),
    ];
    let own = own.into_iter().filter_map(|(field, it)| Some((field, it?)));
    for (field, column) in facts.chain(own).filter(|(_, column)| !column.is_empty()) {
        let spot = within(spot, field, column);
        let known = columns.iter().map(String::as_str);
        check.known(&spot, "column of the bridge's entity", column, known);
    }
    if !present {
        let message = format!(
            "entity '{}' holds changes; a bridge is made of present rows, one a fact and member",
            bridge.entity
        );
        check.fault(&within(spot, "entity", &bridge.entity), message);
    }
}

/// What a cube says of a name that is a bridge.
pub(super) fn not_in_cubes(star: &Star, name: &str) -> Option<String> {
    let bridge = star.bridge(name)?;
    Some(format!(
        "'{name}' is a bridge of star '{}', with many members a fact; cubes slice by it as one of their 'roles', here a column or role of one member is needed; SQL can by {} and its weight",
        star.name,
        bridge.table()
    ))
}
