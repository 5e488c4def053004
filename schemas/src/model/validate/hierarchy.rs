//! Hierarchies: levels that name attributes, levels that branches may lack, and trees of parents.

use std::collections::BTreeSet;

use crate::model::dimension::{Dimension, Hierarchy};
use crate::model::tree::Tree;

use super::{Check, Spot, within};

pub(super) fn check(check: &mut Check<'_>, dimension: &Dimension) {
    for hierarchy in &dimension.hierarchies {
        levels(check, dimension, hierarchy);
    }
    for tree in &dimension.trees {
        tree_rules(check, dimension, tree);
    }
}

fn levels(check: &mut Check<'_>, dimension: &Dimension, hierarchy: &Hierarchy) {
    for level in &hierarchy.levels {
        let place = format!("{}/{}/{}", dimension.name, hierarchy.name, level.name);
        let named = [
            ("key", &level.key),
            ("name", &level.name_en),
            ("name_zh", &level.name_zh),
            ("sort", &level.sort),
        ];
        let told = level.attributes.iter().map(|it| ("attributes", it));
        let named: Vec<_> = named.into_iter().chain(told).collect();
        attributes(check, dimension, &("dimension", place), &named);
    }
    let finest = hierarchy.levels.last();
    if let Some(level) = finest.filter(|level| level.optional) {
        let place = format!("{}/{}/{}", dimension.name, hierarchy.name, level.name);
        let message = format!(
            "level '{}' is the finest of hierarchy '{}' and cannot be optional: each member stands at it",
            level.name, hierarchy.name
        );
        check.fault(&("dimension", place), message);
    }
}

fn tree_rules(check: &mut Check<'_>, dimension: &Dimension, tree: &Tree) {
    let spot: Spot = ("dimension", format!("{}/{}", dimension.name, tree.name));
    if dimension.parent.is_none() {
        let message = format!(
            "hierarchy '{}' with 'depth' is the tree of a dimension's members, but dimension '{}' has no 'parent'",
            tree.name, dimension.name
        );
        check.fault(&spot, message);
    }
    if dimension.tree_table(tree) == dimension.closure_table() {
        let message = format!(
            "hierarchy '{}' would take the table {}, which holds the closure; call it otherwise",
            tree.name,
            dimension.closure_table()
        );
        check.fault(&spot, message);
    }
    let named = [
        ("name", &tree.name_en),
        ("name_zh", &tree.name_zh),
        ("sort", &tree.sort),
    ];
    attributes(check, dimension, &spot, &named);
}

/// The fields name attributes that there are.
fn attributes(
    check: &mut Check<'_>,
    dimension: &Dimension,
    spot: &Spot,
    named: &[(&str, &String)],
) {
    let id = dimension.id_column();
    let attributes = dimension.attributes.iter();
    let attributes = attributes.map(|attribute| attribute.name.as_str());
    let known: Vec<&str> = attributes.chain([id.as_str()]).collect();
    let mut checked = BTreeSet::new();
    for (field, name) in named.iter().filter(|(_, name)| checked.insert(*name)) {
        let spot = within(spot, field, name);
        check.known(&spot, "attribute", name, known.iter().copied());
    }
}
