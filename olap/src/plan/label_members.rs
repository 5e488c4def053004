//! Seventh step: captions and orders of the members in an answer, joined from the members of their levels.
//!
//! Only where they are not the key itself. The answer is small by now, so these joins are cheap.

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::{JoinType, LogicalPlanBuilder};

use super::group_members::{GroupLevel, GroupPart};
use super::member_rows::{NAME_EN, NAME_ZH, key_at, member_rows, renamed, sort_at, special_at};
use super::planner::{PlanStep, Planner};
use super::resolved::{PathLevel, ResolvedLevel, ResolvedQuery};
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
            if named || !part.sorts_by_key() {
                let parts = level.parts.get(..=depth).unwrap_or_default();
                plan = label(planner, plan, query, &above(&level.level, depth), parts)?;
            }
        }
    }
    Ok(plan)
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
    level: &ResolvedLevel,
    parts: &[GroupPart],
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
    let members = member_rows(planner, level, &query.star.table(), query.history)?;
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
