//! Finds dimensions and levels by name; reports unknown ones with the nearest known name.

use super::view::{CubeView, DimensionView, HierarchyView};
use crate::error::QueryFaults;
use crate::query::LevelRef;

/// A level that was found.
#[derive(Clone, Copy)]
pub(crate) struct LevelMatch<'v> {
    pub(crate) dimension: &'v DimensionView,
    pub(crate) hierarchy: &'v HierarchyView,
    /// The depth of the level, from 0 for the coarsest.
    pub(crate) depth: usize,
}

impl LevelMatch<'_> {
    /// The level of another depth in the same hierarchy, by full name.
    pub(crate) fn level_at(&self, depth: usize) -> Option<LevelRef> {
        let level = self.hierarchy.levels.get(depth)?;
        Some(LevelRef {
            dimension: self.dimension.name.clone(),
            hierarchy: Some(self.hierarchy.name.clone()),
            level: level.name.clone(),
        })
    }
}

/// The dimension of that name.
pub(crate) fn find_dimension<'v>(
    cube: &'v CubeView,
    name: &str,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<&'v DimensionView> {
    let found = cube.dimension(name);
    if found.is_none() {
        let known = cube
            .dimensions
            .iter()
            .map(|dimension| dimension.name.as_str());
        faults.unknown(place, "dimension", name, known);
    }
    found
}

/// The level of that name.
pub(crate) fn find_level<'v>(
    cube: &'v CubeView,
    level: &LevelRef,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<LevelMatch<'v>> {
    let dimension = find_dimension(cube, &level.dimension, place, faults)?;
    match &level.hierarchy {
        Some(name) => {
            let hierarchy = find_hierarchy(dimension, name, place, faults)?;
            let depth = hierarchy.depth(&level.level);
            if depth.is_none() {
                report_level(&level.level, [hierarchy], place, faults);
            }
            Some(LevelMatch {
                dimension,
                hierarchy,
                depth: depth?,
            })
        }
        None => find_in_any_hierarchy(dimension, &level.level, place, faults),
    }
}

/// The hierarchy of that name in a dimension.
fn find_hierarchy<'v>(
    dimension: &'v DimensionView,
    name: &str,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<&'v HierarchyView> {
    let found = dimension.hierarchy(name);
    if found.is_none() {
        let known = dimension
            .hierarchies
            .iter()
            .map(|hierarchy| hierarchy.name.as_str());
        let what = format!("hierarchy of dimension '{}'", dimension.name);
        faults.unknown(place, &what, name, known);
    }
    found
}

fn find_in_any_hierarchy<'v>(
    dimension: &'v DimensionView,
    level: &str,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<LevelMatch<'v>> {
    let found: Vec<LevelMatch<'v>> = dimension
        .hierarchies
        .iter()
        .filter_map(|hierarchy| {
            hierarchy.depth(level).map(|depth| LevelMatch {
                dimension,
                hierarchy,
                depth,
            })
        })
        .collect();
    match found.as_slice() {
        [only] => Some(*only),
        [] => {
            report_level(level, &dimension.hierarchies, place, faults);
            None
        }
        several => {
            report_ambiguous(level, several, place, faults);
            None
        }
    }
}

fn report_level<'v>(
    level: &str,
    hierarchies: impl IntoIterator<Item = &'v HierarchyView>,
    place: &str,
    faults: &mut QueryFaults,
) {
    let known = hierarchies
        .into_iter()
        .flat_map(|hierarchy| &hierarchy.levels);
    faults.unknown(
        place,
        "level",
        level,
        known.map(|level| level.name.as_str()),
    );
}

fn report_ambiguous(level: &str, found: &[LevelMatch<'_>], place: &str, faults: &mut QueryFaults) {
    let candidates = found.iter().filter_map(|found| found.level_at(found.depth));
    let candidates: Vec<String> = candidates.map(|level| level.to_string()).collect();
    let message = format!("level '{level}' stands in several hierarchies");
    faults.invalid(
        place,
        message,
        Some(format!("write one of {}", candidates.join(", "))),
    );
}
