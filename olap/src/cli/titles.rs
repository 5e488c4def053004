//! What tuples of an axis are called in a table.

use std::collections::BTreeSet;

use crate::cells::{Tuple, TupleMember};
use crate::query::{Language, MemberKey};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// The captions of every tuple of an axis. Where two tuples would read alike, as the first quarters of two
/// years, members have the keys above them in front.
pub(super) fn titles(header: &ResultHeader, axis: usize, tuples: &[Tuple]) -> Vec<Vec<String>> {
    let total = header
        .locale
        .parse::<Language>()
        .unwrap_or_default()
        .total();
    let plain: Vec<_> = tuples
        .iter()
        .map(|tuple| captions(tuple, total, |_| 0))
        .collect();
    let different: BTreeSet<&Vec<String>> = plain.iter().collect();
    if different.len() == plain.len() {
        return plain;
    }
    let above = |position| ancestors(header, axis, position);
    tuples
        .iter()
        .map(|tuple| captions(tuple, total, above))
        .collect()
}

/// The members of a tuple, with so many keys in front; only the first of several totals is named.
fn captions(tuple: &Tuple, total: &str, above: impl Fn(usize) -> usize) -> Vec<String> {
    let mut named = false;
    let members = tuple.members.iter().enumerate();
    let captions = members.map(|(position, member)| match (member.subtotal, named) {
        (false, _) => placed(member, above(position)),
        (true, true) => String::new(),
        (true, false) => {
            named = true;
            total.to_owned()
        }
    });
    captions.collect()
}

fn placed(member: &TupleMember, above: usize) -> String {
    match member.path.0.split_last() {
        None | Some((MemberKey::Special(_), _)) => member.caption.clone(),
        Some((_, parents)) => {
            let keys = parents.iter().skip(parents.len().saturating_sub(above));
            let keys: String = keys.map(|key| format!("{key} / ")).collect();
            format!("{keys}{}", member.caption)
        }
    }
}

/// How many levels above a level belong to its path without standing on the axis before it.
fn ancestors(header: &ResultHeader, of_axis: usize, of_position: usize) -> usize {
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
