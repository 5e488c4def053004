//! Last step: conditions on measures, the order of rows, the page.

use datafusion::logical_expr::{Expr, LogicalPlanBuilder, SortExpr, lit};
use datafusion::scalar::ScalarValue;

use super::apart::apart;
use super::columns::column;
use super::group_members::{GroupLevel, GroupPart};
use super::member_rows::member_order;
use super::planner::{PlanStep, Planner};
use super::resolved::{ResolvedHaving, ResolvedQuery, ResolvedSort};
use crate::digits::parse_decimal;
use crate::error::Result;
use crate::query::Comparison;

/// Which rows of the ordered answer are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Rows of earlier pages.
    pub(crate) skip: usize,
    /// Rows wanted at most.
    pub(crate) fetch: Option<usize>,
}

/// Keeps the rows whose measures hold.
pub(crate) fn filter_measures(plan: LogicalPlanBuilder, having: &[ResolvedHaving]) -> PlanStep {
    let mut plan = plan;
    for (at, condition) in having.iter().enumerate() {
        // the engine shall not see that two exclude each other: it would make a condition without columns of them, which it asks of the rows below a
        // total, and a total of no rows is a row
        let measure = (0..=at).fold(column(&condition.measure), |it, _| apart(it));
        let value = decimal_literal(&condition.value)?;
        let predicate = match condition.comparison {
            Comparison::Equal => measure.eq(value),
            Comparison::NotEqual => measure.not_eq(value),
            Comparison::Less => measure.lt(value),
            Comparison::LessOrEqual => measure.lt_eq(value),
            Comparison::Greater => measure.gt(value),
            Comparison::GreaterOrEqual => measure.gt_eq(value),
        };
        plan = plan.filter(predicate).map_err(Planner::failed)?;
    }
    Ok(plan)
}

/// A decimal with no more digits than are written, so that comparing it loses none of the other side.
fn decimal_literal(text: &str) -> Result<Expr> {
    let places = text
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let scale = i8::try_from(places).unwrap_or(i8::MAX);
    let digits = parse_decimal(text, scale)
        .ok_or_else(|| Planner::internal(format!("'{text}' is not a decimal number")))?;
    let precision = digits.unsigned_abs().to_string().len().max(places.max(1));
    let precision = u8::try_from(precision).unwrap_or(38);
    Ok(lit(ScalarValue::Decimal128(Some(digits), precision, scale)))
}

/// Orders the rows and cuts the page out.
pub(crate) fn order_rows(
    plan: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
    page: Page,
) -> PlanStep {
    let order = order_of(query, levels)?;
    let ordered = match order.is_empty() {
        true => plan,
        false => plan.sort(order).map_err(Planner::failed)?,
    };
    match page {
        Page {
            skip: 0,
            fetch: None,
        } => Ok(ordered),
        Page { skip, fetch } => ordered.limit(skip, fetch).map_err(Planner::failed),
    }
}

/// The asked order first; then the axes decide, and at last the member keys, so that no two rows tie.
fn order_of(query: &ResolvedQuery, levels: &[GroupLevel]) -> Result<Vec<SortExpr>> {
    let mut order = asked_order(query, levels)?;
    let ranked = query.tops.iter().filter(|_| query.sort.is_empty());
    for (number, level) in levels.iter().enumerate() {
        order.extend(subtotals_last(query, level)?);
        let innermost = number + 1 == levels.len();
        // the last of several
        let own = ranked.clone().rev();
        let mut own = own.filter(|top| innermost && top.level.name == level.level.name);
        let own = own.find_map(|top| Some((top, top.is_from_the_last()?)));
        if let Some((top, is_from_the_last)) = own {
            order.push(column(&top.by).sort(is_from_the_last, false));
        }
        let introduced = level.parts.iter().filter(|part| part.introduced);
        order.extend(introduced.flat_map(|part| part_order(part, false)));
    }
    Ok(order)
}

fn asked_order(query: &ResolvedQuery, levels: &[GroupLevel]) -> Result<Vec<SortExpr>> {
    let mut order = Vec::new();
    if query
        .sort
        .iter()
        .any(|sort| matches!(sort, ResolvedSort::Measure { .. }))
    {
        for level in levels {
            order.extend(subtotals_last(query, level)?);
        }
    }
    for sort in &query.sort {
        match sort {
            ResolvedSort::Measure { name, descending } => {
                order.push(column(name).sort(!descending, false));
            }
            ResolvedSort::Level {
                axis,
                position,
                descending,
            } => {
                let level = levels
                    .iter()
                    .find(|level| level.axis == *axis && level.position == *position)
                    .ok_or_else(|| Planner::internal("a sort by a level on no axis"))?;
                order.extend(subtotals_last(query, level)?);
                order.extend(
                    level
                        .parts
                        .iter()
                        .flat_map(|part| part_order(part, *descending)),
                );
            }
        }
    }
    Ok(order)
}

/// Totals stand after what they sum.
fn subtotals_last(query: &ResolvedQuery, level: &GroupLevel) -> Result<Option<SortExpr>> {
    match has_subtotals(query) {
        true => Ok(Some(column(&level.own()?.subtotal()).sort(true, false))),
        false => Ok(None),
    }
}

/// True if rows may be summed over levels: then every level says so.
pub(crate) fn has_subtotals(query: &ResolvedQuery) -> bool {
    query
        .axes
        .iter()
        .any(|axis| !axis.subtotals.is_empty() && !axis.levels.is_empty())
}

fn part_order(part: &GroupPart, descending: bool) -> Vec<SortExpr> {
    member_order(&part.key, &part.special(), &part.sort(), descending)
}
