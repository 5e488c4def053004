//! Fifth step: the stored numbers of each cell, summed without loss.
//!
//! ```text
//! fact rows ─► states of the finest groups ─► merged in each coarser group ─► cells
//! ```

use datafusion::common::DFSchema;
use datafusion::functions_aggregate::grouping::grouping;
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlanBuilder, lit};

use super::coded_levels::CodedLevels;
use super::columns::{column, fact_alias};
use super::context_cells::{Through, join_relation};
use super::group_members::{GroupLevel, level_sets};
use super::measure_states::{Aggregate, aggregated, count_of};
use super::planner::{PlanStep, Planner};
use super::resolved::{ResolvedLevel, ResolvedQuery};
use super::resolved_measure::{ResolvedKind, ResolvedMeasures};
use super::signs::Signing;
use crate::error::Result;

/// Groups the fact rows and aggregates the measures; the cells get the names of the measures.
pub(crate) fn aggregate_measures(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (levels, coded): (&[GroupLevel], &CodedLevels),
) -> PlanStep {
    let all_sets = level_sets(&query.axes, levels);
    let signing = match all_sets.len() {
        1 => Signing::at(query, standing_at(levels)),
        _ => Signing::by_subtotals(query, levels)?,
    };
    let (aggregates, cells) = aggregates_of(planner, &plan, &query.measures, &signing)?;
    let of_level = |at: usize| -> Vec<Expr> {
        let level = levels.get(at).into_iter();
        let names = level.flat_map(|level| coded.columns(at, level));
        names.map(|name| column(&name)).collect()
    };
    let columns: Vec<Expr> = (0..levels.len()).flat_map(of_level).collect();
    let sets = all_sets.into_iter();
    let sets = sets.map(|set| set.into_iter().flat_map(of_level).collect());
    let mut sets: Vec<Vec<Expr>> = sets.collect();
    let mut kept = Vec::new();
    for (at, level) in levels.iter().enumerate() {
        let is_total = match sets.len() {
            1 => None,
            _ => Some(column(&level.own()?.subtotal()).eq(lit(1))),
        };
        kept.extend(coded.members(at, level, is_total)?);
    }
    let grouped = match sets.len() {
        1 => {
            let direct = aggregates.into_iter().map(|it| it.direct);
            plan.aggregate(sets.pop().unwrap_or_default(), direct.collect::<Vec<_>>())
        }
        _ => {
            let mut subtotals = Vec::new();
            for (at, level) in levels.iter().enumerate() {
                let own = level.own()?;
                let first = of_level(at).into_iter().next_back();
                let first = first.ok_or_else(|| Planner::internal("a level without columns"))?;
                subtotals.push(grouping(first).alias(own.subtotal()));
                kept.push(column(&own.subtotal()).eq(lit(1)).alias(own.subtotal()));
            }
            lattice(plan, columns, sets, (aggregates, subtotals))
        }
    };
    kept.extend(cells);
    let grouped = grouped.map_err(Planner::failed)?;
    grouped.project(kept).map_err(Planner::failed)
}

/// The levels by which rows are grouped, and how deep they are.
pub(super) fn standing_at<'l>(
    levels: impl IntoIterator<Item = &'l GroupLevel, IntoIter: Clone>,
) -> impl Iterator<Item = (&'l ResolvedLevel, usize)> + Clone {
    let levels = levels.into_iter();
    levels.map(|level| (&level.level, level.level.path.len()))
}

/// The aggregates of measures, and their cells.
pub(super) fn aggregates_of(
    planner: &Planner<'_>,
    plan: &LogicalPlanBuilder,
    measures: &ResolvedMeasures,
    signing: &Signing,
) -> Result<(Vec<Aggregate>, Vec<Expr>)> {
    let mut aggregates = Vec::new();
    let mut cells = Vec::new();
    let fact = fact_schema(plan.schema())?;
    for measure in &measures.needed {
        let ResolvedKind::Aggregate(aggregate) = &measure.kind else {
            continue;
        };
        let filter = match &aggregate.filter {
            Some(sql) => {
                let what = format!("filter of measure '{}'", measure.name);
                Some(planner.expression(sql, &fact, &what)?)
            }
            None => None,
        };
        let states = aggregated(measure, aggregate, (filter, signing))?;
        aggregates.extend(states.aggregates);
        cells.push(states.cell.alias(&measure.name));
    }
    // A query without measures of its own still needs one, or there is nothing to aggregate.
    if aggregates.is_empty() {
        aggregates.push(count_of(lit(1)).named("#rows", None)?);
    }
    Ok((aggregates, cells))
}

/// Groups fact rows by columns; with a relation, first by finer ones, whose groups are merged by the columns that it leads to.
pub(super) fn aggregate_through(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    (finer, columns): (Vec<Expr>, Vec<Expr>),
    through: Option<Through<'_>>,
    (measures, signing): (&ResolvedMeasures, &Signing),
) -> PlanStep {
    let (aggregates, cells) = aggregates_of(planner, &facts, measures, signing)?;
    let grouped = match through {
        None => {
            let direct = aggregates.into_iter().map(|it| it.direct);
            facts.aggregate(columns.clone(), direct.collect::<Vec<_>>())
        }
        Some(through) => {
            let parts = aggregates.into_iter().map(|it| (it.state, it.merged));
            let (states, merged): (Vec<Expr>, Vec<Expr>) = parts.unzip();
            let finest = facts.aggregate(finer, states).map_err(Planner::failed)?;
            join_relation(finest, through)?.aggregate(columns.clone(), merged)
        }
    };
    let kept = columns.into_iter().chain(cells).collect::<Vec<_>>();
    grouped
        .and_then(|grouped| grouped.project(kept))
        .map_err(Planner::failed)
}

/// Groups by sets of columns, of which the first has all: the fact rows are read and grouped once, at the finest grain, and the
/// coarser groups merge the states of the finer ones.
fn lattice(
    facts: LogicalPlanBuilder,
    columns: Vec<Expr>,
    sets: Vec<Vec<Expr>>,
    (aggregates, subtotals): (Vec<Aggregate>, Vec<Expr>),
) -> datafusion::error::Result<LogicalPlanBuilder> {
    let group = vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))];
    let parts = aggregates.into_iter().map(|it| (it.state, it.merged));
    let (states, merged): (Vec<Expr>, Vec<Expr>) = parts.unzip();
    let finest = facts.aggregate(columns, states)?;
    finest.aggregate(group, merged.into_iter().chain(subtotals))
}

/// The columns of the fact alone: conditions of the model know no others.
fn fact_schema(schema: &DFSchema) -> Result<DFSchema> {
    let fact = fact_alias();
    let fields = schema.iter().filter(|(of, _)| *of == Some(&fact));
    let fields = fields
        .map(|(of, field)| (of.cloned(), field.clone()))
        .collect();
    DFSchema::new_with_metadata(fields, Default::default()).map_err(Planner::failed)
}
