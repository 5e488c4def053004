//! Outriggers: what dimensions may refer to, and that nobody refers to itself by others.

use std::collections::BTreeSet;

use crate::model::dimension::{Dimension, DimensionKind, Outrigger};

use super::{Check, Spot, within};

pub(super) fn check(check: &mut Check<'_>, dimension: &Dimension) {
    for outrigger in &dimension.outriggers {
        one(check, dimension, outrigger);
    }
}

fn one(check: &mut Check<'_>, dimension: &Dimension, outrigger: &Outrigger) {
    let spot = (
        "dimension",
        format!("{}/{}", dimension.name, outrigger.name),
    );
    let model = check.model;
    if let DimensionKind::Entity { entity, .. } = &dimension.kind
        && let Some((_, entity)) = model.entity(entity)
    {
        let columns: Vec<&str> = entity.columns.iter().map(|it| it.name.as_str()).collect();
        let at = within(&spot, "column", &outrigger.column);
        check.given(&at, "column of the entity", &outrigger.column, columns);
    }
    let names: Vec<&str> = model.dimensions.iter().map(|it| it.name.as_str()).collect();
    let at = within(&spot, "dimension", &outrigger.dimension);
    if !check.known(&at, "dimension", &outrigger.dimension, names) {
        return;
    }
    if let Some(reason) = model
        .dimension(&outrigger.dimension)
        .and_then(|target| unfit(check, target))
    {
        let message = format!(
            "outrigger '{}' cannot refer to dimension '{}': {reason}",
            outrigger.name, outrigger.dimension
        );
        check.fault(&at, message);
    } else if comes_back(check, dimension, &outrigger.dimension) {
        circle(check, &at, outrigger, dimension);
    }
}

/// Why the keys of a dimension cannot stand in another one.
fn unfit(check: &Check<'_>, target: &Dimension) -> Option<String> {
    let entity = match &target.kind {
        DimensionKind::Calendar(_) => return None,
        DimensionKind::TimeOfDay(_) => {
            return Some("it has times of day; let the star have a role of it".into());
        }
        DimensionKind::Entity { entity, .. } => entity,
        _ => return Some("it is made of combinations, which have no business key; let the star have a role of it".into()),
    };
    if target.is_versioned() {
        return Some(
            "it keeps history, and no date says which version is meant; let the star have a role of it, with 'as_of'".into(),
        );
    }
    let merges = check
        .model
        .entity(entity)
        .is_some_and(|(_, entity)| entity.merged_into.is_some());
    merges.then(|| "its members are merged ('merged_into'), and keys of merged members are retired; let the star have a role of it".into())
}

fn circle(check: &mut Check<'_>, spot: &Spot, outrigger: &Outrigger, dimension: &Dimension) {
    let message = format!(
        "outrigger '{}' leads back to dimension '{}', of which it is an attribute; break the circle",
        outrigger.name, dimension.name
    );
    check.fault(spot, message);
}

/// True if following outriggers from one dimension leads to another.
fn comes_back(check: &Check<'_>, to: &Dimension, from: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to.name {
            return true;
        }
        if seen.insert(name) {
            let next = check.model.dimension(name).map(|found| &found.outriggers);
            open.extend(next.into_iter().flatten().map(|it| it.dimension.as_str()));
        }
    }
    false
}
