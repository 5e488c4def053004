//! Drill-down and roll-up: queries derived from queries, by the levels of hierarchies alone.

use crate::error::{QueryFaults, Result};
use crate::model::{CubeView, LevelMatch, find_dimension, find_level};
use crate::query::{Condition, CubeQuery, Filter, LevelRef, MemberRef};

/// A level of the query that was found in the model.
struct OnAxis<'v> {
    axis: usize,
    position: usize,
    found: LevelMatch<'v>,
}

/// The query for the members below a member: its level gives way to a finer one, and the member is sliced.
pub(crate) fn drilled_down(
    view: &CubeView,
    query: &CubeQuery,
    axis: Option<usize>,
    member: &MemberRef,
    to: Option<&str>,
) -> Result<CubeQuery> {
    let mut faults = QueryFaults::default();
    let found = find_level(view, &member.level, "member.level", &mut faults);
    let Some(found) = found else {
        return faults.or(query.clone());
    };
    let target = finer_level(&found, to, &mut faults);
    let on_axis = levels_on_axes(view, query).into_iter().find(|level| {
        axis.is_none_or(|axis| axis == level.axis) && same_level(&level.found, &found)
    });
    if on_axis.is_none() {
        let message = format!("level '{}' stands on no axis of the query", member.level);
        faults.invalid(
            "member.level",
            message,
            Some("drill into a level that is shown".into()),
        );
    }
    let mut drilled = query.clone();
    if let (Some(on_axis), Some(target)) = (on_axis, target) {
        replace_level(view, &mut drilled, &on_axis, &target);
        let condition = Condition::In(vec![member.path.clone()]);
        drilled.filters.push(Filter {
            level: member.level.clone(),
            condition,
            drilled: true,
        });
        drilled.page_token = None;
        forget_attributes(view, &mut drilled);
    }
    faults.or(drilled)
}

fn finer_level(
    found: &LevelMatch<'_>,
    to: Option<&str>,
    faults: &mut QueryFaults,
) -> Option<LevelRef> {
    let finer = found
        .hierarchy
        .levels
        .get(found.depth + 1..)
        .unwrap_or_default();
    let depth = match to {
        None => (!finer.is_empty()).then_some(found.depth + 1),
        Some(name) => {
            let position = finer.iter().position(|level| level.name == name);
            if position.is_none() && !finer.is_empty() {
                let known = finer.iter().map(|level| level.name.as_str());
                faults.unknown("to", "finer level", name, known);
            }
            position.map(|position| found.depth + 1 + position)
        }
    };
    if finer.is_empty() {
        let hierarchy = &found.hierarchy.name;
        let message = format!("the level is the finest of hierarchy '{hierarchy}'");
        faults.invalid(
            "member.level",
            message,
            Some("drill through to the fact rows".into()),
        );
    }
    found.level_at(depth?)
}

/// The levels on all axes; names that the model lacks are left to `resolve`.
fn levels_on_axes<'v>(view: &'v CubeView, query: &CubeQuery) -> Vec<OnAxis<'v>> {
    let mut ignored = QueryFaults::default();
    let mut all = Vec::new();
    for (axis, on) in query.axes.iter().enumerate() {
        for (position, level) in on.levels.iter().enumerate() {
            let found = find_level(view, level, "", &mut ignored);
            all.extend(found.map(|found| OnAxis {
                axis,
                position,
                found,
            }));
        }
    }
    all
}

fn same_level(one: &LevelMatch<'_>, other: &LevelMatch<'_>) -> bool {
    same_hierarchy(one, other) && one.depth == other.depth
}

fn same_hierarchy(one: &LevelMatch<'_>, other: &LevelMatch<'_>) -> bool {
    one.dimension.name == other.dimension.name && one.hierarchy.name == other.hierarchy.name
}

/// Puts a level in the place of another; if it stands on an axis already, the other only goes.
fn replace_level(view: &CubeView, query: &mut CubeQuery, place: &OnAxis<'_>, by: &LevelRef) {
    let mut ignored = QueryFaults::default();
    let target = find_level(view, by, "", &mut ignored);
    let there = target.is_some_and(|target| {
        levels_on_axes(view, query)
            .iter()
            .any(|level| same_level(&level.found, &target))
    });
    let Some(axis) = query.axes.get_mut(place.axis) else {
        return;
    };
    if there {
        axis.levels.remove(place.position);
        axis.subtotals.without(place.position, axis.levels.len());
    } else if let Some(level) = axis.levels.get_mut(place.position) {
        *level = by.clone();
    }
}

/// The query one level up in a dimension; what drilling down into the new level's members added goes.
pub(crate) fn rolled_up(
    view: &CubeView,
    query: &CubeQuery,
    dimension: &str,
    hierarchy: Option<&str>,
) -> Result<CubeQuery> {
    let mut faults = QueryFaults::default();
    if find_dimension(view, dimension, "dimension", &mut faults).is_none() {
        return faults.or(query.clone());
    }
    let shown = levels_on_axes(view, query).into_iter().filter(|level| {
        level.found.dimension.name == dimension
            && hierarchy.is_none_or(|name| level.found.hierarchy.name == name)
    });
    let Some(finest) = shown.max_by_key(|level| level.found.depth) else {
        let message = format!("no level of dimension '{dimension}' stands on an axis");
        faults.invalid(
            "dimension",
            message,
            Some("roll up a dimension that is shown".into()),
        );
        return faults.or(query.clone());
    };
    let mut rolled = query.clone();
    rolled.page_token = None;
    match coarser_level(view, query, &finest) {
        Some(coarser) => replace_level(view, &mut rolled, &finest, &coarser),
        None => remove_level(&mut rolled, &finest),
    }
    forget_drills(view, &mut rolled, &finest.found);
    forget_attributes(view, &mut rolled);
    faults.or(rolled)
}

/// The level to go back to: that of the last drill in the hierarchy, else the next coarser one.
fn coarser_level(view: &CubeView, query: &CubeQuery, finest: &OnAxis<'_>) -> Option<LevelRef> {
    let drilled = drills(view, query).into_iter().map(|(_, found)| found);
    let depth = drilled
        .filter(|found| same_hierarchy(found, &finest.found) && found.depth < finest.found.depth)
        .map(|found| found.depth)
        .max()
        .or_else(|| finest.found.depth.checked_sub(1))?;
    finest.found.level_at(depth)
}

/// The filters that drilling down added, by position.
fn drills<'v>(view: &'v CubeView, query: &CubeQuery) -> Vec<(usize, LevelMatch<'v>)> {
    let mut ignored = QueryFaults::default();
    let numbered = query
        .filters
        .iter()
        .enumerate()
        .filter(|(_, filter)| filter.drilled);
    numbered
        .filter_map(|(number, filter)| {
            Some((number, find_level(view, &filter.level, "", &mut ignored)?))
        })
        .collect()
}

fn remove_level(query: &mut CubeQuery, place: &OnAxis<'_>) {
    if let Some(axis) = query.axes.get_mut(place.axis) {
        axis.levels.remove(place.position);
        axis.subtotals.without(place.position, axis.levels.len());
    }
}

/// Takes away what is told of members that the query no longer shows.
fn forget_attributes(view: &CubeView, query: &mut CubeQuery) {
    let mut ignored = QueryFaults::default();
    let shown = levels_on_axes(view, query);
    let is_shown = |level: &LevelRef, ignored: &mut QueryFaults| {
        let found = find_level(view, level, "", ignored);
        found.is_none_or(|found| shown.iter().any(|it| same_level(&it.found, &found)))
    };
    query
        .attributes
        .retain(|it| is_shown(&it.level, &mut ignored));
}

/// Takes away the slice of the last drill in a hierarchy.
fn forget_drills(view: &CubeView, query: &mut CubeQuery, left: &LevelMatch<'_>) {
    let drilled = drills(view, query);
    let last = drilled
        .iter()
        .filter(|(_, found)| same_hierarchy(found, left) && found.depth < left.depth)
        .max_by_key(|(_, found)| found.depth);
    if let Some((number, _)) = last {
        query.filters.remove(*number);
    }
}
