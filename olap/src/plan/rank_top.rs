//! Between filters and groups: a ranking turned into a dice by the members that it keeps.
//!
//! Members are ranked by a measure over the filtered facts, ties by member key; only the facts of the kept
//! members go on, so totals are totals of what is shown.

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
use super::planner::{PlanStep, Planner, columns_named, with_columns};
use super::resolved::{ResolvedAxis, ResolvedLevel, ResolvedQuery, ResolvedTop};
use crate::error::Result;

const RANK: &str = "#rank";

/// Keeps the facts of the ranked members.
pub(crate) fn rank_top(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    keep_ranked(planner, facts.clone(), facts, query)
}

/// Keeps the facts of the members that are ranked by other facts.
pub(crate) fn keep_ranked(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    ranked: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    match &query.top {
        Some(top) if !top.level.is_bridged() => {
            keep_these(planner, facts, Some(ranked), (query, top))
        }
        _ => Ok(facts),
    }
}

/// True if members of a bridge are ranked.
pub(crate) fn is_ranked_by(query: &ResolvedQuery, bridge: &str) -> bool {
    let top = query.top.as_ref();
    top.is_some_and(|top| top.level.is_bridged() && top.level.dimension() == bridge)
}

/// Keeps the ranked members of a bridge.
pub(crate) fn keep_ranked_members(
    planner: &Planner<'_>,
    members: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    match &query.top {
        Some(top) => keep_these(planner, members, None, (query, top)),
        None => Ok(members),
    }
}

/// Keeps the rows of the ranked members.
fn keep_these(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    ranked: Option<LogicalPlanBuilder>,
    (query, top): (&ResolvedQuery, &ResolvedTop),
) -> PlanStep {
    let ranked_levels = top.levels();
    // facts of bridges are grouped in another way
    let ranked = ranked.filter(|_| bridged_roles(query).is_empty());
    let kept = match top.ranked_across.as_deref() {
        None => kept_members(planner, ranked, (query, top))?,
        Some(across) => {
            let of_all = across.top.as_ref();
            let of_all = of_all.ok_or_else(|| Planner::internal("a ranking is lost"))?;
            kept_members(planner, None, (across, of_all))?
        }
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
        .map(|(key, name)| key.alias(of_fact(name)))
        .collect();
    let on = (
        names
            .iter()
            .map(|name| Column::from_name(of_fact(name)))
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

fn of_fact(name: &str) -> String {
    format!("{name}#top")
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
    (query, top): (&ResolvedQuery, &ResolvedTop),
) -> PlanStep {
    // Each level on an axis of its own keeps its whole path to itself.
    let axes: Vec<ResolvedAxis> = top
        .levels()
        .iter()
        .map(|level| ResolvedAxis {
            levels: vec![(*level).clone()],
            subtotals: false,
        })
        .collect();
    let levels = group_levels(&axes);
    let ranking = ResolvedQuery {
        axes,
        measures: query.measures.only(&top.by),
        cell: Vec::new(),
        top: None,
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
    let order = rank_order(top, &names);
    let n = usize::try_from(top.n).unwrap_or(usize::MAX);
    let kept = match levels.split_last() {
        Some((_, [])) | None => cells
            .sort(order)
            .and_then(|it| it.limit(0, Some(n)))
            .map_err(Planner::failed)?,
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
                .filter(column(RANK).lt_eq(lit(top.n)))
                .map_err(Planner::failed)?
        }
    };
    kept.project(columns_named(&names)).map_err(Planner::failed)
}

/// By the measure, members without a value last; then by member key, special members last.
fn rank_order(top: &ResolvedTop, names: &[String]) -> Vec<SortExpr> {
    let mut order = vec![column(&top.by).sort(top.bottom, false)];
    for pair in names.chunks(2) {
        if let [key, special] = pair {
            order.push(column(special).sort(false, true));
            order.push(column(key).sort(true, false));
        }
    }
    order
}
