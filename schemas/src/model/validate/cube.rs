//! Cubes: dimensions, measures and drill-through against the star, or against the cubes that one is across.

mod across;
mod calculated;
mod narrowing;

use crate::model::Model;
use crate::model::cube::{Aggregate, Aggregation, Cube, CubeDimension, Measure, MeasureKind};
use crate::model::sql::referenced_columns;
use crate::model::star::{FactMeasure, Star};
use crate::model::types::DataType;

use calculated::calculated_rules;

use super::star_bridge::not_in_cubes;
use super::{Check, Spot, star_corrections, within};

pub(super) fn check(check: &mut Check<'_>, cube: &Cube) {
    let spot = ("cube", cube.name.clone());
    narrowing::check(check, &spot, cube);
    if !cube.across.is_empty() {
        across::check(check, &spot, cube);
        return;
    }
    let model = check.model;
    let stars = model.stars.iter().map(|star| star.name.as_str());
    let name = cube.star.as_deref().unwrap_or_default();
    check.given(&within(&spot, "star", name), "star", name, stars);
    let Some(star) = model.star(name) else {
        return;
    };
    names_are_unique(check, &spot, cube);
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

fn names_are_unique(check: &mut Check<'_>, spot: &Spot, cube: &Cube) {
    kpi_rules(check, spot, cube);
    check.unique(
        spot,
        "dimension",
        cube.dimensions.iter().map(CubeDimension::name),
    );
    check.unique(
        spot,
        "measure",
        cube.measures.iter().map(|measure| measure.name.as_str()),
    );
    if cube.measures.is_empty() {
        check.fault(spot, format!("cube '{}' has no measures", cube.name));
    }
}

fn dimension_rules(check: &mut Check<'_>, spot: &Spot, star: &Star, dimension: &CubeDimension) {
    match dimension {
        CubeDimension::Role { role } => {
            let spot = within(spot, "roles", role);
            let bridges = star.bridges.iter().map(|bridge| bridge.name.as_str());
            let known: Vec<&str> = role_names(star).chain(bridges).collect();
            check.known(&spot, "role of the star", role, known);
        }
        CubeDimension::Shared { name, .. } => {
            let message = format!(
                "dimension '{name}' has to be one of the 'roles' of the star; 'dimensions' belong to cubes 'across' others"
            );
            check.fault(&within(spot, "dimensions", name), message);
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
        MeasureKind::OfPart { part, measure } => {
            let message = format!(
                "'of: {part}.{measure}' takes a measure from a cube that this one is 'across', and it is over a star"
            );
            check.fault(&spot, message);
        }
        MeasureKind::Aggregate(aggregate) => {
            aggregate_rules(check, &spot, star, aggregate);
            let (function, filter) = (aggregate.function, aggregate.filter.as_deref());
            star_corrections::aggregate_rules(check, &spot, star, (function, filter));
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

fn aggregate_rules(check: &mut Check<'_>, spot: &Spot, star: &Star, aggregate: &Aggregate) {
    let (function, of) = (aggregate.function, aggregate.of.as_deref());
    setting_rules(check, spot, star, aggregate);
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
        (_, Some(of)) => {
            check.known(spot, "measure of the fact", of, numbers);
        }
    }
}

/// What an indicator consists of are measures that can be asked.
fn kpi_rules(check: &mut Check<'_>, spot: &Spot, cube: &Cube) {
    check.unique(spot, "KPI", cube.kpis.iter().map(|kpi| kpi.name.as_str()));
    let shown = cube.measures.iter().filter(|measure| !measure.hidden);
    let shown: Vec<&str> = shown.map(|measure| measure.name.as_str()).collect();
    for kpi in &cube.kpis {
        for (field, measure) in kpi.measures().filter(|(_, it)| !it.is_empty()) {
            let spot = (
                spot.0,
                format!("{}/kpis/{}/{field}/{measure}", spot.1, kpi.name),
            );
            check.known(&spot, "measure of the cube", measure, shown.iter().copied());
        }
    }
}

/// What only some functions take: `at`, `over`, `approximate`.
fn setting_rules(check: &mut Check<'_>, spot: &Spot, star: &Star, aggregate: &Aggregate) {
    let function = aggregate.function;
    match (&aggregate.at, function == Aggregation::Percentile) {
        (None, true) => {
            let message = "the function needs 'at', a number from 0 to 1 such as 0.9";
            check.fault(spot, message.into());
        }
        (Some(_), false) => check.fault(spot, "only 'percentile' takes 'at'".into()),
        (Some(at), true) if !is_fraction(at) => {
            let message = format!("'{at}' is not a number from 0 to 1 with at most ten places");
            check.fault(&within(spot, "at", at), message);
        }
        _ => {}
    }
    if aggregate.approximate && !function.has_sketch() {
        let message = "only 'count_distinct', 'median' and 'percentile' can be approximate";
        check.fault(spot, message.into());
    }
    if let Some(message) = not_weighted(star, aggregate) {
        check.fault(spot, message);
    }
    if let Some(message) = not_signed(check.model, star, aggregate) {
        check.fault(spot, message);
    }
    let roles = calendar_roles(check.model, star);
    match (aggregate.over.as_deref(), function.is_of_periods()) {
        (Some(_), false) => {
            let message = "only 'first', 'last' and 'period_average' take 'over'";
            check.fault(spot, message.into());
        }
        (Some(over), true) => {
            let spot = within(spot, "over", over);
            check.known(&spot, "calendar role of the star", over, roles);
        }
        (None, true) if aggregate.periods(star).is_none() => {
            let message = format!(
                "the function needs 'over', the calendar role of its periods: {}",
                roles.join(", ")
            );
            check.fault(spot, message);
        }
        (None, _) => {}
    }
}

/// Why an aggregate cannot be weighted.
fn not_weighted(star: &Star, aggregate: &Aggregate) -> Option<String> {
    if !aggregate.weighted {
        return None;
    }
    let stored = aggregate.of.as_deref().and_then(|of| star.measure(of));
    let is_double = stored.is_some_and(|stored| stored.data_type == DataType::Double);
    match aggregate.function {
        Aggregation::Sum if is_double => {
            Some("a double cannot be shared out exactly; store it as a decimal".into())
        }
        Aggregation::Sum | Aggregation::Count if star.bridges.is_empty() => Some(format!(
            "star '{}' has no bridge by which anything could be weighted",
            star.name
        )),
        Aggregation::Sum | Aggregation::Count => None,
        _ => Some("only 'sum' and 'count' can be weighted".into()),
    }
}

/// Why an aggregate cannot take the operators of trees.
fn not_signed(model: &Model, star: &Star, aggregate: &Aggregate) -> Option<String> {
    if !aggregate.signed {
        return None;
    }
    let has_operator = |name: &str| {
        let parent = model.dimension(name).and_then(|it| it.parent.as_ref());
        parent.is_some_and(|parent| parent.operator.is_some())
    };
    if aggregate.function != Aggregation::Sum || aggregate.weighted {
        return Some("only a 'sum' that is not weighted can be signed".into());
    }
    if !star.roles.iter().any(|role| has_operator(&role.dimension)) {
        return Some(format!(
            "star '{}' has no dimension whose 'parent' has an 'operator' by which anything could be signed",
            star.name
        ));
    }
    None
}

/// True for a decimal number from 0 to 1 with at most ten places.
fn is_fraction(text: &str) -> bool {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_within = match whole {
        "0" => true,
        "1" => places.bytes().all(|digit| digit == b'0'),
        _ => false,
    };
    is_plain(places) && places.len() <= 10 && is_within
}

fn calendar_roles<'m>(model: &Model, star: &'m Star) -> Vec<&'m str> {
    let is_calendar = |name: &str| model.dimension(name).is_some_and(|it| it.is_calendar());
    let roles = star.roles.iter();
    roles
        .filter(|role| is_calendar(&role.dimension))
        .map(|role| role.name.as_str())
        .collect()
}

/// Why a measure cannot be summed.
fn not_summed(measure: &FactMeasure) -> String {
    let name = &measure.name;
    match &measure.semi_additive {
        None => format!("'{name}' is not additive and cannot be summed"),
        Some(semi) => format!(
            "'{name}' is a state, which cannot be summed over '{}'; ask for its last, first or period_average",
            semi.over
        ),
    }
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
