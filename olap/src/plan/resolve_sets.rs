//! Named sets of a cube: the conditions on members and the rankings that they stand for.

use super::resolve_filter::resolve_filter;
use super::resolve_measure::MeasureNames;
use super::resolve_order::resolve_top;
use super::resolved::{ResolvedFilter, ResolvedTop};
use crate::error::QueryFaults;
use crate::model::CubeView;
use crate::query::{Narrowing, parse_narrowing};

/// What the sets of a question stand for, in the order in which they are named.
#[derive(Default)]
pub(crate) struct ResolvedSets {
    pub(crate) filters: Vec<ResolvedFilter>,
    pub(crate) tops: Vec<ResolvedTop>,
}

/// Finds the sets that a question is narrowed to.
pub(crate) fn resolve_sets(
    view: &CubeView,
    names: &[String],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> ResolvedSets {
    let mut resolved = ResolvedSets::default();
    for (number, name) in names.iter().enumerate() {
        let place = format!("sets[{number}]");
        let Some(set) = view.sets.iter().find(|set| set.name == *name) else {
            let known = view.sets.iter().map(|set| set.name.as_str());
            faults.unknown(&place, "set", name, known);
            continue;
        };
        if names.iter().take(number).any(|before| before == name) {
            faults.invalid(&place, format!("set '{name}' is asked twice"), None);
        }
        for (step, text) in set.of.iter().enumerate() {
            let place = format!("set '{name}' [{step}]");
            match parse_narrowing(text) {
                Ok(Narrowing::Members(filter)) => {
                    let filter = resolve_filter(view, &filter, place, faults);
                    resolved.filters.extend(filter);
                }
                Ok(Narrowing::Ranking(top)) => {
                    let top = resolve_top(view, (&place, &top), &[], measures, faults);
                    resolved.tops.extend(top);
                }
                Err(error) => {
                    faults.invalid(&place, error.to_string(), Some("correct the model".into()));
                }
            }
        }
    }
    resolved
}
