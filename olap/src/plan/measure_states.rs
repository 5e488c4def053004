//! What is kept of a group for a measure, how coarser groups merge it, and the cell that is computed from it.
//!
//! What is summed is widened first, so that no sum can wrap: integers to 64 bits or to decimals that are
//! cast back with a check, decimals to 38 digits. Averages and percentiles come out in decimal(38,10).

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType as Arrow};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt, cast, lit, when};
use planisphere_schemas::model::{Aggregation, DataType};

use super::columns::{DURABLE, column, fact_column, role_column};
use super::decimal::{divide, round_to_cell};
use super::planner::Planner;
use super::resolved_measure::{Input, ResolvedAggregate, ResolvedMeasure};
use super::signs::Signing;
use crate::digits::CELL_TYPE;
use crate::error::Result;
use crate::model::ColumnType;
use crate::states::{Amount, Percentile, StateOf, Values, Which};

/// The weight of a group of a bridge in a cell, of all bridges together.
pub(super) const WEIGHT: &str = "#weight";
/// Sums of numbers of up to this many digits cannot leave 38 digits before 10^10 rows.
const SAFE_DIGITS: u8 = 28;

/// One measure as aggregates of the engine, and the cell computed from them.
pub(super) struct Aggregated {
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) cell: Expr,
}

/// An aggregate under its name: of fact rows, as a state, and of the states of finer groups.
pub(super) struct Aggregate {
    pub(super) direct: Expr,
    pub(super) state: Expr,
    pub(super) merged: Expr,
    /// Merged where states belong to groups of bridges, which have a weight.
    pub(super) shared: Expr,
}

/// An aggregate that has no name yet.
pub(super) struct State {
    direct: Expr,
    state: Expr,
    merge: Merge,
}

/// How states merge.
enum Merge {
    /// As counts and sums do.
    Add,
    /// The same, in groups of bridges by their weights; numbers of so many places.
    AddWeighted(i8),
    Min,
    Max,
    States(StateOf),
}

impl Merge {
    fn of(&self, states: Expr) -> Expr {
        match self {
            Self::Add | Self::AddWeighted(_) => sum(states),
            Self::Min => min(states),
            Self::Max => max(states),
            Self::States(of) => of.merged(states),
        }
    }

    /// Merges states of groups of bridges.
    fn shared(&self, states: Expr) -> Expr {
        match self {
            Self::AddWeighted(scale) => {
                sum(cast(states, Arrow::Decimal256(50, *scale)) * column(WEIGHT))
            }
            _ => self.of(states),
        }
    }
}

impl State {
    /// The value is the state.
    fn same(direct: Expr, merge: Merge) -> Self {
        Self {
            state: direct.clone(),
            direct,
            merge,
        }
    }

    /// A state that says nothing before it is read.
    fn kept(of: StateOf, values: Vec<Expr>) -> Self {
        Self {
            direct: of.direct(values.clone()),
            state: of.state(values),
            merge: Merge::States(of),
        }
    }

    /// Gives it a name, and a condition on the rows that take part.
    pub(super) fn named(self, name: &str, filter: Option<&Expr>) -> Result<Aggregate> {
        let filtered = |aggregate: Expr| match filter {
            Some(filter) => aggregate.filter(filter.clone()).build(),
            None => Ok(aggregate),
        };
        Ok(Aggregate {
            direct: filtered(self.direct).map_err(Planner::failed)?.alias(name),
            state: filtered(self.state).map_err(Planner::failed)?.alias(name),
            merged: self.merge.of(column(name)).alias(name),
            shared: self.merge.shared(column(name)).alias(name),
        })
    }
}

/// The states of a measure.
pub(super) fn aggregated(
    measure: &ResolvedMeasure,
    aggregate: &ResolvedAggregate,
    (filter, signing): (Option<Expr>, &Signing),
) -> Result<Aggregated> {
    let parts = Parts {
        name: &measure.name,
        filter,
    };
    let of = || column_of(measure, &aggregate.input);
    match aggregate.function {
        Aggregation::Sum if aggregate.weighted => {
            let of = of()?;
            let state = State::same(sum(widened(of, fact_column(&of.name))), weighted_by(of));
            let (aggregate, total) = parts.part("sum", state)?;
            Ok(Aggregated {
                aggregates: vec![aggregate],
                cell: round_to_cell(total),
            })
        }
        Aggregation::Count if aggregate.weighted => {
            let state = State::same(count(counted(&aggregate.input)?), Merge::AddWeighted(0));
            let counted = parts.alone(state)?;
            Ok(Aggregated {
                // of no groups at all there is no sum
                cell: coalesce(vec![round_to_cell(counted.cell), cast(lit(0), CELL_TYPE)]),
                ..counted
            })
        }
        Aggregation::Sum if aggregate.signed => signed_sum_of(&parts, of()?, signing),
        Aggregation::Sum => sum_of(&parts, of()?),
        Aggregation::Average => average_of(&parts, of()?),
        Aggregation::Median | Aggregation::Percentile => {
            parts.alone(percentile_of(of()?, aggregate))
        }
        Aggregation::Count => {
            let counted = parts.alone(count_of(counted(&aggregate.input)?))?;
            Ok(Aggregated {
                // of no groups at all there is no sum
                cell: coalesce(vec![counted.cell, lit(0_i64)]),
                ..counted
            })
        }
        Aggregation::CountDistinct => parts.alone(distinct_of(aggregate)?),
        Aggregation::Min => parts.alone(State::same(min(fact_column(&of()?.name)), Merge::Min)),
        Aggregation::Max => parts.alone(State::same(max(fact_column(&of()?.name)), Merge::Max)),
        Aggregation::First => {
            parts.alone(period_of(Which::First, of()?, period(measure, aggregate)?))
        }
        Aggregation::Last => {
            parts.alone(period_of(Which::Last, of()?, period(measure, aggregate)?))
        }
        Aggregation::PeriodAverage => {
            period_average_of(&parts, of()?, &period(measure, aggregate)?)
        }
    }
}

/// Weights share out numbers of so many places.
fn weighted_by(of: &ColumnType) -> Merge {
    match of.data_type {
        DataType::Decimal(_, scale) => Merge::AddWeighted(scale),
        _ => Merge::AddWeighted(0),
    }
}

/// Counts add up.
pub(super) fn count_of(counted: Expr) -> State {
    State::same(count(counted), Merge::Add)
}

/// Dense keys are counted by their set anyhow; of other values the engine keeps less where nothing is to be merged.
fn distinct_of(aggregate: &ResolvedAggregate) -> Result<State> {
    let counted = counted(&aggregate.input)?;
    if aggregate.approximate {
        return Ok(State::kept(StateOf::DistinctSketch, vec![counted]));
    }
    let is_dense = match &aggregate.input {
        Input::Column(column) => matches!(column.data_type, DataType::Integer | DataType::Date),
        Input::Rows | Input::Members { .. } => true,
    };
    let state = State::kept(StateOf::Distinct, vec![counted.clone()]);
    Ok(match is_dense {
        true => state,
        false => State {
            direct: count_distinct(counted),
            ..state
        },
    })
}

/// Doubles are summed without rounding on the way, so that neither order nor parts change the sum.
fn sum_state(of: &ColumnType, values: Expr) -> State {
    match of.data_type {
        DataType::Double => State::kept(StateOf::FloatSum, vec![values]),
        _ => State::same(sum(widened(of, values)), Merge::Add),
    }
}

/// The column that a measure is over.
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
    let state = sum_state(of, fact_column(&of.name));
    let (aggregate, total) = parts.part("sum", state)?;
    Ok(Aggregated {
        aggregates: vec![aggregate],
        cell: narrowed(of, total),
    })
}

/// A sum in the type of its cells.
fn narrowed(of: &ColumnType, total: Expr) -> Expr {
    match of.data_type {
        DataType::Decimal(_, scale) => cast(total, Arrow::Decimal128(38, scale)),
        DataType::Integer | DataType::Bigint => cast(total, Arrow::Int64),
        _ => total,
    }
}

/// One sum for each level at which rows may stand; a row takes that of its own.
fn signed_sum_of(parts: &Parts<'_>, of: &ColumnType, signing: &Signing) -> Result<Aggregated> {
    let mut aggregates = Vec::new();
    let mut cell: Option<Expr> = None;
    for way in signing.ways().into_iter().rev() {
        let values = way.signed(widened(of, fact_column(&of.name)))?;
        let (aggregate, total) = parts.part(&format!("sum{}", way.name), sum_state(of, values))?;
        aggregates.push(aggregate);
        let total = narrowed(of, total);
        cell = Some(match (way.holds, cell) {
            (Some(holds), Some(others)) => when(holds, total)
                .otherwise(others)
                .map_err(Planner::failed)?,
            _ => total,
        });
    }
    let cell = cell.ok_or_else(|| Planner::internal("a signed measure without signs"))?;
    Ok(Aggregated { aggregates, cell })
}

/// Values in a type whose sum cannot wrap.
fn widened(of: &ColumnType, values: Expr) -> Expr {
    match of.data_type {
        // 2^32 rows of the greatest values still fit.
        DataType::Integer => cast(values, Arrow::Int64),
        DataType::Bigint => cast(values, Arrow::Decimal128(20, 0)),
        DataType::Decimal(precision, scale) if precision > SAFE_DIGITS => {
            cast(values, Arrow::Decimal256(DECIMAL256_MAX_PRECISION, scale))
        }
        _ => values,
    }
}

fn average_of(parts: &Parts<'_>, of: &ColumnType) -> Result<Aggregated> {
    let values = fact_column(&of.name);
    let summed = parts.part("sum", sum_state(of, values.clone()))?;
    quotient_of(of, summed, parts.part("count", count_of(values))?)
}

/// The sum of a state by its periods, divided by how many of them have a value.
fn period_average_of(parts: &Parts<'_>, of: &ColumnType, period: &Expr) -> Result<Aggregated> {
    let values = fact_column(&of.name);
    let has_value = period.clone().gt(lit(0)).and(values.clone().is_not_null());
    let of_periods = |what: Expr| {
        let taken = when(has_value.clone(), what).end();
        taken.map_err(Planner::failed)
    };
    let summed = parts.part("sum", sum_state(of, of_periods(values)?))?;
    let periods = State::kept(StateOf::Distinct, vec![of_periods(period.clone())?]);
    quotient_of(of, summed, parts.part("periods", periods)?)
}

fn quotient_of(
    of: &ColumnType,
    (summed, total): (Aggregate, Expr),
    (counted, number): (Aggregate, Expr),
) -> Result<Aggregated> {
    let cell = match of.data_type {
        DataType::Double => round_to_cell(total / cast(number, Arrow::Float64)),
        _ => divide(total, number),
    };
    Ok(Aggregated {
        aggregates: vec![summed, counted],
        cell,
    })
}

/// Integers and decimals as decimals of 38 digits, and their scale; `None` of doubles.
fn whole(of: &ColumnType) -> Option<(Expr, i8)> {
    let scale = match of.data_type {
        DataType::Double => return None,
        DataType::Decimal(_, scale) => scale,
        _ => 0,
    };
    let kind = Arrow::Decimal128(DECIMAL128_MAX_PRECISION, scale);
    Some((cast(fact_column(&of.name), kind), scale))
}

fn percentile_of(of: &ColumnType, aggregate: &ResolvedAggregate) -> State {
    let (values, kind) = match whole(of) {
        Some((values, scale)) => (values, Values::Decimal(scale)),
        None => (fact_column(&of.name), Values::Float),
    };
    let percentile = Percentile {
        at: aggregate.at,
        of: kind,
    };
    match aggregate.approximate {
        true => {
            let values = cast(fact_column(&of.name), Arrow::Float64);
            State::kept(StateOf::QuantileSketch(percentile), vec![values])
        }
        false => State::kept(StateOf::Percentile(percentile), vec![values]),
    }
}

/// The keys of the days that are the periods of a measure.
fn period(measure: &ResolvedMeasure, aggregate: &ResolvedAggregate) -> Result<Expr> {
    let missing = || Planner::internal(format!("measure '{}' has no periods", measure.name));
    let role = aggregate.over.as_ref().ok_or_else(missing)?;
    Ok(fact_column(&format!("{role}_key")))
}

fn period_of(which: Which, of: &ColumnType, period: Expr) -> State {
    let (values, amount) = match (whole(of), of.data_type) {
        (Some((values, scale)), DataType::Decimal(..)) => (values, Amount::Decimal(scale)),
        (Some((values, _)), _) => (values, Amount::Integer),
        (None, _) => (fact_column(&of.name), Amount::Float),
    };
    State::kept(StateOf::Period(which, amount), vec![period, values])
}
