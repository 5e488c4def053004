//! Defaults and named sets: the levels that they begin with are levels of the cube, each in one hierarchy.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::model::cube::{Cube, CubeDimension};
use crate::model::validate::{Check, Spot, within};

/// The names of a dimension's levels, by hierarchy.
type Hierarchies = BTreeMap<String, Vec<String>>;

pub(super) fn check(check: &mut Check<'_>, spot: &Spot, cube: &Cube) {
    for text in &cube.defaults {
        level_rules(check, &within(spot, "defaults", text), cube, text);
    }
    let names = cube.sets.iter().map(|set| set.name.as_str());
    check.unique(spot, "set", names);
    for set in &cube.sets {
        let spot = (spot.0, format!("{}/sets/{}", spot.1, set.name));
        for text in &set.of {
            level_rules(check, &within(&spot, "of", text), cube, text);
        }
    }
}

/// The level with which a condition on members begins; the rest of it is read by the server's check.
fn level_rules(check: &mut Check<'_>, spot: &Spot, cube: &Cube, text: &str) {
    let end = |c: char| c.is_whitespace() || "=<>!".contains(c);
    let level = text.trim().split(end).next().unwrap_or_default();
    let parts: Vec<&str> = level.split('.').collect();
    let (dimension, hierarchy, level) = match parts.as_slice() {
        [dimension, level] => (*dimension, None, *level),
        [dimension, hierarchy, level] => (*dimension, Some(*hierarchy), *level),
        // a ranking begins with its number
        _ => return,
    };
    let known = cube.dimensions.iter().map(CubeDimension::name);
    if !check.known(spot, "dimension of the cube", dimension, known) {
        return;
    }
    let Some(hierarchies) = hierarchies(check.model, cube, dimension) else {
        return;
    };
    match hierarchy {
        Some(name) => {
            let known = hierarchies.keys().map(String::as_str);
            if check.known(spot, "hierarchy", name, known) {
                let levels = hierarchies.get(name).into_iter().flatten();
                check.known(spot, "level", level, levels.map(String::as_str));
            }
        }
        None => in_one_hierarchy(check, spot, (dimension, level), &hierarchies),
    }
}

fn in_one_hierarchy(
    check: &mut Check<'_>,
    spot: &Spot,
    (dimension, level): (&str, &str),
    hierarchies: &Hierarchies,
) {
    let levels = hierarchies.values().flatten().map(String::as_str);
    if !check.known(spot, "level", level, levels) {
        return;
    }
    let has_level = |levels: &[String]| levels.iter().any(|it| it == level);
    let having = hierarchies.iter().filter(|(_, levels)| has_level(levels));
    let candidates: Vec<String> = having
        .map(|(hierarchy, _)| format!("{dimension}.{hierarchy}.{level}"))
        .collect();
    if candidates.len() > 1 {
        let message = format!(
            "level '{level}' stands in several hierarchies: write one of {}",
            candidates.join(", ")
        );
        check.fault(spot, message);
    }
}

/// The hierarchies of a cube's dimension; `None` where its own files say nothing of them.
fn hierarchies(model: &Model, cube: &Cube, name: &str) -> Option<Hierarchies> {
    let dimension = cube.dimension(name)?;
    if let CubeDimension::Degenerate { columns, .. } = dimension {
        return Some([(name.to_owned(), columns.clone())].into());
    }
    let conformed = model.dimension(cube.role_in(model, dimension)?.dimension)?;
    let ways = conformed.ways().map(|way| {
        let levels = way.levels.iter().map(|level| level.name.clone());
        (way.name.clone(), levels.collect())
    });
    Some(ways.collect())
}
