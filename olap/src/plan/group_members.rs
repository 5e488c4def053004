//! Fourth step: the columns by which fact rows are grouped, one pair (key, special) for each level of each path.
//!
//! A level that is asked for brings the levels above it, unless they stand before it on the same axis: a
//! member is identified by its whole path. Each axis has columns of its own, so that its subtotals are
//! told apart from those of other axes.

use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use super::apart::apart;
use super::filter_members::members_of_facts;
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::{PathLevel, ResolvedAxis, ResolvedLevel};
use crate::error::Result;

/// A level on an axis with its columns.
#[derive(Debug, Clone)]
pub(crate) struct GroupLevel {
    pub(crate) axis: usize,
    pub(crate) position: usize,
    pub(crate) level: ResolvedLevel,
    /// The columns of the whole path, the level itself last.
    pub(crate) parts: Vec<GroupPart>,
}

/// The columns of one level of a path.
#[derive(Debug, Clone)]
pub(crate) struct GroupPart {
    pub(crate) level: PathLevel,
    /// The name of the key column; the names of its companions start with it.
    pub(crate) key: String,
    /// True if the columns come with this level, not with one before it on the axis.
    pub(crate) introduced: bool,
}

impl GroupPart {
    /// The column with the key of the special member.
    pub(crate) fn special(&self) -> String {
        format!("{}#special", self.key)
    }

    /// The column with what the member is ordered by: the key where that orders it.
    pub(crate) fn sort(&self) -> String {
        match self.sorts_by_key() {
            true => self.key.clone(),
            false => format!("{}#sort", self.key),
        }
    }

    /// True if members are ordered by their keys.
    pub(crate) fn sorts_by_key(&self) -> bool {
        self.level.sort == self.level.key
    }

    /// The column that says that a row is summed over the level.
    pub(crate) fn subtotal(&self) -> String {
        format!("{}#subtotal", self.key)
    }

    /// The column with what is told of the member.
    pub(crate) fn attribute(&self, name: &str) -> String {
        format!("{}#attribute_{name}", self.key)
    }

    /// The column with the name of the member.
    pub(crate) fn caption(&self) -> String {
        format!("{}#caption", self.key)
    }
}

impl GroupLevel {
    /// The part of the level itself.
    pub(crate) fn own(&self) -> Result<&GroupPart> {
        self.parts
            .last()
            .ok_or_else(|| Planner::internal("a level without a path"))
    }

    /// The columns that come with this level.
    pub(crate) fn columns(&self) -> Vec<String> {
        let parts = self.parts.iter().filter(|part| part.introduced);
        parts
            .flat_map(|part| [part.key.clone(), part.special()])
            .collect()
    }
}

/// The levels of all axes with their columns, in the order of the answer.
pub(crate) fn group_levels(axes: &[ResolvedAxis]) -> Vec<GroupLevel> {
    let mut all = Vec::new();
    for (number, axis) in axes.iter().enumerate() {
        let mut on_axis: Vec<GroupLevel> = Vec::new();
        for (position, level) in axis.levels.iter().enumerate() {
            let parts = parts_of(level, &on_axis);
            on_axis.push(GroupLevel {
                axis: number,
                position,
                level: level.clone(),
                parts,
            });
        }
        all.append(&mut on_axis);
    }
    all
}

fn parts_of(level: &ResolvedLevel, before: &[GroupLevel]) -> Vec<GroupPart> {
    let last = level.path.len().saturating_sub(1);
    let parts = level.path.iter().enumerate().map(|(depth, part)| {
        let there = (depth < last)
            .then(|| part_on_axis(level, depth, before))
            .flatten();
        let introduced = there.is_none();
        let key = there.unwrap_or_else(|| match depth == last {
            true => level.name.to_string(),
            false => format!("{}:{}", level.name, part.name),
        });
        GroupPart {
            level: part.clone(),
            key,
            introduced,
        }
    });
    parts.collect()
}

/// The column of a level above that a level before it on the axis has brought.
fn part_on_axis(level: &ResolvedLevel, depth: usize, before: &[GroupLevel]) -> Option<String> {
    let same = before
        .iter()
        .filter(|other| other.level.same_hierarchy(level));
    same.filter_map(|other| other.parts.get(depth))
        .map(|part| part.key.clone())
        .next()
}

/// Adds the group columns to the joined fact rows.
pub(crate) fn group_members(plan: LogicalPlanBuilder, levels: &[GroupLevel]) -> PlanStep {
    let mut columns = Vec::new();
    let mut seen: Vec<Expr> = Vec::new();
    for level in levels {
        let members = members_of_facts(&level.level)?;
        let pairs = level.parts.iter().zip(members);
        for (part, member) in pairs.filter(|(part, _)| part.introduced) {
            // each copy is wrapped once more than the one before, or two of them would be computed alike
            let copies = seen.iter().filter(|key| **key == member.key).count();
            seen.push(member.key.clone());
            let own = |value: Expr| (0..copies).fold(value, |value, _| apart(value));
            columns.push(own(member.key).alias(&part.key));
            columns.push(own(member.special).alias(part.special()));
        }
    }
    with_columns(plan, columns)
}

/// The sets of columns to group by, as the positions of their levels: every combination of the prefixes that the axes want.
///
/// The finest set comes first.
pub(crate) fn level_sets(axes: &[ResolvedAxis], levels: &[GroupLevel]) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = vec![vec![]];
    for (number, axis) in axes.iter().enumerate() {
        let on_axis = levels.iter().enumerate();
        let on_axis: Vec<usize> = on_axis
            .filter(|(_, level)| level.axis == number)
            .map(|(at, _)| at)
            .collect();
        let totals = axis.subtotals.iter().rev().copied();
        let prefixes = std::iter::once(on_axis.len()).chain(totals);
        let prefixes: Vec<&[usize]> = prefixes
            .filter_map(|length| on_axis.get(..length))
            .collect();
        sets = sets
            .iter()
            .flat_map(|set| {
                prefixes
                    .iter()
                    .map(move |prefix| [set.as_slice(), prefix].concat())
            })
            .collect();
    }
    sets
}
