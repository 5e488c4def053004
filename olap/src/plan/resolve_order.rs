//! Orders and rankings with their measures and levels found.

use super::resolve::resolve_level;
use super::resolve_measure::{MeasureNames, resolve_condition};
use super::resolved::{ResolvedAxis, ResolvedKeep, ResolvedLevel, ResolvedSort, ResolvedTop};
use crate::error::QueryFaults;
use crate::model::CubeView;
use crate::query::{Keep, LevelRef, MeasureFilter, Sort, SortKey, Top};

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
                let on_axis = found.map(|level| (position_of(axes, &level.name), level));
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
pub(crate) fn position_of(axes: &[ResolvedAxis], level: &LevelRef) -> Option<(usize, usize)> {
    axes.iter().enumerate().find_map(|(axis, on)| {
        let position = on.levels.iter().position(|it| it.name == *level)?;
        Some((axis, position))
    })
}

/// More of them would ask the facts too often: each one asks what all before it have left.
const MOST_TOPS: usize = 5;

/// Resolves what keeps members by measures.
pub(crate) fn resolve_tops(
    view: &CubeView,
    tops: &[Top],
    axes: &[ResolvedAxis],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Vec<ResolvedTop> {
    let resolved = tops.iter().enumerate().map(|(at, top)| {
        // the only one is called as people write it
        let place = match tops.len() {
            1 => "top".to_owned(),
            _ => format!("tops[{at}]"),
        };
        resolve_top(view, (&place, top), axes, measures, faults)
    });
    resolved.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Refuses a question with too many rankings, those of its sets among them.
pub(crate) fn check_tops(tops: &[ResolvedTop], faults: &mut QueryFaults) {
    if tops.len() > MOST_TOPS {
        let message = format!(
            "{} rankings and conditions on members are too many",
            tops.len()
        );
        let hint = format!("ask for at most {MOST_TOPS}");
        faults.invalid("tops", message, Some(hint));
    }
}

/// Resolves one of them; `place` stands in messages.
pub(crate) fn resolve_top(
    view: &CubeView,
    (place, top): (&str, &Top),
    axes: &[ResolvedAxis],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Option<ResolvedTop> {
    let known = measures.need(&top.by, &format!("{place}.by"), faults);
    let keep = match &top.keep {
        Keep::First(0) | Keep::Last(0) => {
            let message = "a ranking of 0 members keeps nothing";
            faults.invalid(format!("{place}.n"), message, None);
            return None;
        }
        Keep::First(n) => ResolvedKeep::Ranked { n: *n, last: false },
        Keep::Last(n) => ResolvedKeep::Ranked { n: *n, last: true },
        Keep::Where(comparison, value) => {
            let asked = MeasureFilter {
                measure: top.by.clone(),
                comparison: *comparison,
                value: value.clone(),
            };
            ResolvedKeep::Where(resolve_condition(&asked, place, measures, faults)?)
        }
    };
    let per = match &top.per {
        Some(per) => Some(resolve_level(view, per, &format!("{place}.per"), faults)?),
        None => None,
    };
    let level = match &top.level {
        Some(level) => resolve_level(view, level, &format!("{place}.level"), faults)?,
        None => innermost_of_rows(axes, place, faults)?,
    };
    if per
        .as_ref()
        .is_some_and(|per| per.same_hierarchy(&level) && per.path.len() >= level.path.len())
    {
        let message = format!(
            "members of '{}' cannot be ranked within a level as fine",
            level.name
        );
        faults.invalid(
            format!("{place}.per"),
            message,
            Some("use a coarser level".into()),
        );
    }
    known.then(|| ResolvedTop {
        keep,
        by: top.by.clone(),
        level,
        per,
        ranked_across: None,
    })
}

fn innermost_of_rows(
    axes: &[ResolvedAxis],
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedLevel> {
    let level = axes.first().and_then(|rows| rows.levels.last()).cloned();
    if level.is_none() && faults.is_empty() {
        faults.invalid(
            format!("{place}.level"),
            "the query has no level to rank",
            Some("name one".into()),
        );
    }
    level
}
