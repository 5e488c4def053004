//! Whether the members that a query names exist, and which one a single key means.
//!
//! Planning is pure, so this only makes the plan of the look-up and judges its rows; `service` runs it.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::SpecialMember;

use super::columns::column;
use super::filter_members::is_one_of;
use super::key_value::KeyValue;
use super::member_rows::{NAME_EN, NAME_ZH, key_at, member_columns, member_rows, special_at};
use super::planner::Planner;
use super::resolved::{ResolvedHistory, ResolvedKey, ResolvedLevel, ResolvedPath};
use crate::error::{QueryFaults, Result, near_hint};
use crate::model::DimensionSource;

/// How many members are compared with a name that does not exist.
const COMPARED: usize = 20_000;

/// The members that a look-up found, as paths.
pub(crate) type FoundMembers = Vec<Vec<ResolvedKey>>;

/// Plans the look-up of the members with the own keys of these paths; special members need none.
pub(crate) fn find_members(
    planner: &Planner<'_>,
    level: &ResolvedLevel,
    (fact, history): (&str, ResolvedHistory),
    paths: &[ResolvedPath],
) -> Result<Option<LogicalPlan>> {
    let own: Vec<ResolvedPath> = paths
        .iter()
        .filter(|path| !has_special(path))
        .filter_map(|path| path.own().cloned().map(ResolvedPath::Own))
        .collect();
    if own.is_empty() {
        return Ok(None);
    }
    let rows = member_rows(planner, level, fact, sought_in(planner, level, history)?)?;
    let members = member_columns(level);
    let found = rows
        .filter(is_one_of(&members, &own))
        .map_err(Planner::failed)?;
    path_columns(found, level).map(Some)
}

/// The history mode in which members are sought: any version will do, but who is above whom in a tree is a matter of the mode.
fn sought_in(
    planner: &Planner<'_>,
    level: &ResolvedLevel,
    history: ResolvedHistory,
) -> Result<ResolvedHistory> {
    let DimensionSource::Role { dimension, .. } = &level.source else {
        return Ok(ResolvedHistory::AsWas);
    };
    let dimension = planner.dimension(dimension)?;
    let mut keys = level.path.iter().map(|part| part.key.name.as_str());
    Ok(
        match keys.any(|key| dimension.attribute_above(key).is_some()) {
            true => history,
            false => ResolvedHistory::AsWas,
        },
    )
}

fn path_columns(plan: LogicalPlanBuilder, level: &ResolvedLevel) -> Result<LogicalPlan> {
    let columns = level.path.iter().enumerate().flat_map(|(depth, part)| {
        let key = cast(column(&key_at(depth)), part.key.data_type.arrow()).alias(key_at(depth));
        [key, column(&special_at(depth))]
    });
    let columns: Vec<_> = columns.collect();
    plan.project(columns)
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)
}

fn has_special(path: &ResolvedPath) -> bool {
    let special = |key: &ResolvedKey| matches!(key, ResolvedKey::Special(_));
    match path {
        ResolvedPath::Full(keys) => keys.iter().any(special),
        ResolvedPath::Own(key) => special(key),
    }
}

/// The paths in the rows of a look-up.
pub(crate) fn paths_of(batches: &[RecordBatch], depth: usize) -> Result<FoundMembers> {
    let mut paths = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let keys = (0..depth).map(|level| key_of(batch, level * 2, row));
            paths.push(keys.collect::<Result<Vec<_>>>()?);
        }
    }
    Ok(paths)
}

/// The key in a pair of columns: the special member's, else the value.
fn key_of(batch: &RecordBatch, at: usize, row: usize) -> Result<ResolvedKey> {
    let value =
        |at: usize| ScalarValue::try_from_array(batch.column(at), row).map_err(Planner::failed);
    let special = match value(at + 1)? {
        ScalarValue::Int32(Some(key)) => SpecialMember::of_key(i64::from(key)),
        _ => None,
    };
    Ok(match special {
        Some(special) => ResolvedKey::Special(special),
        None => ResolvedKey::Value(KeyValue(value(at)?)),
    })
}

/// Judges the paths of a request by what was found; gives back those that do not exist.
///
/// A single key that several members share is a fault that names some of them.
pub(crate) fn check_found(
    level: &ResolvedLevel,
    paths: &[ResolvedPath],
    found: &[Vec<ResolvedKey>],
    place: &str,
    faults: &mut QueryFaults,
) -> Vec<ResolvedPath> {
    let mut unknown = Vec::new();
    for path in paths.iter().filter(|path| !has_special(path)) {
        let matching: Vec<_> = match path {
            ResolvedPath::Full(keys) => found.iter().filter(|it| *it == keys).collect(),
            ResolvedPath::Own(key) => found.iter().filter(|it| it.last() == Some(key)).collect(),
        };
        match matching.as_slice() {
            [] => unknown.push(path.clone()),
            [_] => {}
            several => report_ambiguous(level, path, several, place, faults),
        }
    }
    unknown
}

fn report_ambiguous(
    level: &ResolvedLevel,
    path: &ResolvedPath,
    several: &[&Vec<ResolvedKey>],
    place: &str,
    faults: &mut QueryFaults,
) {
    const SHOWN: usize = 5;
    let mut texts: Vec<String> = several
        .iter()
        .map(|keys| ResolvedPath::Full((*keys).clone()).to_string())
        .collect();
    texts.sort();
    let more = if texts.len() > SHOWN { ", …" } else { "" };
    texts.truncate(SHOWN);
    let message = format!(
        "key '{path}' means several members of level '{}'",
        level.name
    );
    let names: Vec<&str> = level.path.iter().map(|part| part.name.as_str()).collect();
    let hint = format!("write {}: {}{more}", names.join("/"), texts.join(", "));
    faults.invalid(place, message, Some(hint));
}

/// Plans the list of names among which the nearest to an unknown member is sought.
pub(crate) fn nearby_members(
    planner: &Planner<'_>,
    level: &ResolvedLevel,
    (fact, history): (&str, ResolvedHistory),
) -> Result<LogicalPlan> {
    let own = key_at(level.path.len().saturating_sub(1));
    let text = |name: &str| cast(column(name), arrow::datatypes::DataType::Utf8);
    let rows = member_rows(planner, level, fact, sought_in(planner, level, history)?)?;
    let columns = vec![text(&own).alias(&own), text(NAME_EN), text(NAME_ZH)];
    rows.filter(column(&own).is_not_null())
        .and_then(|rows| rows.sort([column(&own).sort(true, false)]))
        .and_then(|rows| rows.limit(0, Some(COMPARED)))
        .and_then(|rows| rows.project(columns))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)
}

/// Reports members that do not exist, with the nearest key, found by key or by name.
pub(crate) fn report_unknown(
    level: &ResolvedLevel,
    unknown: &[ResolvedPath],
    nearby: &[RecordBatch],
    place: &str,
    faults: &mut QueryFaults,
) -> Result<()> {
    let names = names_of(nearby)?;
    let keys: BTreeSet<&str> = names.iter().map(|(_, own)| own.as_str()).collect();
    for path in unknown {
        let key = path.own().map(ToString::to_string).unwrap_or_default();
        let named = names.iter().find(|(name, own)| *name == key && *own != key);
        let hint = match named {
            Some((_, own)) => Some(format!("its key is '{own}'")),
            None => near_hint(&key, keys.iter().copied()),
        };
        faults.missing(
            place,
            format!("unknown member '{path}' of level '{}'", level.name),
            hint,
        );
    }
    Ok(())
}

/// Every key and name with the key that it belongs to.
fn names_of(nearby: &[RecordBatch]) -> Result<Vec<(String, String)>> {
    let mut names = Vec::new();
    for batch in nearby {
        for row in 0..batch.num_rows() {
            let text = |at: usize| {
                let value = ScalarValue::try_from_array(batch.column(at), row);
                let text = value.map(|value| value.try_as_str().flatten().map(str::to_owned));
                text.map_err(Planner::failed)
            };
            let Some(own) = text(0)? else { continue };
            for name in [text(1)?, text(2)?].into_iter().flatten() {
                names.push((name, own.clone()));
            }
            names.push((own.clone(), own));
        }
    }
    Ok(names)
}
