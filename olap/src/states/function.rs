//! The aggregates of the engine that make states of rows, merge them, and say what they tell.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, Signature, Volatility,
};

use super::distinct::Distinct;
use super::float_sum::FloatSums;
use super::groups::{Input, Kind, OneState, Output, States};
use super::percentile::{Percentile, Percentiles};
use super::period::{Amount, Periods, Which};
use super::sketch::{DistinctSketches, QuantileSketches};
use crate::digits::CELL_TYPE;

/// What is kept of a group, and what it says in the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum StateOf {
    /// The set of different values, and how many there are.
    Distinct,
    /// A sketch of the set of different values, and about how many there are.
    DistinctSketch,
    /// Doubles, added up without rounding on the way.
    FloatSum,
    /// All values and how often each occurs, and the one at a fraction of their order.
    Percentile(Percentile),
    /// A sketch of all values, and about the one at a fraction of their order.
    QuantileSketch(Percentile),
    /// The sum at the first or last period.
    Period(Which, Amount),
}

impl StateOf {
    /// The aggregate of fact rows that gives the value.
    pub(crate) fn direct(&self, values: Vec<Expr>) -> Expr {
        self.call((Input::Values, Output::Value), values)
    }

    /// The aggregate of fact rows that gives the state.
    pub(crate) fn state(&self, values: Vec<Expr>) -> Expr {
        self.call((Input::Values, Output::State), values)
    }

    /// The aggregate of states that gives the value.
    pub(crate) fn merged(&self, states: Expr) -> Expr {
        self.call((Input::States, Output::Value), vec![states])
    }

    fn call(&self, (input, output): (Input, Output), arguments: Vec<Expr>) -> Expr {
        let function = StateFunction {
            of: self.clone(),
            input,
            output,
            signature: Signature::any(arguments.len(), Volatility::Immutable),
        };
        AggregateUDF::new_from_impl(function).call(arguments)
    }

    fn value_type(&self) -> DataType {
        match self {
            Self::Distinct | Self::DistinctSketch => DataType::Int64,
            Self::FloatSum => DataType::Float64,
            Self::Percentile(_) | Self::QuantileSketch(_) => CELL_TYPE,
            Self::Period(_, amount) => amount.data_type(),
        }
    }
}

/// One aggregate function.
#[derive(Debug, PartialEq, Eq, Hash)]
struct StateFunction {
    of: StateOf,
    input: Input,
    output: Output,
    signature: Signature,
}

impl StateFunction {
    /// Does something with the states of the right kind.
    fn with<T>(&self, arguments: &AccumulatorArgs<'_>, make: impl Make<T>) -> Result<T> {
        let how = (self.input, self.output);
        Ok(match &self.of {
            StateOf::Distinct => {
                let value = arguments.expr_fields.first().map(|it| it.data_type());
                make.of(States::of(Distinct::of(self.input, value)?, how))
            }
            StateOf::DistinctSketch => make.of(States::of(DistinctSketches, how)),
            StateOf::FloatSum => make.of(States::of(FloatSums, how)),
            StateOf::Percentile(of) => make.of(States::of(Percentiles::of(of), how)),
            StateOf::QuantileSketch(of) => make.of(States::of(QuantileSketches::of(of), how)),
            StateOf::Period(which, amount) => {
                make.of(States::of(Periods::of(*which, *amount), how))
            }
        })
    }
}

/// Makes something of states of any kind.
trait Make<T> {
    fn of<K: Kind>(&self, states: States<K>) -> T;
}

struct MakeOne;
struct MakeGroups;

impl Make<Box<dyn Accumulator>> for MakeOne {
    fn of<K: Kind>(&self, states: States<K>) -> Box<dyn Accumulator> {
        Box::new(OneState::of(states))
    }
}

impl Make<Box<dyn GroupsAccumulator>> for MakeGroups {
    fn of<K: Kind>(&self, states: States<K>) -> Box<dyn GroupsAccumulator> {
        Box::new(states)
    }
}

impl AggregateUDFImpl for StateFunction {
    fn name(&self) -> &str {
        match (&self.of, self.input, self.output) {
            (StateOf::Distinct, Input::Values, Output::State) => "distinct_set",
            (StateOf::Distinct, Input::Values, Output::Value) => "distinct_members",
            (StateOf::Distinct, Input::States, _) => "distinct_union",
            (StateOf::DistinctSketch, Input::Values, Output::State) => "distinct_sketch",
            (StateOf::DistinctSketch, Input::Values, Output::Value) => "distinct_estimate",
            (StateOf::DistinctSketch, Input::States, _) => "distinct_sketch_union",
            (StateOf::FloatSum, Input::Values, Output::State) => "float_sum_state",
            (StateOf::FloatSum, Input::Values, Output::Value) => "float_sum",
            (StateOf::FloatSum, Input::States, _) => "float_sum_union",
            (StateOf::Percentile(_), Input::Values, Output::State) => "ordered_values",
            (StateOf::Percentile(_), Input::Values, Output::Value) => "percentile",
            (StateOf::Percentile(_), Input::States, _) => "percentile_union",
            (StateOf::QuantileSketch(_), Input::Values, Output::State) => "quantile_sketch",
            (StateOf::QuantileSketch(_), Input::Values, Output::Value) => "quantile_estimate",
            (StateOf::QuantileSketch(_), Input::States, _) => "quantile_sketch_union",
            (StateOf::Period(which, _), Input::Values, Output::State) => which.state_name(),
            (StateOf::Period(which, _), Input::Values, Output::Value) => which.name(),
            (StateOf::Period(which, _), Input::States, _) => which.union_name(),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.output {
            Output::State => DataType::LargeBinary,
            Output::Value => self.of.value_type(),
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format!("{}[state]", arguments.name);
        let field = Field::new(name, DataType::LargeBinary, false);
        Ok(vec![Arc::new(field)])
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.with(&arguments, MakeOne)
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.with(&arguments, MakeGroups)
    }
}
