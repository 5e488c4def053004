//! Between aggregates and calculations: measures in another context than the cell, such as the period before or the member above.
//!
//! For each set of group columns of the answer, the facts are grouped once more for the cells whose context they are, and joined to
//! its rows: by the columns of the member above, or through a relation of members to members (`context_relation`). What is merged
//! are states, so that every measure is right there too.

use datafusion::common::{Column, NullEquality};
use datafusion::functions::expr_fn::nullif;
use datafusion::functions_window::expr_fn::rank as rank_function;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, cast, lit, when,
};
use planisphere_schemas::model::ContextFunction;

use super::aggregate_measures::aggregate_measures;
use super::bridged_cells::bridged_cells;
use super::calculate_measures::calculate_measure;
use super::coded_levels::CodedLevels;
use super::columns::column;
use super::context_cells::{Found, find};
use super::group_members::{GroupLevel, group_members, level_sets};
use super::join_roles::bridged_roles;
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::ResolvedQuery;
use super::resolved_measure::{ResolvedContext, ResolvedKind, ResolvedMeasure};
use crate::error::Result;

/// A query whose answer is grouped already.
#[derive(Clone, Copy)]
pub(super) struct Grouped<'q> {
    pub(super) query: &'q ResolvedQuery,
    pub(super) levels: &'q [GroupLevel],
    /// The positions of the levels of one set of group columns.
    pub(super) set: &'q [usize],
}

impl<'q> Grouped<'q> {
    /// The levels of the set.
    pub(super) fn present(self) -> impl Iterator<Item = &'q GroupLevel> + Clone {
        self.set.iter().filter_map(move |at| self.levels.get(*at))
    }
}

/// Adds a measure in another context to the cells; `number` tells it from others.
fn measure_in_context(
    planner: &Planner<'_>,
    mut plan: LogicalPlanBuilder,
    (query, levels): (&ResolvedQuery, &[GroupLevel]),
    (number, measure, context): (usize, &ResolvedMeasure, &ResolvedContext),
) -> PlanStep {
    let sets = level_sets(&query.axes, levels);
    let mut values: Vec<(Expr, Expr)> = Vec::new();
    let mut ranks: Vec<(Expr, String)> = Vec::new();
    for (at, set) in sets.iter().enumerate() {
        let grouped = Grouped { query, levels, set };
        let mut value = format!("#context_{number}_{at}");
        plan = match context.function {
            ContextFunction::Rank => match rank(grouped, context, sets.len() > 1)? {
                Some(rank) => match ranks.iter().find(|(other, _)| *other == rank) {
                    // the engine takes two alike for one
                    Some((_, there)) => {
                        value.clone_from(there);
                        plan
                    }
                    None => {
                        ranks.push((rank.clone(), value.clone()));
                        let rank = rank.alias(&value);
                        plan.window(vec![rank]).map_err(Planner::failed)?
                    }
                },
                None => continue,
            },
            _ => match find(planner, grouped, context)? {
                Some(found) => join_found(plan, found, (&context.measure, &value))?,
                None => continue,
            },
        };
        let is_of_set = match sets.len() {
            1 => lit(true),
            _ => is_of(grouped)?,
        };
        let is_ranked = match context.function {
            ContextFunction::Rank => is_of_set.and(column(&context.measure).is_not_null()),
            _ => is_of_set,
        };
        let value = cast(column(&value), measure.data_type.arrow());
        values.push((is_ranked, value));
    }
    with_value(plan, (measure, context), values)
}

/// The place of the finest member of a dimension among those of the same one above, all else being equal.
fn rank(grouped: Grouped<'_>, context: &ResolvedContext, has_totals: bool) -> Result<Option<Expr>> {
    let own = grouped
        .present()
        .filter(|it| it.level.dimension() == context.dimension);
    let Some(own) = own.max_by_key(|it| it.level.path.len()) else {
        return Ok(None);
    };
    let part = own.own()?;
    let ranked = [part.key.clone(), part.special()];
    let columns = grouped.levels.iter().flat_map(GroupLevel::columns);
    let mut within: Vec<Expr> = columns
        .filter(|name| !ranked.contains(name))
        .map(|name| column(&name))
        .collect();
    for level in grouped.levels.iter().filter(|_| has_totals) {
        within.push(column(&level.own()?.subtotal()));
    }
    let by = column(&context.measure).sort(false, false);
    let rank = rank_function()
        .partition_by(within)
        .order_by(vec![by])
        .build();
    rank.map(Some).map_err(Planner::failed)
}

/// The value of each row: what was found for the set of group columns that it is of.
fn with_value(
    plan: LogicalPlanBuilder,
    (measure, context): (&ResolvedMeasure, &ResolvedContext),
    values: Vec<(Expr, Expr)>,
) -> PlanStep {
    // not a literal: of a condition on that the engine would make one on the rows below, which a total without rows passes
    let inner = cast(column(&context.measure), measure.data_type.arrow());
    let nothing = nullif(inner.clone(), inner);
    let mut values = values.into_iter();
    let value = match values.next() {
        None => nothing,
        Some((is_of_set, value)) => {
            let mut cases = when(is_of_set, value);
            for (is_of_set, value) in values {
                cases = cases.when(is_of_set, value);
            }
            cases.end().map_err(Planner::failed)?
        }
    };
    with_columns(plan, vec![value.alias(&measure.name)])
}

/// True for the rows of a set of group columns.
fn is_of(grouped: Grouped<'_>) -> Result<Expr> {
    let mut all = lit(true);
    for (at, level) in grouped.levels.iter().enumerate() {
        let is_total = column(&level.own()?.subtotal());
        all = all.and(match grouped.set.contains(&at) {
            true => is_total.is_not_true(),
            false => is_total.is_true(),
        });
    }
    Ok(all)
}

/// Joins what was found; rows for which there is nothing have no value.
fn join_found(plan: LogicalPlanBuilder, found: Found, (measure, value): (&str, &str)) -> PlanStep {
    let names = |name: &String| format!("{value}#{name}");
    let mut columns = vec![column(measure).alias(value)];
    columns.extend(found.by.iter().map(|name| column(name).alias(names(name))));
    let found_plan = found.plan.project(columns).map_err(Planner::failed)?;
    let right = found_plan.build().map_err(Planner::failed)?;
    if found.by.is_empty() {
        return plan
            .join_on(right, JoinType::Left, [lit(true)])
            .map_err(Planner::failed);
    }
    let on: (Vec<Column>, Vec<Column>) = found
        .by
        .iter()
        .map(|name| (Column::from_name(name), Column::from_name(names(name))))
        .unzip();
    let equality = NullEquality::NullEqualsNull;
    plan.join_detailed(right, JoinType::Left, on, None, equality)
        .map_err(Planner::failed)
}

/// The cells of a query: its aggregates, its measures in other contexts, and what is calculated from both.
pub(crate) fn cells(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (levels, coded): (&[GroupLevel], &CodedLevels),
) -> PlanStep {
    let cells = aggregated_cells(planner, facts, query, (levels, coded))?;
    finished_cells(planner, cells, query, levels)
}

/// The cells with their aggregates alone.
pub(crate) fn aggregated_cells(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (levels, coded): (&[GroupLevel], &CodedLevels),
) -> PlanStep {
    if !bridged_roles(query).is_empty() {
        return bridged_cells(planner, facts, query, levels);
    }
    let plain: Vec<GroupLevel> = coded.plain(levels).into_iter().cloned().collect();
    let grouped = group_members(facts, &plain)?;
    let grouped = with_columns(grouped, coded.of_joined())?;
    aggregate_measures(planner, grouped, query, (levels, coded))
}

/// The cells with all that is not of their own rows alone.
pub(crate) fn finished_cells(
    planner: &Planner<'_>,
    cells: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> PlanStep {
    let mut plan = cells;
    for (number, measure) in query.measures.needed.iter().enumerate() {
        plan = match &measure.kind {
            ResolvedKind::InContext(context) => {
                let context = (number, measure, context);
                measure_in_context(planner, plan, (query, levels), context)?
            }
            ResolvedKind::Calculated { expression, .. } => {
                calculate_measure(planner, plan, (measure, expression))?
            }
            _ => plan,
        };
    }
    Ok(plan)
}
