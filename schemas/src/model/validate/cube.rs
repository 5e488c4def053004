//! Cubes: dimensions, measures and drill-through against the star.

use std::collections::BTreeSet;

use crate::model::cube::{Aggregation, Cube, CubeDimension, Measure, MeasureKind};
use crate::model::sql::referenced_columns;
use crate::model::star::{FactMeasure, Star};

use super::star_bridge::not_in_cubes;
use super::{Check, Spot, star_corrections, within};

pub(super) fn check(check: &mut Check<'_>, cube: &Cube) {
    let spot = ("cube", cube.name.clone());
    let model = check.model;
    let stars = model.stars.iter().map(|star| star.name.as_str());
    check.given(
        &within(&spot, "star", &cube.star),
        "star",
        &cube.star,
        stars,
    );
    let Some(star) = model.star(&cube.star) else {
        return;
    };
    check.unique(
        &spot,
        "dimension",
        cube.dimensions.iter().map(CubeDimension::name),
    );
    check.unique(
        &spot,
        "measure",
        cube.measures.iter().map(|measure| measure.name.as_str()),
    );
    if cube.measures.is_empty() {
        check.fault(&spot, format!("cube '{}' has no measures", cube.name));
    }
    for dimension in &cube.dimensions {
        dimension_rules(check, &spot, star, dimension);
    }
    for measure in &cube.measures {
        measure_rules(check, cube, star, measure);
    }
    for column in &cube.drill_through.columns {
        let spot = within(&spot, "drill_through", column);
        drill_through_rules(check, &spot, star, column);
    }
}

fn dimension_rules(check: &mut Check<'_>, spot: &Spot, star: &Star, dimension: &CubeDimension) {
    match dimension {
        CubeDimension::Role { role } => {
            let spot = within(spot, "roles", role);
            if let Some(message) = not_in_cubes(star, role) {
                check.fault(&spot, message);
                return;
            }
            check.known(&spot, "role of the star", role, role_names(star));
        }
        CubeDimension::Degenerate { name, columns, .. } => {
            if columns.is_empty() {
                check.fault(spot, format!("degenerate dimension '{name}' lacks columns"));
            }
            let spot = (spot.0, format!("{}/{name}", spot.1));
            for column in columns {
                let spot = within(&spot, "columns", column);
                check.known(&spot, "degenerate column", column, degenerate_names(star));
            }
        }
    }
}

fn role_names(star: &Star) -> impl Iterator<Item = &str> + Clone {
    star.roles.iter().map(|role| role.name.as_str())
}

fn degenerate_names(star: &Star) -> impl Iterator<Item = &str> + Clone {
    star.degenerate.iter().map(|column| column.name.as_str())
}

fn measure_names(star: &Star) -> impl Iterator<Item = &str> + Clone {
    star.measures.iter().map(|measure| measure.name.as_str())
}

fn measure_rules(check: &mut Check<'_>, cube: &Cube, star: &Star, measure: &Measure) {
    let spot = ("cube", format!("{}/{}", cube.name, measure.name));
    match &measure.kind {
        MeasureKind::Calculated { expression } => {
            calculated_rules(check, &spot, cube, measure, expression);
        }
        MeasureKind::Aggregate {
            function,
            of,
            filter,
        } => {
            aggregate_rules(check, &spot, star, *function, of.as_deref());
            let aggregate = (*function, filter.as_deref());
            star_corrections::aggregate_rules(check, &spot, star, aggregate);
            if let Some(filter) = filter {
                let spot = within(&spot, "filter", filter);
                let Some(parsed) = check.expression(&spot, filter) else {
                    return;
                };
                let known: Vec<&str> = degenerate_names(star).chain(measure_names(star)).collect();
                for (_, column) in referenced_columns(&parsed) {
                    check.known(&spot, "column of the fact", &column, known.iter().copied());
                }
            }
        }
    }
}

fn aggregate_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    star: &Star,
    function: Aggregation,
    of: Option<&str>,
) {
    let numbers: Vec<&str> = measure_names(star).collect();
    let columns: Vec<&str> = measure_names(star).chain(degenerate_names(star)).collect();
    let spot = &of.map_or_else(|| spot.clone(), |of| within(spot, "of", of));
    if let Some(message) = of.and_then(|of| not_in_cubes(star, of)) {
        check.fault(spot, message);
        return;
    }
    match (function, of) {
        (Aggregation::Count, None) => {}
        (_, None) => check.fault(spot, "the function needs 'of', what it aggregates".into()),
        (Aggregation::Count | Aggregation::Min | Aggregation::Max, Some(of)) => {
            check.known(spot, "column of the fact", of, columns);
        }
        (Aggregation::CountDistinct, Some(of)) => {
            let known: Vec<&str> = columns.into_iter().chain(role_names(star)).collect();
            check.known(spot, "column or role of the fact", of, known);
        }
        (Aggregation::Sum, Some(of)) => {
            check.known(spot, "measure of the fact", of, numbers);
            if let Some(measure) = star.measure(of).filter(|measure| !measure.additive) {
                check.fault(spot, not_summed(measure));
            }
        }
        (Aggregation::Average | Aggregation::Median, Some(of)) => {
            check.known(spot, "measure of the fact", of, numbers);
        }
    }
}

/// Why a measure cannot be summed.
fn not_summed(measure: &FactMeasure) -> String {
    let name = &measure.name;
    match &measure.semi_additive {
        None => format!("'{name}' is not additive and cannot be summed"),
        Some(semi) => format!(
            "'{name}' is a state, which cannot be summed over '{}'; ask for its average, minimum or maximum",
            semi.over
        ),
    }
}

fn calculated_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    cube: &Cube,
    measure: &Measure,
    expression: &str,
) {
    let at = within(spot, "expression", expression);
    let Some(parsed) = check.expression(&at, expression) else {
        return;
    };
    let known: Vec<&str> = cube
        .measures
        .iter()
        .map(|measure| measure.name.as_str())
        .collect();
    for (_, name) in referenced_columns(&parsed) {
        check.known(&at, "measure of the cube", &name, known.iter().copied());
    }
    if reaches(cube, &measure.name, &measure.name, &mut BTreeSet::new()) {
        check.fault(
            spot,
            format!("measure '{}' is calculated from itself", measure.name),
        );
    }
}

/// True if the calculation of `from` leads to `target`.
fn reaches(cube: &Cube, from: &str, target: &str, seen: &mut BTreeSet<String>) -> bool {
    let Some(MeasureKind::Calculated { expression }) = cube.measure(from).map(|found| &found.kind)
    else {
        return false;
    };
    let Ok(parsed) = crate::model::sql::parse_expression(expression) else {
        return false;
    };
    referenced_columns(&parsed).into_iter().any(|(_, name)| {
        name == target || (seen.insert(name.clone()) && reaches(cube, &name, target, seen))
    })
}

fn drill_through_rules(check: &mut Check<'_>, spot: &Spot, star: &Star, column: &str) {
    let Some((role, attribute)) = column.split_once('.') else {
        let known: Vec<&str> = degenerate_names(star).chain(measure_names(star)).collect();
        check.known(spot, "column of the fact", column, known);
        return;
    };
    if let Some(message) = not_in_cubes(star, role) {
        check.fault(spot, message);
        return;
    }
    if !check.known(spot, "role of the star", role, role_names(star)) {
        return;
    }
    let model = check.model;
    let dimension = star
        .role(role)
        .and_then(|role| model.dimension(&role.dimension));
    if let Some(dimension) = dimension {
        let id = dimension.id_column();
        let names = dimension
            .attributes
            .iter()
            .map(|attribute| attribute.name.as_str());
        let known: Vec<&str> = names.chain([id.as_str()]).collect();
        check.known(spot, "attribute", attribute, known);
    }
}
