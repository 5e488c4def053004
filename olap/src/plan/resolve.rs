//! `CubeQuery` to `ResolvedQuery`: every name found in the model, every fault of the query at once.
//!
//! Pure: whether the named members exist is asked later (`find_members`).

use std::collections::BTreeSet;
use std::sync::Arc;

use planisphere_schemas::model::{Cube, Model};

use super::planner::Planner;
use super::resolve_across::{check_dimensions, resolve_parts};
use super::resolve_attributes::resolve_attributes;
use super::resolve_bridges::check_bridges;
use super::resolve_filter::{resolve_filter, resolve_filters};
use super::resolve_measure::{MeasureNames, resolve_having};
use super::resolve_order::{check_tops, resolve_sorts, resolve_tops};
use super::resolve_sets::resolve_sets;
use super::resolve_trees::{check_signs, check_trees};
use super::resolved::{
    PathLevel, ResolvedAxis, ResolvedFilter, ResolvedHistory, ResolvedLevel, ResolvedQuery,
};
use super::signs::signed_roles;
use crate::error::{OlapError, QueryFaults, Result};
use crate::model::{CubeView, LevelMatch, find_level};
use crate::principal::{Policy, Principal};
use crate::query::{Axis, CubeQuery, History, Language, LevelRef, parse_filter};

/// A cube with the model that it stands in.
pub(crate) struct CubeOf<'m> {
    pub(crate) model: &'m Model,
    pub(crate) cube: &'m Cube,
    pub(crate) view: CubeView,
}

/// Finds a cube that the principal may see.
pub(crate) fn find_cube<'m>(
    model: &'m Model,
    name: &str,
    policy: Policy,
    principal: &Principal,
) -> Result<CubeOf<'m>> {
    let visible = |cube: &&Cube| policy.may_see_cube(principal, &cube.name);
    let Some(cube) = model.cube(name).filter(visible) else {
        let mut faults = QueryFaults::default();
        let known = model
            .cubes
            .iter()
            .filter(visible)
            .map(|cube| cube.name.as_str());
        faults.unknown("cube", "cube", name, known);
        return Err(OlapError::Faults { faults });
    };
    let view = CubeView::of(model, cube);
    let view = view.ok_or_else(|| Planner::internal(format!("cube '{name}' has no star")))?;
    Ok(CubeOf { model, cube, view })
}

/// Resolves a query; all faults of it are reported at once.
pub(crate) fn resolve(of: &CubeOf<'_>, query: &CubeQuery) -> Result<ResolvedQuery> {
    let mut faults = QueryFaults::default();
    let axes = resolve_axes(&of.view, &query.axes, &mut faults);
    let attributes = resolve_attributes(&of.view, &query.attributes, &axes, &mut faults);
    let mut filters = resolve_filters(&of.view, &query.filters, &mut faults);
    let mut measures = MeasureNames::of(of);
    measures.ask(&query.measures, &mut faults);
    let mut sets = resolve_sets(&of.view, &query.sets, &mut measures, &mut faults);
    filters.append(&mut sets.filters);
    let having = resolve_having(&query.measure_filters, &mut measures, &mut faults);
    let sort = resolve_sorts(&of.view, &query.sort, &axes, &mut measures, &mut faults);
    let own = resolve_tops(&of.view, &query.tops, &axes, &mut measures, &mut faults);
    let tops = [sets.tops, own].concat();
    check_tops(&tops, &mut faults);
    let language = resolve_locale(&query.locale, &mut faults);
    let mut measures = measures.finish(&mut faults);
    let across = resolve_parts(of, &mut measures, &mut faults);
    let star = of.cube.star_in(of.model);
    let star = star.or(across.first().map(|part| &part.star)).cloned();
    let resolved = star.map(|star| ResolvedQuery {
        cube: of.cube.name.clone(),
        across,
        axes,
        attributes,
        filters,
        cell: vec![],
        signs: signed_roles(of.model, &star, &measures),
        star,
        keeping: Arc::new(measures.clone()),
        measures,
        having,
        sort,
        tops,
        history: resolve_history(of.model, query.history),
        include_deleted: query.include_deleted,
        language,
        limit: query.limit,
    });
    check_limit(query, &mut faults);
    let resolved = resolved.map(|query| with_defaults(query, &of.view, &mut faults));
    if let Some(resolved) = &resolved {
        check_dimensions(resolved, &mut faults);
        check_bridges(resolved, &mut faults);
        check_trees(of.model, resolved, &mut faults);
        check_signs(resolved, &mut faults);
    }
    faults
        .or(resolved)?
        .ok_or_else(|| Planner::internal("a cube without a star"))
}

/// The query with the defaults of its cube for dimensions that it does not touch.
fn with_defaults(
    mut query: ResolvedQuery,
    view: &CubeView,
    faults: &mut QueryFaults,
) -> ResolvedQuery {
    query.add_defaults(resolve_defaults(view, faults));
    // what the whole question touches counts in each part of it, such as a ranking
    let touched = query.levels().map(|level| level.dimension().to_owned());
    let touched: BTreeSet<String> = touched.collect();
    for part in &mut query.across {
        part.keep_defaults(&touched);
    }
    query
}

/// The defaults of a cube.
pub(crate) fn resolve_defaults(view: &CubeView, faults: &mut QueryFaults) -> Vec<ResolvedFilter> {
    let mut resolved = Vec::new();
    for (number, text) in view.defaults.iter().enumerate() {
        let place = format!("defaults[{number}] of cube '{}'", view.name);
        match parse_filter(text) {
            Ok(filter) => resolved.extend(resolve_filter(view, &filter, place, faults)),
            Err(error) => {
                faults.invalid(&place, error.to_string(), Some("correct the model".into()))
            }
        }
    }
    resolved
}

fn check_limit(query: &CubeQuery, faults: &mut QueryFaults) {
    if query.limit == Some(0) {
        faults.invalid("limit", "a limit of 0 rows answers nothing", None);
    }
}

/// The language that a locale asks for; English beside the fault if there are no captions in it.
pub(crate) fn resolve_locale(locale: &str, faults: &mut QueryFaults) -> Language {
    locale.parse().unwrap_or_else(|message: String| {
        faults.invalid("locale", message, None);
        Language::default()
    })
}

/// Finds one level with its path.
pub(crate) fn resolve_level(
    view: &CubeView,
    level: &LevelRef,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedLevel> {
    find_level(view, level, place, faults).and_then(|found| resolved_level(&found))
}

/// The level that was found, with its path from the top.
pub(crate) fn resolved_level(found: &LevelMatch<'_>) -> Option<ResolvedLevel> {
    let path = found.hierarchy.levels.get(..=found.depth)?;
    Some(ResolvedLevel {
        name: found.level_at(found.depth)?,
        caption: path.last()?.caption.clone(),
        dimension_caption: found.dimension.caption.clone(),
        source: found.dimension.source.clone(),
        path: path
            .iter()
            .map(|level| PathLevel {
                name: level.name.clone(),
                caption: level.caption.clone(),
                key: level.key.clone(),
                name_en: level.name_en.clone(),
                name_zh: level.name_zh.clone(),
                sort: level.sort.clone(),
            })
            .collect(),
    })
}

fn resolve_axes(view: &CubeView, axes: &[Axis], faults: &mut QueryFaults) -> Vec<ResolvedAxis> {
    let mut asked = BTreeSet::new();
    let mut resolved = Vec::new();
    for (number, axis) in axes.iter().enumerate() {
        let mut levels: Vec<ResolvedLevel> = Vec::new();
        for (position, name) in axis.levels.iter().enumerate() {
            let place = format!("axes[{number}].levels[{position}]");
            let Some(level) = resolve_level(view, name, &place, faults) else {
                continue;
            };
            if !asked.insert(level.name.clone()) {
                faults.invalid(
                    &place,
                    format!("level '{}' is asked twice", level.name),
                    None,
                );
            }
            check_order(&levels, &level, &place, faults);
            levels.push(level);
        }
        resolved.push(ResolvedAxis {
            levels,
            subtotals: kept_levels(axis, number, faults),
        });
    }
    resolved
}

/// How many levels the totals of an axis keep.
fn kept_levels(axis: &Axis, number: usize, faults: &mut QueryFaults) -> BTreeSet<usize> {
    let kept = axis.subtotals.kept(axis.levels.len());
    if let Some(last) = kept.last().filter(|last| **last >= axis.levels.len()) {
        let message = format!("a total cannot keep {last} of {} levels", axis.levels.len());
        let hint = "it keeps fewer levels than the axis has; 0 is the grand total";
        faults.invalid(
            format!("axes[{number}].subtotals"),
            message,
            Some(hint.into()),
        );
    }
    kept
}

/// Levels of one hierarchy stand on an axis from coarse to fine, so that every prefix is a subtotal.
fn check_order(
    before: &[ResolvedLevel],
    level: &ResolvedLevel,
    place: &str,
    faults: &mut QueryFaults,
) {
    let finer = before
        .iter()
        .find(|other| other.same_hierarchy(level) && other.path.len() > level.path.len());
    if let Some(finer) = finer {
        let message = format!(
            "level '{}' stands after the finer '{}'",
            level.name, finer.name
        );
        faults.invalid(place, message, Some("put the coarser level first".into()));
    }
}

/// The instant at which a day ends in the warehouse zone, for "as of" that day.
pub(crate) fn resolve_history(model: &Model, history: History) -> ResolvedHistory {
    match history {
        History::AsWas => ResolvedHistory::AsWas,
        History::AsIs => ResolvedHistory::AsIs,
        History::AsOf(date) => ResolvedHistory::Before(end_of_day(model, date)),
    }
}

fn end_of_day(model: &Model, date: chrono::NaiveDate) -> i64 {
    let zone = model.zone();
    let next = date
        .succ_opt()
        .unwrap_or(date)
        .and_time(chrono::NaiveTime::MIN);
    // Where the clock jumps over midnight the day begins later; no zone jumps by more than a day.
    let starts = (0..24).find_map(|hours| {
        (next + chrono::TimeDelta::hours(hours))
            .and_local_timezone(zone)
            .earliest()
    });
    starts.map_or_else(
        || next.and_utc().timestamp_micros(),
        |it| it.timestamp_micros(),
    )
}
