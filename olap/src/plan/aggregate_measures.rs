//! Fifth step: the stored numbers of each cell, summed without loss.
//!
//! What is summed is widened first, so that no sum can wrap: integers to 64 bits or to decimals that are
//! cast back with a check, decimals to 38 digits. Averages and medians come out in decimal(38,10).

use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType as Arrow};
use datafusion::common::DFSchema;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, median, min, sum};
use datafusion::functions_aggregate::grouping::grouping;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, GroupingSet, LogicalPlanBuilder, cast, lit, when,
};
use planisphere_schemas::model::{Aggregation, DataType};

use super::columns::{DURABLE, column, fact_alias, fact_column, role_column};
use super::decimal::{divide, round_to_cell};
use super::group_members::{GroupLevel, grouping_sets};
use super::planner::{PlanStep, Planner};
use super::resolved::{Input, ResolvedAxis, ResolvedKind, ResolvedMeasure, ResolvedMeasures};
use crate::error::Result;
use crate::model::ColumnType;
use crate::states::{distinct_members, distinct_set, distinct_union};

/// Sums of numbers of up to this many digits cannot leave 38 digits before 10^10 rows.
const SAFE_DIGITS: u8 = 28;

/// One measure as aggregates of the engine, and the cell computed from them.
struct Aggregated {
    aggregates: Vec<Aggregate>,
    cell: Expr,
}

/// An aggregate under its name: of fact rows, and of the states of finer groups.
struct Aggregate {
    direct: Expr,
    /// The state of a group, and what the states of finer groups together give; `None` where only fact rows can tell.
    merged: Option<(Expr, Expr)>,
}

/// Groups the fact rows and aggregates the measures; the cells get the names of the measures.
pub(crate) fn aggregate_measures(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    axes: &[ResolvedAxis],
    levels: &[GroupLevel],
    measures: &ResolvedMeasures,
) -> PlanStep {
    let mut aggregates = Vec::new();
    let mut cells = Vec::new();
    for measure in &measures.needed {
        if let Some(aggregated) = aggregated(planner, &plan, measure)? {
            aggregates.extend(aggregated.aggregates);
            cells.push(aggregated.cell.alias(&measure.name));
        }
    }
    // A query without measures of its own still needs one, or there is nothing to aggregate.
    if aggregates.is_empty() {
        aggregates.push(count_of(lit(1)).named("#rows", None)?);
    }
    let columns: Vec<Expr> = levels
        .iter()
        .flat_map(GroupLevel::columns)
        .map(|name| column(&name))
        .collect();
    let mut sets = grouping_sets(axes, levels);
    let mut kept = columns.clone();
    let grouped = match sets.len() {
        1 => {
            let direct = aggregates
                .into_iter()
                .map(|it| it.direct)
                .collect::<Vec<_>>();
            plan.aggregate(sets.pop().unwrap_or_default(), direct)
        }
        _ => {
            let mut subtotals = Vec::new();
            for level in levels {
                let own = level.own()?;
                subtotals.push(grouping(column(&own.key)).alias(own.subtotal()));
                kept.push(column(&own.subtotal()).eq(lit(1)).alias(own.subtotal()));
            }
            lattice(plan, columns, sets, (aggregates, subtotals))
        }
    };
    kept.extend(cells);
    let grouped = grouped.map_err(Planner::failed)?;
    grouped.project(kept).map_err(Planner::failed)
}

/// Groups by sets of columns, of which the first has all: the fact rows are read and grouped once, at the finest grain, and the
/// coarser groups merge the states of the finer ones. Where an aggregate has no such state, every set takes the fact rows.
fn lattice(
    facts: LogicalPlanBuilder,
    columns: Vec<Expr>,
    sets: Vec<Vec<Expr>>,
    (aggregates, subtotals): (Vec<Aggregate>, Vec<Expr>),
) -> datafusion::error::Result<LogicalPlanBuilder> {
    let group = vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))];
    let is_merged = aggregates
        .iter()
        .all(|aggregate| aggregate.merged.is_some());
    if !is_merged {
        let direct = aggregates.into_iter().map(|aggregate| aggregate.direct);
        return facts.aggregate(group, direct.chain(subtotals));
    }
    let merged = aggregates
        .into_iter()
        .filter_map(|aggregate| aggregate.merged);
    let (states, merged): (Vec<Expr>, Vec<Expr>) = merged.unzip();
    let finest = facts.aggregate(columns, states)?;
    finest.aggregate(group, merged.into_iter().chain(subtotals))
}

fn aggregated(
    planner: &Planner<'_>,
    plan: &LogicalPlanBuilder,
    measure: &ResolvedMeasure,
) -> Result<Option<Aggregated>> {
    let ResolvedKind::Aggregate {
        function,
        input,
        filter,
    } = &measure.kind
    else {
        return Ok(None);
    };
    let filter = match filter {
        Some(sql) => {
            let what = format!("filter of measure '{}'", measure.name);
            Some(planner.expression(sql, &fact_schema(plan.schema())?, &what)?)
        }
        None => None,
    };
    let parts = Parts {
        name: &measure.name,
        filter,
    };
    Ok(Some(match function {
        Aggregation::Sum => sum_of(&parts, column_of(measure, input)?)?,
        Aggregation::Average => average_of(&parts, column_of(measure, input)?)?,
        Aggregation::Median => median_of(&parts, column_of(measure, input)?)?,
        Aggregation::Count => {
            let counted = parts.alone(count_of(counted(input)?))?;
            Aggregated {
                // of no groups at all there is no sum
                cell: coalesce(vec![counted.cell, lit(0_i64)]),
                ..counted
            }
        }
        Aggregation::CountDistinct => parts.alone(distinct_of(input)?)?,
        Aggregation::Min => {
            let column = fact_column(&column_of(measure, input)?.name);
            parts.alone(State::same(min(column), min))?
        }
        Aggregation::Max => {
            let column = fact_column(&column_of(measure, input)?.name);
            parts.alone(State::same(max(column), max))?
        }
    }))
}

/// The aggregate that merges states.
type Merge = fn(Expr) -> Expr;

/// An aggregate that has no name yet.
struct State {
    direct: Expr,
    /// The state that is kept in its place, and how states merge; `None` where only fact rows can tell.
    merged: Option<(Expr, Merge)>,
}

impl State {
    /// The value is the state.
    fn same(direct: Expr, merge: Merge) -> Self {
        Self {
            merged: Some((direct.clone(), merge)),
            direct,
        }
    }

    /// Gives it a name, and a condition on the rows that take part.
    fn named(self, name: &str, filter: Option<&Expr>) -> Result<Aggregate> {
        let filtered = |aggregate: Expr| match filter {
            Some(filter) => aggregate.filter(filter.clone()).build(),
            None => Ok(aggregate),
        };
        let merged = match self.merged {
            None => None,
            Some((state, merge)) => {
                let state = filtered(state).map_err(Planner::failed)?;
                let merged = merge(column(name)).alias(name);
                Some((state.alias(name), merged))
            }
        };
        Ok(Aggregate {
            direct: filtered(self.direct).map_err(Planner::failed)?.alias(name),
            merged,
        })
    }
}

/// Counts add up.
fn count_of(counted: Expr) -> State {
    State::same(count(counted), sum)
}

/// Dense keys are counted by their set anyhow; of other values the engine keeps less where nothing is to be merged.
fn distinct_of(input: &Input) -> Result<State> {
    let counted = counted(input)?;
    let is_dense = match input {
        Input::Column(column) => matches!(column.data_type, DataType::Integer | DataType::Date),
        Input::Rows | Input::Members { .. } => true,
    };
    Ok(State {
        direct: match is_dense {
            true => distinct_members(counted.clone()),
            false => count_distinct(counted.clone()),
        },
        merged: Some((distinct_set(counted), distinct_union)),
    })
}

/// Sums of floats depend on the order of additions, so that only fact rows give the same ones again.
fn sum_state(of: &ColumnType) -> State {
    let direct = sum(widened(of));
    match of.data_type {
        DataType::Double => State {
            direct,
            merged: None,
        },
        _ => State::same(direct, sum),
    }
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

fn column_of<'i>(measure: &ResolvedMeasure, input: &'i Input) -> Result<&'i ColumnType> {
    match input {
        Input::Column(column) => Ok(column),
        _ => Err(Planner::internal(format!(
            "measure '{}' is over no column",
            measure.name
        ))),
    }
}

/// What is counted: rows, values, or ordinary members of a role.
fn counted(input: &Input) -> Result<Expr> {
    match input {
        Input::Rows => Ok(lit(1)),
        Input::Column(column) => Ok(fact_column(&column.name)),
        Input::Members {
            role, versioned, ..
        } => {
            let key = fact_column(&format!("{role}_key"));
            let member = match *versioned {
                true => role_column(role, DURABLE),
                false => key.clone(),
            };
            when(key.gt(lit(0)), member).end().map_err(Planner::failed)
        }
    }
}

/// The aggregates of one measure share its name and its filter.
struct Parts<'m> {
    name: &'m str,
    filter: Option<Expr>,
}

impl Parts<'_> {
    /// An aggregate under a name of its own, and the column that it becomes.
    fn part(&self, suffix: &str, state: State) -> Result<(Aggregate, Expr)> {
        let name = format!("{}#{suffix}", self.name);
        let aggregate = state.named(&name, self.filter.as_ref())?;
        Ok((aggregate, column(&name)))
    }

    /// A measure that is one aggregate as it is.
    fn alone(&self, aggregate: State) -> Result<Aggregated> {
        let (aggregate, cell) = self.part("value", aggregate)?;
        Ok(Aggregated {
            aggregates: vec![aggregate],
            cell,
        })
    }
}

fn sum_of(parts: &Parts<'_>, of: &ColumnType) -> Result<Aggregated> {
    let (aggregate, total) = parts.part("sum", sum_state(of))?;
    let cell = match of.data_type {
        DataType::Decimal(_, scale) => cast(total, Arrow::Decimal128(38, scale)),
        DataType::Integer | DataType::Bigint => cast(total, Arrow::Int64),
        _ => total,
    };
    Ok(Aggregated {
        aggregates: vec![aggregate],
        cell,
    })
}

/// A column in a type whose sum cannot wrap.
fn widened(of: &ColumnType) -> Expr {
    let stored = fact_column(&of.name);
    match of.data_type {
        // 2^32 rows of the greatest values still fit.
        DataType::Integer => cast(stored, Arrow::Int64),
        DataType::Bigint => cast(stored, Arrow::Decimal128(20, 0)),
        DataType::Decimal(precision, scale) if precision > SAFE_DIGITS => {
            cast(stored, Arrow::Decimal256(DECIMAL256_MAX_PRECISION, scale))
        }
        _ => stored,
    }
}

fn average_of(parts: &Parts<'_>, of: &ColumnType) -> Result<Aggregated> {
    let (summed, total) = parts.part("sum", sum_state(of))?;
    let (counted, number) = parts.part("count", count_of(fact_column(&of.name)))?;
    let cell = match of.data_type {
        DataType::Double => round_to_cell(total / cast(number, Arrow::Float64)),
        _ => divide(total, number),
    };
    Ok(Aggregated {
        aggregates: vec![summed, counted],
        cell,
    })
}

/// The exact median: the mean of the two middle values needs one more digit than they have.
fn median_of(parts: &Parts<'_>, of: &ColumnType) -> Result<Aggregated> {
    let stored = fact_column(&of.name);
    let value = match of.data_type {
        DataType::Double => stored,
        DataType::Decimal(_, scale) => cast(
            stored,
            Arrow::Decimal256(DECIMAL256_MAX_PRECISION, scale + 1),
        ),
        _ => cast(stored, Arrow::Decimal128(38, 1)),
    };
    let state = State {
        direct: median(value),
        merged: None,
    };
    let (aggregate, middle) = parts.part("median", state)?;
    Ok(Aggregated {
        aggregates: vec![aggregate],
        cell: round_to_cell(middle),
    })
}
