//! Calculated measures: what they name, and that none is calculated from itself.

use std::collections::BTreeSet;

use crate::model::Model;
use crate::model::cube::{Cube, CubeDimension, Measure, MeasureKind};
use crate::model::cube_expression::{ContextCall, CubeExpression, parse_cube_expression};
use crate::model::dimension::Dimension;
use crate::model::sql::referenced_columns;
use crate::model::validate::{Check, Spot, within};

use super::across;

pub(super) fn calculated_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    cube: &Cube,
    measure: &Measure,
    expression: &str,
) {
    let at = within(spot, "expression", expression);
    let parsed = match parse_cube_expression(expression) {
        Ok(parsed) => parsed,
        Err(reason) => {
            check.fault(
                &at,
                format!("'{expression}' is not a SQL expression: {reason}"),
            );
            return;
        }
    };
    let known: Vec<&str> = cube
        .measures
        .iter()
        .map(|measure| measure.name.as_str())
        .collect();
    for name in inputs(&parsed) {
        check.known(&at, "measure of the cube", &name, known.iter().copied());
    }
    for context in &parsed.contexts {
        context_rules(check, &at, cube, context);
        if !cube.across.is_empty() {
            across::context_rules(check, &at, cube, context);
        }
    }
    if reaches(cube, &measure.name, &measure.name, &mut BTreeSet::new()) {
        check.fault(
            spot,
            format!("measure '{}' is calculated from itself", measure.name),
        );
    }
}

/// The measures that an expression is calculated from.
fn inputs(expression: &CubeExpression) -> BTreeSet<String> {
    let contexts: BTreeSet<String> = expression
        .contexts
        .iter()
        .map(ContextCall::to_string)
        .collect();
    let columns = referenced_columns(&expression.scalar).into_iter();
    let columns = columns.map(|(_, name)| name);
    let plain = columns.filter(|name| !contexts.contains(name));
    let source_measures = expression
        .contexts
        .iter()
        .map(|context| context.measure.clone());
    plain.chain(source_measures).collect()
}

/// The dimension and the level of a context are of the cube, and its measure is of no other context itself.
fn context_rules(check: &mut Check<'_>, at: &Spot, cube: &Cube, context: &ContextCall) {
    let dimensions = cube.dimensions.iter().map(CubeDimension::name);
    if !check.known(at, "dimension of the cube", &context.dimension, dimensions) {
        return;
    }
    if let Some(level) = &context.level {
        let levels = levels(check.model, cube, context);
        check.known(at, "level", level, levels.iter().map(String::as_str));
        if levels.iter().filter(|it| *it == level).count() > 1 {
            let message = format!(
                "level '{level}' stands in several hierarchies; write {}.<hierarchy>.{level}",
                context.dimension
            );
            check.fault(at, message);
        }
    }
    if leaves_its_cell(cube, &context.measure, &mut BTreeSet::new()) {
        let message = format!(
            "'{context}' takes a measure that is of another context itself; write one for both, or two measures"
        );
        check.fault(at, message);
    }
}

/// The levels that a context can name.
fn levels(model: &Model, cube: &Cube, context: &ContextCall) -> Vec<String> {
    let Some(dimension) = cube.dimension(&context.dimension) else {
        return Vec::new();
    };
    match dimension {
        CubeDimension::Degenerate { columns, .. } => columns.clone(),
        CubeDimension::Role { .. } | CubeDimension::Shared { .. } => {
            let role = cube.role_in(model, dimension);
            let dimension = role.and_then(|role| model.dimension(role.dimension));
            let hierarchies = dimension.into_iter().flat_map(Dimension::ways);
            let named = |name: &str| context.hierarchy.as_deref().is_none_or(|it| it == name);
            let hierarchies = hierarchies.filter(|hierarchy| named(&hierarchy.name));
            hierarchies
                .flat_map(|hierarchy| hierarchy.into_owned().levels)
                .map(|level| level.name)
                .collect()
        }
    }
}

/// True if a measure, or one that it is calculated from, is taken in another context.
fn leaves_its_cell(cube: &Cube, measure: &str, seen: &mut BTreeSet<String>) -> bool {
    let Some(MeasureKind::Calculated { expression }) = cube.measure(measure).map(|it| &it.kind)
    else {
        return false;
    };
    let Ok(parsed) = parse_cube_expression(expression) else {
        return false;
    };
    !parsed.contexts.is_empty()
        || inputs(&parsed)
            .into_iter()
            .any(|name| seen.insert(name.clone()) && leaves_its_cell(cube, &name, seen))
}

/// True if the calculation of `from` leads to `target`.
fn reaches(cube: &Cube, from: &str, target: &str, seen: &mut BTreeSet<String>) -> bool {
    let Some(MeasureKind::Calculated { expression }) = cube.measure(from).map(|found| &found.kind)
    else {
        return false;
    };
    let Ok(parsed) = parse_cube_expression(expression) else {
        return false;
    };
    inputs(&parsed).into_iter().any(|name| {
        name == target || (seen.insert(name.clone()) && reaches(cube, &name, target, seen))
    })
}
