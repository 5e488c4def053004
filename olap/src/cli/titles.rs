//! What tuples of an axis are called in a table, and what is told of their members.

use super::alike::{Alike, Parents};
use crate::cells::{Tuple, TupleMember};
use crate::query::{Language, LevelRef, MemberKey};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// The captions of every tuple of an axis, each with the attributes that are asked for behind it. On levels whose members read alike, members have those above them
/// in front that the axis does not show: `2025 / Q1 / January`.
pub(super) fn titles(
    header: &ResultHeader,
    axis: usize,
    tuples: &[Tuple],
    alike: &Alike,
) -> Vec<Vec<String>> {
    let language: Language = header.locale.parse().unwrap_or_default();
    let placed = |position, member: &TupleMember| {
        let parents = alike.get(&(axis, position));
        let needed = parents.is_some_and(|parents| parents.needed);
        let above = match needed || is_special(member.path.0.last()) {
            true => ancestors(header, axis, position).len(),
            false => 0,
        };
        placed(member, above, parents)
    };
    tuples
        .iter()
        .map(|tuple| told(captions(tuple, language.total(), placed), tuple))
        .collect()
}

/// The captions, each with what is told of its member behind it.
fn told(captions: Vec<String>, tuple: &Tuple) -> Vec<String> {
    let captions = captions.into_iter().enumerate();
    let with_attributes = captions.flat_map(|(position, caption)| {
        let own = tuple.attributes.iter();
        let own = own.filter(move |it| it.position == position);
        let values = own.map(|it| it.value.as_ref().map(ToString::to_string));
        std::iter::once(caption).chain(values.map(Option::unwrap_or_default))
    });
    with_attributes.collect()
}

/// The members of a tuple, each in its place; only the first of several totals is named.
fn captions(
    tuple: &Tuple,
    total: &str,
    placed: impl Fn(usize, &TupleMember) -> String,
) -> Vec<String> {
    let mut named = false;
    let members = tuple.members.iter().enumerate();
    let captions = members.map(|(position, member)| match (member.subtotal, named) {
        (false, _) => placed(position, member),
        (true, true) => String::new(),
        (true, false) => {
            named = true;
            total.to_owned()
        }
    });
    captions.collect()
}

/// The caption behind so many parents, by their captions where those are known. A special member of a parent that is special too is the same in all of them.
fn placed(member: &TupleMember, above: usize, known: Option<&Parents>) -> String {
    let Some((own, parents)) = member.path.0.split_last() else {
        return member.caption.clone();
    };
    let special = is_special(Some(own));
    let shown = parents.iter().enumerate();
    let shown = shown.skip(parents.len().saturating_sub(above));
    let shown = shown.filter(|(_, key)| !(special && is_special(Some(key))));
    let called = shown.map(|(depth, key)| {
        let path = member.path.0.get(..=depth).unwrap_or_default();
        match known.and_then(|known| known.captions.get(path)) {
            Some(caption) => format!("{caption} / "),
            None => format!("{key} / "),
        }
    });
    format!("{}{}", called.collect::<String>(), member.caption)
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

/// The levels above a level that belong to its path without standing on the axis before it.
pub(super) fn ancestors(header: &ResultHeader, of_axis: usize, of_position: usize) -> Vec<&str> {
    let columns = header.columns.iter();
    let above = columns.filter_map(|column| match &column.role {
        ColumnRole::Level {
            axis,
            position,
            part: LevelPart::AncestorKey { level },
            ..
        } if (*axis, *position) == (of_axis, of_position) => Some(level.as_str()),
        _ => None,
    });
    above.collect()
}
