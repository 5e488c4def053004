//! Seventh step: captions and orders of the members in an answer, joined from the members of their levels.
//!
//! Only where they are not the key itself. The answer is small by now, so these joins are cheap.

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::{JoinType, LogicalPlanBuilder};

use super::group_members::{GroupLevel, GroupPart};
use super::member_rows::{
    NAME_EN, NAME_ZH, attribute_at, key_at, renamed, sort_at, special_at, told_member_rows,
};
use super::planner::{PlanStep, Planner};
use super::resolved::{PathLevel, ResolvedAttribute, ResolvedLevel, ResolvedQuery};
use crate::query::Language;

/// Joins captions and orders to the grouped rows.
pub(crate) fn label_members(
    planner: &Planner<'_>,
    mut plan: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> PlanStep {
    for level in levels {
        for (depth, part) in level
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.introduced)
        {
            let own = depth + 1 == level.parts.len();
            let named = own && is_named(&part.level, query.language);
            let told = match own {
                true => attributes_of(query, level).collect(),
                false => vec![],
            };
            if named || !part.sorts_by_key() || !told.is_empty() {
                let parts = level.parts.get(..=depth).unwrap_or_default();
                let level = above(&level.level, depth);
                plan = label(planner, plan, query, (&level, parts), &told)?;
            }
        }
    }
    Ok(plan)
}

/// What is told of the members of a level on an axis.
pub(crate) fn attributes_of<'q>(
    query: &'q ResolvedQuery,
    level: &GroupLevel,
) -> impl Iterator<Item = &'q ResolvedAttribute> {
    let place = (level.axis, level.position);
    let asked = query.attributes.iter();
    asked.filter(move |it| (it.axis, it.position) == place)
}

/// True if members have a name that is not their key.
pub(crate) fn is_named(level: &PathLevel, language: Language) -> bool {
    level.label(language) != &level.key
}

/// The level of the same hierarchy at a depth.
fn above(level: &ResolvedLevel, depth: usize) -> ResolvedLevel {
    ResolvedLevel {
        path: level.path.get(..=depth).unwrap_or_default().to_vec(),
        ..level.clone()
    }
}

fn label(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (level, parts): (&ResolvedLevel, &[GroupPart]),
    told: &[&ResolvedAttribute],
) -> PlanStep {
    let own = parts
        .last()
        .ok_or_else(|| Planner::internal("a level without a path"))?;
    let last = parts.len() - 1;
    let name = match query.language {
        Language::English => NAME_EN,
        Language::Chinese => NAME_ZH,
    };
    let mut names = vec![(name.to_owned(), own.caption())];
    if !own.sorts_by_key() {
        names.push((sort_at(last), own.sort()));
    }
    names.extend(
        told.iter()
            .map(|it| (attribute_at(&it.column.name), own.attribute(&it.name))),
    );
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (depth, part) in parts.iter().enumerate() {
        for (from, to) in [
            (key_at(depth), part.key.clone()),
            (special_at(depth), part.special()),
        ] {
            let joined = format!("{}#label_{from}", own.key);
            left.push(Column::from_name(to));
            right.push(Column::from_name(&joined));
            names.push((from, joined));
        }
    }
    let told: Vec<&str> = told.iter().map(|it| it.column.name.as_str()).collect();
    let of = (query.star.table(), query.history);
    let members = told_member_rows(planner, level, (&of.0, of.1), &told)?;
    let members = renamed(members, names)?.build().map_err(Planner::failed)?;
    plan.join_detailed(
        members,
        JoinType::Left,
        (left, right),
        None,
        NullEquality::NullEqualsNull,
    )
    .map_err(Planner::failed)
}
