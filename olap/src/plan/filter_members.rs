//! Third step: slices and dices as predicates on the columns of levels.

use std::collections::HashMap;

use datafusion::common::{Column, NullEquality};
use datafusion::functions::expr_fn::{ends_with, lower, starts_with, strpos};
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit, when};
use planisphere_schemas::model::SpecialMember;

use super::columns::{column, fact_column, role_column, special_of};
use super::member_rows::{NAME_EN, NAME_ZH, caption_of, key_at, member_rows, special_at};
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::{
    PathLevel, ResolvedBound, ResolvedCondition, ResolvedFilter, ResolvedKey, ResolvedLevel,
    ResolvedPath, ResolvedQuery,
};
use crate::error::Result;
use crate::model::DimensionSource;
use crate::query::{Language, TextPlace};

/// The two expressions that say which member a row belongs to on one level of a path.
#[derive(Debug, Clone)]
pub(crate) struct MemberColumns {
    /// The key; null for special members.
    pub(crate) key: Expr,
    /// The key of the special member; null for ordinary members.
    pub(crate) special: Expr,
}

/// The member of a fact row on each level of a path.
pub(crate) fn members_of_facts(level: &ResolvedLevel) -> Result<Vec<MemberColumns>> {
    level
        .path
        .iter()
        .map(|part| member_of_facts(level, part))
        .collect()
}

fn member_of_facts(level: &ResolvedLevel, part: &PathLevel) -> Result<MemberColumns> {
    let attribute = &part.key.name;
    match &level.source {
        DimensionSource::Role { .. } => Ok(MemberColumns {
            key: role_column(level.dimension(), attribute),
            special: role_column(level.dimension(), &special_of(attribute)),
        }),
        DimensionSource::Degenerate => degenerate_member(fact_column(attribute)),
    }
}

/// The member of a column of the fact itself.
pub(crate) fn degenerate_member(key: Expr) -> Result<MemberColumns> {
    let special = when(key.clone().is_null(), lit(SpecialMember::NotGiven.key())).end();
    Ok(MemberColumns {
        key,
        special: special.map_err(Planner::failed)?,
    })
}

/// Keeps the fact rows whose members hold.
pub(crate) fn filter_members(
    planner: &Planner<'_>,
    mut plan: LogicalPlanBuilder,
    filters: &[ResolvedFilter],
    query: &ResolvedQuery,
) -> PlanStep {
    // those of bridges are asked of their members
    for filter in filters.iter().filter(|it| !it.level.is_bridged()) {
        let members = members_of_facts(&filter.level)?;
        plan = keep_members(planner, plan, &members, (filter, query))?;
    }
    Ok(plan)
}

/// Keeps the rows whose members a filter of a query admits.
pub(crate) fn keep_members(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    members: &[MemberColumns],
    (filter, query): (&ResolvedFilter, &ResolvedQuery),
) -> PlanStep {
    let predicate = match &filter.condition {
        ResolvedCondition::Text { place, text } => {
            let named = named(planner, (filter, query), (*place, text))?;
            return keep_named(plan, members, named, &filter.place);
        }
        ResolvedCondition::In(paths) => is_one_of(members, paths),
        ResolvedCondition::NotIn(paths) => is_one_of(members, paths).is_not_true(),
        ResolvedCondition::Range { from, to } => range(members, from.as_ref(), to.as_ref())?,
    };
    plan.filter(predicate).map_err(Planner::failed)
}

/// The members of a level whose names have a text.
fn named(
    planner: &Planner<'_>,
    (filter, query): (&ResolvedFilter, &ResolvedQuery),
    (place, text): (TextPlace, &str),
) -> PlanStep {
    let level = &filter.level;
    let depth = level.path.len().saturating_sub(1);
    let name = match query.language {
        Language::English => NAME_EN,
        Language::Chinese => NAME_ZH,
    };
    let read = lower(caption_of(column(name), column(&key_at(depth)))?);
    let text = lit(text.to_lowercase());
    let is_named = match place {
        TextPlace::Within => strpos(read, text).gt(lit(0)),
        TextPlace::Beginning => starts_with(read, text),
        TextPlace::End => ends_with(read, text),
        TextPlace::Whole => read.eq(text),
    };
    let is_ordinary = column(&special_at(depth)).is_null();
    member_rows(planner, level, &query.star.table(), query.history)?
        .filter(is_ordinary.and(is_named))
        .map_err(Planner::failed)
}

/// Keeps the rows of these members; `place` tells the columns of one filter from those of another.
fn keep_named(
    plan: LogicalPlanBuilder,
    members: &[MemberColumns],
    named: LogicalPlanBuilder,
    place: &str,
) -> PlanStep {
    let (mut own, mut found) = (Vec::new(), Vec::new());
    let mut on: (Vec<Column>, Vec<Column>) = Default::default();
    for (depth, member) in members.iter().enumerate() {
        let of_member = [
            (&member.key, key_at(depth)),
            (&member.special, special_at(depth)),
        ];
        for (value, name) in of_member {
            let (here, there) = (format!("#{place}{name}"), format!("#named{name}"));
            own.push(value.clone().alias(&here));
            found.push(column(&name).alias(&there));
            on.0.push(Column::from_name(here));
            on.1.push(Column::from_name(there));
        }
    }
    let found = named.project(found).and_then(LogicalPlanBuilder::build);
    let found = found.map_err(Planner::failed)?;
    let equality = NullEquality::NullEqualsNull;
    with_columns(plan, own)?
        .join_detailed(found, JoinType::LeftSemi, on, None, equality)
        .map_err(Planner::failed)
}

/// True for the members of a set: members of one parent are asked for together.
pub(crate) fn is_one_of(members: &[MemberColumns], paths: &[ResolvedPath]) -> Expr {
    let mut siblings: Vec<(Vec<ResolvedKey>, Vec<ResolvedKey>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for path in paths {
        let (above, own) = match path {
            ResolvedPath::Own(key) => (&[] as &[ResolvedKey], key),
            ResolvedPath::Full(keys) => match keys.split_last() {
                Some((own, above)) => (above, own),
                None => continue,
            },
        };
        let place = *places.entry(format!("{above:?}")).or_insert_with(|| {
            siblings.push((above.to_vec(), vec![]));
            siblings.len() - 1
        });
        if let Some((_, keys)) = siblings.get_mut(place) {
            keys.push(own.clone());
        }
    }
    let sets = siblings
        .iter()
        .map(|(above, keys)| are_siblings(members, above, keys));
    disjunction(sets).unwrap_or_else(|| lit(false))
}

/// True for these members below one parent; without a parent, for their own keys alone.
fn are_siblings(members: &[MemberColumns], above: &[ResolvedKey], keys: &[ResolvedKey]) -> Expr {
    let Some(own) = members.last() else {
        return lit(false);
    };
    let values: Vec<Expr> = keys
        .iter()
        .filter_map(|key| match key {
            ResolvedKey::Value(value) => Some(lit(value.0.clone())),
            ResolvedKey::Special(_) => None,
        })
        .collect();
    let ordinary = match values.as_slice() {
        [] => None,
        [value] => Some(own.key.clone().eq(value.clone())),
        _ => Some(own.key.clone().in_list(values, false)),
    };
    let special = keys
        .iter()
        .filter(|key| matches!(key, ResolvedKey::Special(_)));
    let special = special.map(|key| has_key(own, key));
    let one_of = disjunction(ordinary.into_iter().chain(special)).unwrap_or_else(|| lit(false));
    match above {
        [] => one_of,
        _ => is_path(members, above).and(one_of),
    }
}

/// True for the member of a path and all members below it.
pub(crate) fn is_path(members: &[MemberColumns], keys: &[ResolvedKey]) -> Expr {
    let equal = members
        .iter()
        .zip(keys)
        .map(|(member, key)| has_key(member, key));
    conjunction(equal).unwrap_or_else(|| lit(true))
}

/// True where a level has this key.
pub(crate) fn has_key(member: &MemberColumns, key: &ResolvedKey) -> Expr {
    match key {
        ResolvedKey::Value(value) => member.key.clone().eq(lit(value.0.clone())),
        ResolvedKey::Special(special) => member.special.clone().eq(lit(special.key())),
    }
}

fn range(
    members: &[MemberColumns],
    from: Option<&ResolvedBound>,
    to: Option<&ResolvedBound>,
) -> Result<Expr> {
    let ordinary = members
        .iter()
        .map(|member| member.key.clone().is_not_null());
    let above = from
        .map(|bound| beyond(members, bound, Side::Above))
        .transpose()?;
    let below = to
        .map(|bound| beyond(members, bound, Side::Below))
        .transpose()?;
    let all = ordinary.chain(above).chain(below);
    conjunction(all).ok_or_else(|| Planner::internal("a range over no columns"))
}

#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

impl Side {
    fn strictly(self, key: Expr, bound: Expr) -> Expr {
        match self {
            Self::Above => key.gt(bound),
            Self::Below => key.lt(bound),
        }
    }

    fn or_equal(self, key: Expr, bound: Expr) -> Expr {
        match self {
            Self::Above => key.gt_eq(bound),
            Self::Below => key.lt_eq(bound),
        }
    }
}

/// Compares a path with a bound from the top level down, or its own key only.
fn beyond(members: &[MemberColumns], bound: &ResolvedBound, side: Side) -> Result<Expr> {
    let pairs: Vec<(&MemberColumns, &ResolvedKey)> = match &bound.path {
        ResolvedPath::Full(keys) => members.iter().zip(keys).collect(),
        ResolvedPath::Own(key) => members.last().map(|own| (own, key)).into_iter().collect(),
    };
    let mut found: Option<Expr> = None;
    for (member, key) in pairs.into_iter().rev() {
        let ResolvedKey::Value(value) = key else {
            return Err(Planner::internal("a special member ends a range"));
        };
        let (key, value) = (member.key.clone(), lit(value.0.clone()));
        found = Some(match found {
            None if bound.inclusive => side.or_equal(key, value),
            None => side.strictly(key, value),
            Some(finer) => side
                .strictly(key.clone(), value.clone())
                .or(key.clone().eq(value.clone()).and(finer))
                // The same once more for the outer level alone: that prunes files.
                .and(side.or_equal(key, value)),
        });
    }
    found.ok_or_else(|| Planner::internal("a bound without keys"))
}
