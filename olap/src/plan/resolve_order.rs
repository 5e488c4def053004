//! Orders and rankings with their measures and levels found.

use super::resolve::resolve_level;
use super::resolve_measure::MeasureNames;
use super::resolved::{ResolvedAxis, ResolvedLevel, ResolvedSort, ResolvedTop};
use crate::error::QueryFaults;
use crate::model::CubeView;
use crate::query::{Sort, SortKey, Top};

/// Resolves the keys of the order.
pub(crate) fn resolve_sorts(
    view: &CubeView,
    sorts: &[Sort],
    axes: &[ResolvedAxis],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Vec<ResolvedSort> {
    let mut resolved = Vec::new();
    for (number, sort) in sorts.iter().enumerate() {
        let (place, descending) = (format!("sort[{number}]"), sort.descending);
        match &sort.by {
            SortKey::Measure(name) => {
                if measures.need(name, &place, faults) {
                    resolved.push(ResolvedSort::Measure {
                        name: name.clone(),
                        descending,
                    });
                }
            }
            SortKey::Level(level) => {
                let found = resolve_level(view, level, &place, faults);
                let on_axis = found.map(|level| (position_of(axes, &level), level));
                match on_axis {
                    Some((Some((axis, position)), _)) => {
                        resolved.push(ResolvedSort::Level {
                            axis,
                            position,
                            descending,
                        });
                    }
                    Some((None, level)) => {
                        let message = format!("level '{}' stands on no axis", level.name);
                        faults.invalid(&place, message, Some("put it on an axis first".into()));
                    }
                    None => {}
                }
            }
        }
    }
    resolved
}

/// The axis and position of a level.
fn position_of(axes: &[ResolvedAxis], level: &ResolvedLevel) -> Option<(usize, usize)> {
    axes.iter().enumerate().find_map(|(axis, on)| {
        let position = on
            .levels
            .iter()
            .position(|candidate| candidate.name == level.name)?;
        Some((axis, position))
    })
}

/// Resolves a ranking.
pub(crate) fn resolve_top(
    view: &CubeView,
    top: &Top,
    axes: &[ResolvedAxis],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Option<ResolvedTop> {
    let known = measures.need(&top.by, "top.by", faults);
    if top.n == 0 {
        faults.invalid("top.n", "a ranking of 0 members keeps nothing", None);
    }
    let per = match &top.per {
        Some(per) => Some(resolve_level(view, per, "top.per", faults)?),
        None => None,
    };
    let level = match &top.level {
        Some(level) => resolve_level(view, level, "top.level", faults)?,
        None => innermost_of_rows(axes, faults)?,
    };
    if per
        .as_ref()
        .is_some_and(|per| per.same_hierarchy(&level) && per.path.len() >= level.path.len())
    {
        let message = format!(
            "members of '{}' cannot be ranked within a level as fine",
            level.name
        );
        faults.invalid("top.per", message, Some("use a coarser level".into()));
    }
    known.then(|| ResolvedTop {
        n: top.n,
        by: top.by.clone(),
        bottom: top.bottom,
        level,
        per,
        ranked_across: None,
    })
}

fn innermost_of_rows(axes: &[ResolvedAxis], faults: &mut QueryFaults) -> Option<ResolvedLevel> {
    let level = axes.first().and_then(|rows| rows.levels.last()).cloned();
    if level.is_none() && faults.is_empty() {
        faults.invalid(
            "top.level",
            "the query has no level to rank",
            Some("name one".into()),
        );
    }
    level
}
