//! The members of a level, one row each: keys of the path, captions, order, whether they are deleted.
//!
//! A member's caption and order come from its row that holds now, else from its latest one, so that a member
//! reads the same in every answer and in listings.

use arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::functions_aggregate::expr_fn::{bool_and, last_value, min};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, SortExpr, cast, lit, when};
use planisphere_schemas::model::Dimension;

use super::columns::{column, fact_column};
use super::filter_members::{MemberColumns, degenerate_member};
use super::join_roles::{ordinary, row_holds, special_member};
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::{PathLevel, ResolvedHistory, ResolvedLevel};
use super::scan_fact::scan_fact;
use super::tree_levels::scan_dimension;
use crate::error::Result;
use crate::model::DimensionSource;

/// The column with the English name of the member; null where it has none.
pub(crate) const NAME_EN: &str = "#name_en";
/// The column with the Chinese name of the member; null where it has none.
pub(crate) const NAME_ZH: &str = "#name_zh";
/// True if every row of the member is deleted at the source.
pub(crate) const DELETED: &str = "#deleted";

/// The column with an attribute of the member.
pub(crate) fn attribute_at(attribute: &str) -> String {
    format!("#attribute_{attribute}")
}

/// The key column of the path's level at a depth.
pub(crate) fn key_at(depth: usize) -> String {
    format!("#member_{depth}")
}

/// The column with the special member's key of the path's level at a depth.
pub(crate) fn special_at(depth: usize) -> String {
    format!("#member_{depth}_special")
}

/// The column that orders the members of the path's level at a depth.
pub(crate) fn sort_at(depth: usize) -> String {
    format!("#member_{depth}_sort")
}

/// The member columns of a plan made here.
pub(crate) fn member_columns(level: &ResolvedLevel) -> Vec<MemberColumns> {
    let depths = 0..level.path.len();
    depths
        .map(|depth| MemberColumns {
            key: column(&key_at(depth)),
            special: column(&special_at(depth)),
        })
        .collect()
}

/// The members of a level in a history mode; `fact` is the table that holds degenerate columns.
pub(crate) fn member_rows(
    planner: &Planner<'_>,
    level: &ResolvedLevel,
    fact: &str,
    history: ResolvedHistory,
) -> PlanStep {
    told_member_rows(planner, level, (fact, history), &[])
}

/// The same with these attributes of the dimension, each once.
pub(crate) fn told_member_rows(
    planner: &Planner<'_>,
    level: &ResolvedLevel,
    (fact, history): (&str, ResolvedHistory),
    told: &[&str],
) -> PlanStep {
    match &level.source {
        DimensionSource::Degenerate => degenerate_rows(planner, level, fact),
        DimensionSource::Role { dimension, .. } => {
            let dimension = planner.dimension(dimension)?;
            dimension_rows(planner, dimension, level, (history, told))
        }
    }
}

fn dimension_rows(
    planner: &Planner<'_>,
    dimension: &Dimension,
    level: &ResolvedLevel,
    (history, told): (ResolvedHistory, &[&str]),
) -> PlanStep {
    let key = column(&dimension.key_column());
    let special = when(key.clone().lt(lit(0)), key.clone())
        .end()
        .map_err(Planner::failed)?;
    let own = level
        .own()
        .ok_or_else(|| Planner::internal("a level without a path"))?;
    let names = [&own.name_en, &own.name_zh];
    let path = level.path.iter().flat_map(|part| [&part.key, &part.sort]);
    let names = path.chain(names).map(|it| it.name.as_str());
    let names = names.chain(told.iter().copied());
    let rows = scan_dimension(planner, dimension, names, history)?
        .filter(row_holds(dimension, history))
        .map_err(Planner::failed)?;
    let mut group = Vec::new();
    for (depth, part) in level.path.iter().enumerate() {
        let name = &part.key.name;
        group.push(ordinary(dimension, name, &key)?.alias(key_at(depth)));
        group.push(special_member(dimension, name, special.clone())?.alias(special_at(depth)));
    }
    let latest: Vec<SortExpr> = [column("is_current"), column("valid_from"), key]
        .map(|it| it.sort(true, true))
        .into();
    // A generated member has one row for ever, so any of a member's rows will do.
    let value = |name: &str| match dimension.is_generated() {
        true => min(column(name)),
        false => last_value(column(name), latest.clone()),
    };
    let mut values = vec![bool_and(column("deleted_at_source")).alias(DELETED)];
    for (depth, part) in level.path.iter().enumerate() {
        values.push(value(&part.sort.name).alias(sort_at(depth)));
    }
    values.push(value(&own.name_en.name).alias(NAME_EN));
    values.push(value(&own.name_zh.name).alias(NAME_ZH));
    let told = told.iter();
    values.extend(told.map(|name| value(name).alias(attribute_at(name))));
    rows.aggregate(group, values).map_err(Planner::failed)
}

fn degenerate_rows(planner: &Planner<'_>, level: &ResolvedLevel, fact: &str) -> PlanStep {
    let mut group = Vec::new();
    let mut values = vec![bool_and(fact_column("deleted_at_source")).alias(DELETED)];
    for (depth, part) in level.path.iter().enumerate() {
        let key = fact_column(&part.key.name);
        let member = degenerate_member(key.clone())?;
        group.push(member.key.alias(key_at(depth)));
        group.push(member.special.alias(special_at(depth)));
        values.push(min(key).alias(sort_at(depth)));
    }
    let facts = scan_fact(planner, fact, true)?;
    let grouped = facts.aggregate(group, values).map_err(Planner::failed)?;
    let own = column(&key_at(level.path.len().saturating_sub(1)));
    let names = vec![own.clone().alias(NAME_EN), own.alias(NAME_ZH)];
    with_columns(grouped, names)
}

/// The order of members along a path: special members last, by sort attribute, ties by key.
pub(crate) fn path_order(path: &[PathLevel]) -> Vec<SortExpr> {
    let depths = 0..path.len();
    depths
        .flat_map(|depth| member_order(&key_at(depth), &special_at(depth), &sort_at(depth), false))
        .collect()
}

/// The order of members of one level; descending turns ordinary members around only.
pub(crate) fn member_order(
    key: &str,
    special: &str,
    sort: &str,
    descending: bool,
) -> Vec<SortExpr> {
    let mut order = vec![column(special).sort(false, true)];
    if sort != key {
        order.push(column(sort).sort(!descending, false));
    }
    order.push(column(key).sort(!descending, false));
    order
}

/// Renames the columns of a plan of members, so that it can be joined to another one.
pub(crate) fn renamed(plan: LogicalPlanBuilder, names: Vec<(String, String)>) -> PlanStep {
    let columns: Vec<Expr> = names
        .into_iter()
        .map(|(from, to)| Expr::Column(Column::from_name(from)).alias(to))
        .collect();
    plan.project(columns).map_err(Planner::failed)
}

/// The values of a member that are shown: its key as text where it has no name.
pub(crate) fn caption_of(name: Expr, key: Expr) -> Result<Expr> {
    let text = |value| cast(value, DataType::Utf8);
    when(name.clone().is_not_null(), text(name))
        .otherwise(text(key))
        .map_err(Planner::failed)
}
