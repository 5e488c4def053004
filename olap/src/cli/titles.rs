//! What tuples of an axis are called in a table.

use super::alike::Alike;
use crate::cells::{Tuple, TupleMember};
use crate::query::{Language, LevelRef, MemberKey};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// The captions of every tuple of an axis. On levels whose members read alike, members have the keys above
/// them in front that the axis does not show: `2025 / 1 / January`.
pub(super) fn titles(
    header: &ResultHeader,
    axis: usize,
    tuples: &[Tuple],
    alike: &Alike,
) -> Vec<Vec<String>> {
    let language: Language = header.locale.parse().unwrap_or_default();
    let above = |position, member: &TupleMember| match is_special(member.path.0.last()) {
        false if !alike.contains(&(axis, position)) => 0,
        _ => ancestors(header, axis, position),
    };
    tuples
        .iter()
        .map(|tuple| captions(tuple, language.total(), above))
        .collect()
}

/// The members of a tuple, with so many keys in front; only the first of several totals is named.
fn captions(
    tuple: &Tuple,
    total: &str,
    above: impl Fn(usize, &TupleMember) -> usize,
) -> Vec<String> {
    let mut named = false;
    let members = tuple.members.iter().enumerate();
    let captions = members.map(|(position, member)| match (member.subtotal, named) {
        (false, _) => placed(member, above(position, member)),
        (true, true) => String::new(),
        (true, false) => {
            named = true;
            total.to_owned()
        }
    });
    captions.collect()
}

/// The caption behind its parents. A special member of a parent that is special too is the same in all of them.
fn placed(member: &TupleMember, above: usize) -> String {
    let Some((own, parents)) = member.path.0.split_last() else {
        return member.caption.clone();
    };
    let special = is_special(Some(own));
    let keys = parents.iter().skip(parents.len().saturating_sub(above));
    let keys = keys.filter(|key| !(special && is_special(Some(key))));
    let keys: String = keys.map(|key| format!("{key} / ")).collect();
    format!("{keys}{}", member.caption)
}

fn is_special(key: Option<&MemberKey>) -> bool {
    matches!(key, Some(MemberKey::Special(_)))
}

/// The levels of an answer with axis and position.
pub(super) fn levels_on_axes(
    header: &ResultHeader,
) -> impl Iterator<Item = (usize, usize, &LevelRef)> {
    let columns = header.columns.iter();
    columns.filter_map(|column| match &column.role {
        ColumnRole::Level {
            axis,
            position,
            level,
            part: LevelPart::Key,
        } => Some((*axis, *position, level)),
        _ => None,
    })
}

/// How many levels above a level belong to its path without standing on the axis before it.
pub(super) fn ancestors(header: &ResultHeader, of_axis: usize, of_position: usize) -> usize {
    let columns = header.columns.iter();
    columns
        .filter(|column| match &column.role {
            ColumnRole::Level {
                axis,
                position,
                part: LevelPart::AncestorKey { .. },
                ..
            } => (*axis, *position) == (of_axis, of_position),
            _ => false,
        })
        .count()
}
