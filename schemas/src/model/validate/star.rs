//! Stars: roles, degenerate columns and measures against the entity and the dimensions.

use std::collections::BTreeSet;

use crate::model::bridge::Bridge;
use crate::model::dimension::Dimension;
use crate::model::periodic::PERIOD_END;
use crate::model::star::{Role, Star};

use super::star_bridge::bridge_rules;
use super::star_corrections::correction_rules;
use super::star_currency::currency_rules;
use super::star_kind::{States, kind_rules};
use super::{Check, Spot, within};

/// Columns that every fact table has beside its own.
const RESERVED: [&str; 4] = [
    "source_system",
    "source_row_id",
    "deleted_at_source",
    "audit_key",
];

pub(super) fn check(check: &mut Check<'_>, star: &Star) {
    let spot = ("star", star.name.clone());
    if star.grain.trim().is_empty() {
        check.fault(
            &spot,
            format!("star '{}' does not say its grain", star.name),
        );
    }
    let groups = star.bridges.iter().map(Bridge::group_column);
    let keys = star.roles.iter().map(Role::key_column).chain(groups);
    let keys: Vec<String> = keys.collect();
    let names = star.degenerate.iter().map(|column| &column.name);
    let names = names
        .chain(star.measures.iter().map(|measure| &measure.name))
        .map(String::as_str);
    let columns: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .chain(RESERVED)
        .chain(names)
        .collect();
    check.unique(&spot, "column", columns);
    let Some((_, entity)) = check.entity(&spot, &star.entity) else {
        return;
    };
    let states = States::of(entity);
    let columns: Vec<String> = entity
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    kind_rules(check, star, &columns, states);
    correction_rules(check, star, &columns);
    if star.periodic.is_some() {
        columns.push(PERIOD_END);
    }
    if let Some(currency) = &star.currency {
        currency_rules(check, star, currency, &columns);
    }
    for role in &star.roles {
        role_rules(check, star, role, &columns);
    }
    for bridge in &star.bridges {
        bridge_rules(check, star, bridge, &columns);
    }
    key_is_unique(check, &spot, star);
    for key in star.key.iter().filter(|key| !star.derives(key)) {
        check.known(
            &within(&spot, "key", key),
            "key column of the entity",
            key,
            columns.iter().copied(),
        );
    }
    let degenerate = star
        .degenerate
        .iter()
        .map(|column| (&column.name, &column.column));
    let measures = star
        .measures
        .iter()
        .map(|measure| (&measure.name, &measure.column));
    let own = degenerate.chain(measures);
    for (name, column) in own.filter(|(_, column)| !star.derives(column)) {
        let spot = ("star", format!("{}/{name}", star.name));
        check.known(
            &within(&spot, "column", column),
            "column of the entity",
            column,
            columns.iter().copied(),
        );
    }
    for measure in &star.measures {
        if !measure.data_type.is_number() {
            let spot = ("star", format!("{}/{}", star.name, measure.name));
            check.fault(&spot, format!("measure '{}' is not a number", measure.name));
        }
    }
}

fn key_is_unique(check: &mut Check<'_>, spot: &Spot, star: &Star) {
    let mut seen = BTreeSet::new();
    for key in star.key.iter().filter(|key| !seen.insert(*key)) {
        let spot = within(spot, "key", key);
        check.fault(&spot, format!("column '{key}' stands twice in the key"));
    }
}

fn role_rules(check: &mut Check<'_>, star: &Star, role: &Role, columns: &[&str]) {
    let milestones = star.milestones.as_ref();
    let milestone = milestones.and_then(|all| all.of_role(&role.name));
    let name = milestone.map_or(&role.name, |milestone| &milestone.name);
    let spot: Spot = ("star", format!("{}/{name}", star.name));
    let model = check.model;
    let names = model
        .dimensions
        .iter()
        .map(|dimension| dimension.name.as_str());
    let named = within(&spot, "dimension", &role.dimension);
    check.known(&named, "dimension", &role.dimension, names);
    let dimension = model.dimension(&role.dimension);
    if dimension.is_some_and(Dimension::is_combination) {
        combination_rules(check, (star, role), columns);
        return;
    }
    let own = |column: &'_ String| !column.is_empty();
    // a milestone has told that itself
    if !own(&role.column) && milestone.is_none() {
        check.fault(&spot, "a dimension of a star lacks 'column'".to_owned());
    }
    if let Some(name) = role.columns.keys().next() {
        let message = format!(
            "role '{}' has 'columns', which only a dimension of combinations has; say 'column'",
            role.name
        );
        check.fault(&within(&spot, "columns", name), message);
    }
    let columns_of_role = [
        ("column", Some(&role.column).filter(|column| own(column))),
        ("as_of", role.as_of.as_ref()),
    ];
    for (field, column) in columns_of_role {
        let Some(column) = column else { continue };
        check.known(
            &within(&spot, field, column),
            "column of the entity",
            column,
            columns.iter().copied(),
        );
    }
    let versioned = model
        .dimension(&role.dimension)
        .is_some_and(|found| found.is_versioned() || found.is_mini());
    if versioned && role.as_of.is_none() {
        let message = format!(
            "role '{}' lacks 'as_of': dimension '{}' keeps history, so the fact must say at which date",
            role.name, role.dimension
        );
        check.fault(&spot, message);
    }
}

/// A role of a dimension of combinations: each attribute has a column, and there is nothing else to say.
fn combination_rules(check: &mut Check<'_>, (star, role): (&Star, &Role), columns: &[&str]) {
    let spot: Spot = ("star", format!("{}/{}", star.name, role.name));
    let model = check.model;
    let Some(dimension) = model.dimension(&role.dimension) else {
        return;
    };
    let unfit = [
        ("column", !role.column.is_empty()),
        ("as_of", role.as_of.is_some()),
    ];
    for (field, _) in unfit.into_iter().filter(|(_, given)| *given) {
        let message = format!(
            "role '{}' cannot have '{field}': dimension '{}' is made of combinations; say 'columns', one for each attribute",
            role.name, role.dimension
        );
        check.fault(&within(&spot, field, ""), message);
    }
    let names = dimension.attributes.iter().map(|a| a.name.as_str());
    for attribute in role.columns.keys() {
        check.known(
            &spot,
            "attribute of the combination",
            attribute,
            names.clone(),
        );
    }
    for attribute in names {
        let column = role.column_of(attribute);
        check.known(
            &spot,
            "column of the entity",
            column,
            columns.iter().copied(),
        );
    }
}
