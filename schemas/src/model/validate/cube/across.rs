//! Cubes across others: their parts, the dimensions that these share, and measures taken from them.

use crate::model::cube::{Cube, CubeDimension, CubePart, Measure, MeasureKind};
use crate::model::cube_expression::ContextCall;
use crate::model::validate::{Check, Spot, within};

use super::calculated::calculated_rules;
use super::names_are_unique;

pub(super) fn check(check: &mut Check<'_>, spot: &Spot, cube: &Cube) {
    let name = &cube.name;
    if let Some(star) = &cube.star {
        let message = format!(
            "cube '{name}' is over a star or across others, not both; take away 'star' or 'across'"
        );
        check.fault(&within(spot, "star", star), message);
    }
    if let Some(column) = cube.drill_through.columns.first() {
        let message = format!(
            "cube '{name}' has no fact rows of its own; the cubes that it is across say what drill-through shows"
        );
        check.fault(&within(spot, "drill_through", column), message);
    }
    names_are_unique(check, spot, cube);
    let parts = cube.across.iter().map(|part| part.name.as_str());
    check.unique(spot, "part", parts);
    for part in &cube.across {
        part_rules(check, spot, cube, part);
    }
    for dimension in &cube.dimensions {
        dimension_rules(check, spot, cube, dimension);
    }
    for measure in &cube.measures {
        measure_rules(check, cube, measure);
    }
}

/// A part is a cube over a star, and its dimensions are roles there.
fn part_rules(check: &mut Check<'_>, spot: &Spot, cube: &Cube, part: &CubePart) {
    let model = check.model;
    let spot = &within(spot, "across", &part.name);
    let cubes = model.cubes.iter().map(|cube| cube.name.as_str());
    let at = within(spot, "cube", &part.cube);
    if !check.known(&at, "cube", &part.cube, cubes) {
        return;
    }
    let own = model.cube(&part.cube);
    if own.is_some_and(|own| !own.across.is_empty()) {
        let message = format!(
            "cube '{}' is across others itself; take its measures from those",
            part.cube
        );
        check.fault(&at, message);
    }
    let shared = cube.dimensions.iter().map(CubeDimension::name);
    let dimensions = own.into_iter().flat_map(|own| &own.dimensions);
    let roles = dimensions.filter_map(|dimension| match dimension {
        CubeDimension::Role { role } => Some(role.as_str()),
        _ => None,
    });
    for (name, role) in &part.dimensions {
        let at = (spot.0, format!("{}/{name}", spot.1));
        check.known(&at, "dimension of the cube", name, shared.clone());
        let what = format!("role of cube '{}'", part.cube);
        check.known(&at, &what, role, roles.clone());
    }
}

/// A shared dimension is of one conformed dimension wherever it is known.
fn dimension_rules(check: &mut Check<'_>, spot: &Spot, cube: &Cube, dimension: &CubeDimension) {
    let name = dimension.name();
    let CubeDimension::Shared { .. } = dimension else {
        let message = format!(
            "'{name}' is of a star; a cube across others declares the 'dimensions' that these share"
        );
        check.fault(&within(spot, "roles", name), message);
        return;
    };
    let at = within(spot, "dimensions", name);
    let roles = cube.shared_roles(check.model, name);
    let Some((first, others)) = roles.split_first() else {
        let message = format!("no cube that this one is across has dimension '{name}'");
        check.fault(&at, message);
        return;
    };
    if let Some(other) = others.iter().find(|it| it.dimension != first.dimension) {
        let message = format!(
            "dimension '{name}' is '{}' in one cube and '{}' in another; cubes share conformed dimensions only",
            first.dimension, other.dimension
        );
        check.fault(&at, message);
    }
}

/// A context is taken in the part of its measure, so that it is the measure of one part, which has the dimension.
pub(super) fn context_rules(check: &mut Check<'_>, at: &Spot, cube: &Cube, context: &ContextCall) {
    let Some(measure) = cube.measure(&context.measure) else {
        return;
    };
    let MeasureKind::OfPart { part, .. } = &measure.kind else {
        let message = format!(
            "'{context}' takes a calculated measure of a cube across others; take each measure that it is calculated from"
        );
        check.fault(at, message);
        return;
    };
    let has = |part: &CubePart| part.dimensions.contains_key(&context.dimension);
    if cube.part(part).is_some_and(|part| !has(part)) {
        let message = format!(
            "'{context}': '{part}' does not have '{}'",
            context.dimension
        );
        check.fault(at, message);
    }
}

fn measure_rules(check: &mut Check<'_>, cube: &Cube, measure: &Measure) {
    let spot = ("cube", format!("{}/{}", cube.name, measure.name));
    match &measure.kind {
        MeasureKind::Calculated { expression } => {
            calculated_rules(check, &spot, cube, measure, expression);
        }
        MeasureKind::Aggregate(_) => {
            let message = "a cube across others takes measures from these, as 'of: sales.revenue', and calculates with them";
            check.fault(&spot, message.into());
        }
        MeasureKind::OfPart { part, measure } => {
            let at = within(&spot, "of", &format!("{part}.{measure}"));
            let parts = cube.across.iter().map(|part| part.name.as_str());
            check.known(&at, "cube that this one is across", part, parts);
            let own = cube.part(part);
            let Some(own) = own.and_then(|part| check.model.cube(&part.cube)) else {
                return;
            };
            let names = own.measures.iter().map(|it| it.name.as_str());
            let what = format!("measure of cube '{}'", own.name);
            check.known(&at, &what, measure, names);
        }
    }
}
