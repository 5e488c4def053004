//! Between filters and groups: a ranking turned into a dice by the members that it keeps.
//!
//! Members are ranked by a measure over the filtered facts, ties by member key; only the facts of the kept
//! members go on, so totals are totals of what is shown.

use std::collections::BTreeSet;

use datafusion::common::{Column, NullEquality};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, SortExpr, lit,
};

use super::cells_across::cells_of;
use super::coded_levels::CodedLevels;
use super::columns::column;
use super::filter_members::members_of_facts;
use super::group_members::{GroupLevel, group_levels};
use super::join_roles::bridged_roles;
use super::measure_contexts::cells;
use super::order_rows::filter_measures;
use super::planner::{PlanStep, Planner, columns_named, with_columns};
use super::resolved::{ResolvedAxis, ResolvedKeep, ResolvedLevel, ResolvedQuery, ResolvedTop};
use crate::error::Result;

const RANK: &str = "#rank";

/// Keeps the facts of the members that the query keeps by measures: each time within what is left.
pub(crate) fn rank_top(
    planner: &Planner<'_>,
    mut facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    for at in of_facts(query) {
        facts = keep_these(planner, facts.clone(), Some(facts), (query, at))?;
    }
    Ok(facts)
}

/// Keeps the facts of the members that are kept by other facts; those of levels of which it is not true stay.
pub(crate) fn keep_ranked(
    planner: &Planner<'_>,
    (mut facts, is_kept): (LogicalPlanBuilder, impl Fn(&ResolvedLevel) -> bool),
    mut ranked: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    for at in of_facts(query) {
        if query.tops.get(at).is_some_and(|top| is_kept(&top.level)) {
            facts = keep_these(planner, facts, Some(ranked.clone()), (query, at))?;
        }
        ranked = keep_these(planner, ranked.clone(), Some(ranked), (query, at))?;
    }
    Ok(facts)
}

/// The places of what keeps members of the facts themselves.
fn of_facts(query: &ResolvedQuery) -> impl Iterator<Item = usize> + use<> {
    let tops = query.tops.iter().enumerate();
    let tops = tops.filter(|(_, top)| !top.level.is_bridged());
    tops.map(|(at, _)| at).collect::<Vec<_>>().into_iter()
}

/// The places of what keeps members of a bridge.
fn of_bridge(query: &ResolvedQuery, bridge: &str) -> Vec<usize> {
    let tops = query.tops.iter().enumerate();
    let is_own = |level: &ResolvedLevel| level.is_bridged() && level.dimension() == bridge;
    let tops = tops.filter(|(_, top)| is_own(&top.level));
    tops.map(|(at, _)| at).collect()
}

/// True if members of a bridge are kept by measures.
pub(crate) fn is_ranked_by(query: &ResolvedQuery, bridge: &str) -> bool {
    !of_bridge(query, bridge).is_empty()
}

/// Keeps the members of a bridge.
pub(crate) fn keep_ranked_members(
    planner: &Planner<'_>,
    mut members: LogicalPlanBuilder,
    (query, bridge): (&ResolvedQuery, &str),
) -> PlanStep {
    for at in of_bridge(query, bridge) {
        members = keep_these(planner, members, None, (query, at))?;
    }
    Ok(members)
}

/// Keeps the rows of the ranked members.
fn keep_these(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    ranked: Option<LogicalPlanBuilder>,
    (query, at): (&ResolvedQuery, usize),
) -> PlanStep {
    let top = top_at(query, at)?;
    let ranked_levels = top.levels();
    // facts of bridges are grouped in another way
    let ranked = ranked.filter(|_| bridged_roles(query).is_empty());
    let kept = match &top.ranked_across {
        None => kept_members(planner, ranked, (query, at))?,
        Some((at, across)) => kept_members(planner, None, (across, *at))?,
    };
    let names: Vec<String> = kept
        .schema()
        .columns()
        .into_iter()
        .map(|column| column.name)
        .collect();
    let of_facts = member_keys(&ranked_levels)?
        .into_iter()
        .zip(&names)
        .map(|(key, name)| key.alias(of_fact(name, at)))
        .collect();
    let on = (
        names
            .iter()
            .map(|name| Column::from_name(of_fact(name, at)))
            .collect(),
        names.iter().map(Column::from_name).collect::<Vec<_>>(),
    );
    let kept = kept.build().map_err(Planner::failed)?;
    with_columns(facts, of_facts)?
        .join_detailed(
            kept,
            JoinType::LeftSemi,
            on,
            None,
            NullEquality::NullEqualsNull,
        )
        .map_err(Planner::failed)
}

fn top_at(query: &ResolvedQuery, at: usize) -> Result<&ResolvedTop> {
    let top = query.tops.get(at);
    top.ok_or_else(|| Planner::internal("a ranking is lost"))
}

fn of_fact(name: &str, at: usize) -> String {
    format!("{name}#top{at}")
}

/// The keys and special members of all levels of the paths.
fn member_keys(levels: &[&ResolvedLevel]) -> Result<Vec<Expr>> {
    let mut keys = Vec::new();
    for level in levels {
        for member in members_of_facts(level)? {
            keys.extend([member.key, member.special]);
        }
    }
    Ok(keys)
}

/// The members that the ranking keeps: one column pair for each level of their paths. Without facts it reads its own.
fn kept_members(
    planner: &Planner<'_>,
    facts: Option<LogicalPlanBuilder>,
    (query, at): (&ResolvedQuery, usize),
) -> PlanStep {
    let top = top_at(query, at)?;
    // Each level on an axis of its own keeps its whole path to itself.
    let axes: Vec<ResolvedAxis> = top
        .levels()
        .iter()
        .map(|level| ResolvedAxis {
            levels: vec![(*level).clone()],
            subtotals: BTreeSet::new(),
        })
        .collect();
    let levels = group_levels(&axes);
    let ranking = ResolvedQuery {
        axes,
        measures: query.keeping.only(&top.by),
        cell: Vec::new(),
        tops: query.tops.get(..at).unwrap_or_default().to_vec(),
        ..query.clone()
    };
    let cells = match facts {
        Some(facts) => {
            let none = CodedLevels::default();
            cells(planner, facts, &ranking, (&levels, &none))?
        }
        None => cells_of(planner, &ranking, &levels)?,
    };
    let names: Vec<String> = levels.iter().flat_map(GroupLevel::columns).collect();
    let kept = match &top.keep {
        ResolvedKeep::Where(condition) => filter_measures(cells, std::slice::from_ref(condition))?,
        ResolvedKeep::Ranked { n, last } => {
            let order = rank_order((&top.by, *last), &names);
            first_of(cells, order, (&levels, *n))?
        }
    };
    kept.project(columns_named(&names)).map_err(Planner::failed)
}

/// The first so many members of an order, within each member of the levels before the last one.
fn first_of(
    cells: LogicalPlanBuilder,
    order: Vec<SortExpr>,
    (levels, n): (&[GroupLevel], u64),
) -> PlanStep {
    let most = usize::try_from(n).unwrap_or(usize::MAX);
    match levels.split_last() {
        Some((_, [])) | None => cells
            .sort(order)
            .and_then(|it| it.limit(0, Some(most)))
            .map_err(Planner::failed),
        Some((_, per)) => {
            let within = per
                .iter()
                .flat_map(GroupLevel::columns)
                .map(|name| column(&name));
            let rank = row_number()
                .partition_by(within.collect())
                .order_by(order)
                .build();
            let rank = rank.map_err(Planner::failed)?.alias(RANK);
            let ranked = cells.window(vec![rank]).map_err(Planner::failed)?;
            ranked
                .filter(column(RANK).lt_eq(lit(n)))
                .map_err(Planner::failed)
        }
    }
}

/// By the measure, members without a value last; then by member key, special members last.
fn rank_order((by, is_from_the_last): (&str, bool), names: &[String]) -> Vec<SortExpr> {
    let mut order = vec![column(by).sort(is_from_the_last, false)];
    for pair in names.chunks(2) {
        if let [key, special] = pair {
            order.push(column(special).sort(false, true));
            order.push(column(key).sort(true, false));
        }
    }
    order
}
