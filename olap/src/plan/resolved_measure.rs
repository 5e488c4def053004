//! The measures of a resolved query: what each is computed from, and how.

use std::collections::BTreeSet;

use planisphere_schemas::model::{
    Aggregation, Caption, ContextCall, ContextFunction, DataType, Format,
};

use super::resolved::ResolvedLevel;
use crate::model::ColumnType;
use crate::result::Exactness;
use crate::states::{DISTINCT_ERROR, QUANTILE_ERROR};

/// The measures that are computed, inputs before what is calculated from them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResolvedMeasures {
    /// Every measure that is needed.
    pub(crate) needed: Vec<ResolvedMeasure>,
    /// The names of those that are answered, in order.
    pub(crate) asked: Vec<String>,
}

impl ResolvedMeasures {
    /// The needed measure of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&ResolvedMeasure> {
        self.needed.iter().find(|measure| measure.name == name)
    }

    /// How near the values of a measure are to the truth.
    pub(crate) fn exactness(&self, name: &str) -> Exactness {
        match self.get(name).map(|measure| &measure.kind) {
            Some(ResolvedKind::Aggregate(aggregate)) if aggregate.approximate => {
                let error = match aggregate.function {
                    Aggregation::CountDistinct => DISTINCT_ERROR,
                    _ => QUANTILE_ERROR,
                };
                Exactness::Approximate { error: Some(error) }
            }
            Some(ResolvedKind::InContext(context)) => self.exactness(&context.measure),
            Some(ResolvedKind::Taken(taken)) => taken.exactness,
            Some(ResolvedKind::Calculated { inputs, .. }) => {
                let mut inputs = inputs.iter().map(|input| self.exactness(input));
                match inputs.all(|exactness| exactness.is_exact()) {
                    true => Exactness::Exact,
                    false => Exactness::Approximate { error: None },
                }
            }
            _ => Exactness::Exact,
        }
    }

    /// True if a measure is no matter of the fact rows of its cell alone.
    pub(crate) fn leaves_its_cell(&self, name: &str) -> bool {
        let kind = self.get(name).map(|measure| &measure.kind);
        kind.is_some_and(|kind| match kind {
            ResolvedKind::InContext(_) => true,
            ResolvedKind::Taken(taken) => taken.leaves_its_cell,
            other => other.inputs().iter().any(|name| self.leaves_its_cell(name)),
        })
    }

    /// The measures that are matters of the fact rows of a cell alone.
    pub(crate) fn of_rows(&self) -> Self {
        let of_rows = |name: &str| !self.leaves_its_cell(name);
        let needed = self.needed.iter().filter(|it| of_rows(&it.name));
        let asked = self.asked.iter().filter(|name| of_rows(name));
        Self {
            needed: needed.cloned().collect(),
            asked: asked.cloned().collect(),
        }
    }

    /// One measure with what it is computed from.
    pub(crate) fn only(&self, name: &str) -> Self {
        self.only_these(&[name])
    }

    /// Some measures with what they are computed from.
    pub(crate) fn only_these(&self, asked: &[&str]) -> Self {
        let mut names: BTreeSet<&str> = asked.iter().copied().collect();
        for measure in self.needed.iter().rev() {
            if names.contains(measure.name.as_str()) {
                names.extend(measure.kind.inputs().iter().map(String::as_str));
            }
        }
        let needed = self
            .needed
            .iter()
            .filter(|it| names.contains(it.name.as_str()));
        Self {
            needed: needed.cloned().collect(),
            asked: asked.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// A measure with what it needs.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedMeasure {
    pub(crate) name: String,
    pub(crate) caption: Caption,
    pub(crate) format: Format,
    /// The type of its cells.
    pub(crate) data_type: DataType,
    pub(crate) kind: ResolvedKind,
}

/// How a measure is computed.
#[derive(Debug, Clone)]
pub(crate) enum ResolvedKind {
    Aggregate(ResolvedAggregate),
    /// A measure that stands before it, in another context than the cell.
    InContext(ResolvedContext),
    /// A measure of a cube that the query is across.
    Taken(ResolvedTaken),
    /// A SQL scalar over measures that stand before it.
    Calculated {
        expression: String,
        inputs: Vec<String>,
    },
}

impl ResolvedKind {
    /// The measures that it is computed from.
    pub(crate) fn inputs(&self) -> &[String] {
        match self {
            Self::Aggregate(_) | Self::Taken(_) => &[],
            Self::InContext(context) => std::slice::from_ref(&context.measure),
            Self::Calculated { inputs, .. } => inputs,
        }
    }
}

/// A measure of a cube that a query is across.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedTaken {
    pub(crate) part: String,
    /// The measure there.
    pub(crate) measure: String,
    /// The context in which it is taken, in the words of the part.
    pub(crate) context: Option<ContextCall>,
    pub(crate) exactness: Exactness,
    /// True if it is no matter of the fact rows of its cell alone.
    pub(crate) leaves_its_cell: bool,
}

impl ResolvedTaken {
    /// Its name among the measures of the part.
    pub(crate) fn name(&self) -> String {
        let context = self.context.as_ref().map(ContextCall::to_string);
        context.unwrap_or_else(|| self.measure.clone())
    }
}

/// The context of a measure: at which other members it is computed.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedContext {
    pub(crate) function: ContextFunction,
    pub(crate) measure: String,
    /// The dimension of the cube whose members change.
    pub(crate) dimension: String,
    pub(crate) level: Option<ResolvedLevel>,
    pub(crate) number: Option<u32>,
}

impl ResolvedContext {
    /// True if the hierarchy of a level of the dimension is that of the context, if it names one.
    pub(crate) fn is_in_hierarchy(&self, level: &ResolvedLevel) -> bool {
        let own = self.level.as_ref();
        own.is_none_or(|own| own.same_hierarchy(level))
    }
}

/// An aggregate over the fact rows of a cell.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedAggregate {
    pub(crate) function: Aggregation,
    pub(crate) input: Input,
    pub(crate) filter: Option<String>,
    /// Of functions of periods: the role whose days are the periods.
    pub(crate) over: Option<String>,
    /// Of percentiles: the fraction of the order in 10^-10.
    pub(crate) at: i64,
    /// True if a sketch will do.
    pub(crate) approximate: bool,
    /// True if members of bridges get their share by weight.
    pub(crate) weighted: bool,
    /// True if the operators of trees hold for it.
    pub(crate) signed: bool,
}

impl ResolvedAggregate {
    /// An exact aggregate of all rows of a cell.
    pub(crate) fn of(function: Aggregation, input: Input) -> Self {
        Self {
            function,
            input,
            filter: None,
            over: None,
            at: 0,
            approximate: false,
            weighted: false,
            signed: false,
        }
    }
}

/// What is aggregated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// The rows themselves.
    Rows,
    /// A column of the fact.
    Column(ColumnType),
    /// The members of a role.
    Members {
        role: String,
        dimension: String,
        versioned: bool,
    },
}
