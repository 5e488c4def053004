//! Sums at the first or last period: what a state such as a balance is for several periods together.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float64Type, Int32Type, i256,
};
use datafusion::error::Result;

use super::float_sum::{FloatSum, FloatSums, damaged};
use super::groups::{Kind, Rows};
use crate::digits::{fitting, sum_too_large};

/// Which period answers for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Which {
    /// The first one that has a value.
    First,
    /// The last one that has a value.
    Last,
}

impl Which {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "first_period",
            Self::Last => "last_period",
        }
    }

    pub(super) fn state_name(self) -> &'static str {
        match self {
            Self::First => "first_period_state",
            Self::Last => "last_period_state",
        }
    }

    pub(super) fn union_name(self) -> &'static str {
        match self {
            Self::First => "first_period_union",
            Self::Last => "last_period_union",
        }
    }

    /// True if one period goes before another.
    fn takes(self, one: i32, other: i32) -> bool {
        match self {
            Self::First => one < other,
            Self::Last => one > other,
        }
    }
}

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Amount {
    /// Whole numbers, as decimals without places.
    Integer,
    /// Decimals of this scale.
    Decimal(i8),
    /// Doubles.
    Float,
}

impl Amount {
    /// The type of the sum.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Decimal(scale) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale),
            Self::Float => DataType::Float64,
        }
    }
}

/// The sums of groups; two columns come in: the keys of periods, of which only ordinary ones count, and the values.
#[derive(Debug)]
pub(super) struct Periods {
    which: Which,
    amount: Amount,
}

impl Periods {
    pub(super) fn of(which: Which, amount: Amount) -> Self {
        Self { which, amount }
    }

    /// The sum to which a value of a period is to be added, if there is one.
    fn sum<'s>(&self, state: &'s mut Option<PeriodSum>, period: i32) -> Option<&'s mut Sum> {
        let is_other = match state {
            Some(known) if known.period == period => false,
            Some(known) if !self.which.takes(period, known.period) => return None,
            _ => true,
        };
        if is_other {
            *state = Some(PeriodSum {
                period,
                sum: Sum::of(self.amount),
            });
        }
        state.as_mut().map(|state| &mut state.sum)
    }
}

/// The sum at a period.
#[derive(Debug)]
pub(super) struct PeriodSum {
    period: i32,
    sum: Sum,
}

#[derive(Debug)]
enum Sum {
    Whole(i256),
    Float(FloatSum),
}

impl Sum {
    fn of(amount: Amount) -> Self {
        match amount {
            Amount::Float => Self::Float(FloatSum::default()),
            Amount::Integer | Amount::Decimal(_) => Self::Whole(i256::ZERO),
        }
    }

    fn merge(&mut self, other: Self) -> Result<()> {
        match (self, other) {
            (Self::Whole(sum), Self::Whole(other)) => {
                *sum = sum.checked_add(other).ok_or_else(sum_too_large)?;
                Ok(())
            }
            (Self::Float(sum), Self::Float(other)) => {
                sum.merge(other);
                Ok(())
            }
            _ => Err(damaged()),
        }
    }
}

impl Kind for Periods {
    type State = Option<PeriodSum>;

    fn empty(&self) -> Self::State {
        None
    }

    fn add(
        &self,
        states: &mut [Self::State],
        values: &[ArrayRef],
        rows: Rows<'_>,
    ) -> Result<usize> {
        let periods = values[0].as_primitive::<Int32Type>();
        let values = &values[1];
        let is_ordinary = |row: usize| periods.is_valid(row) && periods.value(row) > 0;
        let rows = rows.of(values).filter(|(row, _)| is_ordinary(*row));
        match self.amount {
            Amount::Float => {
                let values = values.as_primitive::<Float64Type>();
                for (row, group) in rows {
                    let sum = self.sum(&mut states[group], periods.value(row));
                    if let Some(Sum::Float(sum)) = sum {
                        sum.add(values.value(row));
                    }
                }
            }
            Amount::Integer | Amount::Decimal(_) => {
                let values = values.as_primitive::<Decimal128Type>();
                for (row, group) in rows {
                    let sum = self.sum(&mut states[group], periods.value(row));
                    if let Some(sum) = sum {
                        sum.merge(Sum::Whole(i256::from_i128(values.value(row))))?;
                    }
                }
            }
        }
        Ok(0)
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()> {
        let Some(other) = other else {
            return Ok(());
        };
        match self.sum(state, other.period) {
            Some(sum) => sum.merge(other.sum),
            None => Ok(()),
        }
    }

    fn write(&self, state: &Self::State, bytes: &mut Vec<u8>) -> Result<()> {
        let Some(state) = state else {
            return Ok(());
        };
        bytes.extend(state.period.to_le_bytes());
        match &state.sum {
            Sum::Whole(sum) => bytes.extend(sum.to_le_bytes()),
            Sum::Float(sum) => FloatSums.write(sum, bytes)?,
        }
        Ok(())
    }

    fn read(&self, bytes: &[u8]) -> Result<Self::State> {
        let Some((period, bytes)) = bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let sum = match self.amount {
            Amount::Float => Sum::Float(FloatSums.read(bytes)?),
            Amount::Integer | Amount::Decimal(_) => {
                let bytes = bytes.try_into().map_err(|_| damaged())?;
                Sum::Whole(i256::from_le_bytes(bytes))
            }
        };
        let period = i32::from_le_bytes(*period);
        Ok(Some(PeriodSum { period, sum }))
    }

    fn bytes(&self, state: &Self::State) -> usize {
        match state.as_ref().map(|state| &state.sum) {
            Some(Sum::Float(sum)) => FloatSums.bytes(sum),
            _ => 0,
        }
    }

    fn values(&self, states: &[Self::State]) -> Result<ArrayRef> {
        let sums = states.iter().map(|it| it.as_ref().map(|it| &it.sum));
        let whole = |sum: Option<&Sum>| match sum {
            Some(Sum::Whole(sum)) => fitting(*sum).ok_or_else(sum_too_large).map(Some),
            _ => Ok(None),
        };
        Ok(match self.amount {
            Amount::Float => {
                let sums = sums.map(|sum| match sum {
                    Some(Sum::Float(sum)) => sum.value(),
                    _ => None,
                });
                Arc::new(sums.collect::<Float64Array>())
            }
            Amount::Decimal(scale) => {
                let sums = sums.map(whole).collect::<Result<Decimal128Array>>()?;
                Arc::new(sums.with_precision_and_scale(DECIMAL128_MAX_PRECISION, scale)?)
            }
            Amount::Integer => {
                let narrow = |sum: i128| i64::try_from(sum).map_err(|_| sum_too_large());
                let sums = sums.map(|sum| whole(sum)?.map(narrow).transpose());
                Arc::new(sums.collect::<Result<Int64Array>>()?)
            }
        })
    }
}
