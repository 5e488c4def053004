//! Filters with their levels found and their keys read as the levels' own types.

use planisphere_schemas::model::SpecialMember;

use super::key_value::KeyValue;
use super::resolve::resolve_level;
use super::resolved::{
    PathLevel, ResolvedBound, ResolvedCondition, ResolvedFilter, ResolvedKey, ResolvedLevel,
    ResolvedPath,
};
use crate::error::QueryFaults;
use crate::model::CubeView;
use crate::query::{Bound, Condition, Filter, MemberKey, MemberPath};

/// Resolves all filters.
pub(crate) fn resolve_filters(
    view: &CubeView,
    filters: &[Filter],
    faults: &mut QueryFaults,
) -> Vec<ResolvedFilter> {
    let numbered = filters.iter().enumerate();
    numbered
        .filter_map(|(number, filter)| {
            resolve_filter(view, filter, format!("filters[{number}]"), faults)
        })
        .collect()
}

/// Resolves one filter; `place` stands in messages.
pub(crate) fn resolve_filter(
    view: &CubeView,
    filter: &Filter,
    place: String,
    faults: &mut QueryFaults,
) -> Option<ResolvedFilter> {
    let level = resolve_level(view, &filter.level, &place, faults)?;
    let condition = resolve_condition(&level, &filter.condition, &place, faults)?;
    Some(ResolvedFilter {
        place,
        level,
        condition,
    })
}

fn resolve_condition(
    level: &ResolvedLevel,
    condition: &Condition,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedCondition> {
    Some(match condition {
        Condition::In(members) => {
            ResolvedCondition::In(resolve_members(level, members, place, faults))
        }
        Condition::NotIn(members) => {
            ResolvedCondition::NotIn(resolve_members(level, members, place, faults))
        }
        Condition::Text { text, .. } if text.is_empty() => {
            faults.invalid(place, "a text match needs a text", None);
            return None;
        }
        Condition::Text { place, text } => ResolvedCondition::Text {
            place: *place,
            text: text.clone(),
        },
        Condition::Range {
            from: None,
            to: None,
        } => {
            faults.invalid(place, "a range needs at least one end", None);
            return None;
        }
        Condition::Range { from, to } => {
            let from = resolve_bound(level, from.as_ref(), place, faults);
            let to = resolve_bound(level, to.as_ref(), place, faults);
            if let (Some(from), Some(to)) = (&from, &to) {
                check_direction(level, from, to, place, faults);
            }
            ResolvedCondition::Range { from, to }
        }
    })
}

/// A range that ends before it begins keeps nothing, whatever the members are.
fn check_direction(
    level: &ResolvedLevel,
    from: &ResolvedBound,
    to: &ResolvedBound,
    place: &str,
    faults: &mut QueryFaults,
) {
    if from.path.is_after(&to.path) {
        let message = format!(
            "the range of level '{}' ends at '{}' before it begins at '{}'",
            level.name, to.path, from.path
        );
        faults.invalid(place, message, Some("exchange its ends".into()));
    }
}

fn resolve_members(
    level: &ResolvedLevel,
    members: &[MemberPath],
    place: &str,
    faults: &mut QueryFaults,
) -> Vec<ResolvedPath> {
    if members.is_empty() {
        faults.invalid(place, "a set of no members keeps nothing", None);
    }
    members
        .iter()
        .filter_map(|path| resolve_path(level, path, place, faults))
        .collect()
}

fn resolve_bound(
    level: &ResolvedLevel,
    bound: Option<&Bound>,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedBound> {
    let bound = bound?;
    let path = resolve_path(level, &bound.path, place, faults)?;
    let special = match &path {
        ResolvedPath::Full(keys) => keys
            .iter()
            .any(|key| matches!(key, ResolvedKey::Special(_))),
        ResolvedPath::Own(key) => matches!(key, ResolvedKey::Special(_)),
    };
    if special {
        faults.invalid(place, "a special member cannot end a range", None);
        return None;
    }
    Some(ResolvedBound {
        path,
        inclusive: bound.inclusive,
    })
}

/// Reads a path: of the level's whole depth, or its own key only.
pub(crate) fn resolve_path(
    level: &ResolvedLevel,
    path: &MemberPath,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedPath> {
    match path.0.as_slice() {
        keys if keys.len() == level.path.len() => {
            resolve_keys(&level.path, keys, place, faults).map(ResolvedPath::Full)
        }
        [key] => resolve_key(level.own()?, key, place, faults).map(ResolvedPath::Own),
        keys => {
            let names: Vec<&str> = level.path.iter().map(|level| level.name.as_str()).collect();
            let message = format!(
                "member '{path}' has {} keys, level '{}' needs {}",
                keys.len(),
                level.name,
                level.path.len()
            );
            faults.invalid(place, message, Some(format!("write {}", names.join("/"))));
            None
        }
    }
}

/// Reads keys of the first levels of a path; fewer keys than levels are a path of a level above.
pub(crate) fn resolve_keys(
    path: &[PathLevel],
    keys: &[MemberKey],
    place: &str,
    faults: &mut QueryFaults,
) -> Option<Vec<ResolvedKey>> {
    let read: Vec<Option<ResolvedKey>> = path
        .iter()
        .zip(keys)
        .map(|(level, key)| resolve_key(level, key, place, faults))
        .collect();
    read.into_iter().collect()
}

fn resolve_key(
    level: &PathLevel,
    key: &MemberKey,
    place: &str,
    faults: &mut QueryFaults,
) -> Option<ResolvedKey> {
    if let MemberKey::Special(id) = key {
        let special = SpecialMember::ALL
            .into_iter()
            .find(|special| special.id() == id);
        if special.is_none() {
            let known = SpecialMember::ALL.iter().map(|special| special.id());
            faults.unknown(place, "special member", id, known);
        }
        return special.map(ResolvedKey::Special);
    }
    match KeyValue::read(key, level.key.data_type) {
        Ok(value) => Some(ResolvedKey::Value(value)),
        Err(message) => {
            faults.invalid(place, format!("{message} (level '{}')", level.name), None);
            None
        }
    }
}
