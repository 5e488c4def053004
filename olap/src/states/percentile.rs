//! Exact percentiles: all values in their order, each with how often it occurs.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, Decimal128Type, Float64Type, i256};
use datafusion::error::{DataFusionError, Result};

use super::groups::{Kind, Rows};
use crate::digits::{CELL_SCALE, fitting, float_digits, power_of_ten, shift, too_large};

/// So many values come at least before they are put in order.
const LOOSE: usize = 1024;
/// What a value and its number take when they are written.
const WRITTEN: usize = 24;

/// Which value of an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Percentile {
    /// The fraction of the order, from 0 to 1, in 10^-10.
    pub(crate) at: i64,
    /// What the values are.
    pub(crate) of: Values,
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Values {
    /// Decimals of this scale.
    Decimal(i8),
    /// Doubles.
    Float,
}

/// The values of groups.
#[derive(Debug)]
pub(super) struct Percentiles {
    at: i64,
    of: Values,
}

impl Percentiles {
    pub(super) fn of(percentile: &Percentile) -> Self {
        Self {
            at: percentile.at,
            of: percentile.of,
        }
    }
}

impl Kind for Percentiles {
    type State = Ordered;

    fn empty(&self) -> Ordered {
        Ordered::default()
    }

    fn add(&self, states: &mut [Ordered], values: &[ArrayRef], rows: Rows<'_>) -> Result<usize> {
        let values = &values[0];
        match self.of {
            Values::Decimal(_) => {
                let values = values.as_primitive::<Decimal128Type>();
                for (row, group) in rows.of(values) {
                    states[group].add(values.value(row));
                }
            }
            Values::Float => {
                let values = values.as_primitive::<Float64Type>();
                for (row, group) in rows.of(values) {
                    states[group].add(place(values.value(row)));
                }
            }
        }
        Ok(values.len() * size_of::<i128>())
    }

    fn merge(&self, state: &mut Ordered, other: Ordered) -> Result<()> {
        state.merge(other);
        Ok(())
    }

    fn write(&self, state: &Ordered, bytes: &mut Vec<u8>) -> Result<()> {
        let mut state = state.clone();
        state.order();
        for (value, number) in &state.runs {
            bytes.extend(value.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        Ok(())
    }

    fn read(&self, bytes: &[u8]) -> Result<Ordered> {
        let (runs, []) = bytes.as_chunks::<WRITTEN>() else {
            let text = "the state of a percentile cannot be read";
            return Err(DataFusionError::Internal(text.into()));
        };
        let run = |bytes: &[u8; WRITTEN]| {
            let (value, number) = bytes.split_first_chunk::<16>()?;
            let number = number.first_chunk::<8>()?;
            Some((i128::from_le_bytes(*value), u64::from_le_bytes(*number)))
        };
        Ok(Ordered {
            loose: Vec::new(),
            runs: runs.iter().filter_map(run).collect(),
        })
    }

    fn bytes(&self, state: &Ordered) -> usize {
        state.loose.capacity() * size_of::<i128>() + state.runs.capacity() * size_of::<Run>()
    }

    fn values(&self, states: &[Ordered]) -> Result<ArrayRef> {
        let mut cells = Vec::with_capacity(states.len());
        for state in states {
            let mut state = state.clone();
            state.order();
            cells.push(self.value(&state)?);
        }
        let cells = Decimal128Array::from(cells);
        let cells = cells.with_precision_and_scale(DECIMAL128_MAX_PRECISION, CELL_SCALE)?;
        Ok(Arc::new(cells))
    }
}

impl Percentiles {
    /// The value at the fraction of the order: between two values, as far from one as from the other in the order.
    fn value(&self, state: &Ordered) -> Result<Option<i128>> {
        let numbers = state.runs.iter().map(|(_, number)| u128::from(*number));
        let Some(last) = numbers.sum::<u128>().checked_sub(1) else {
            return Ok(None);
        };
        let one = 10_u128.pow(u32::from(CELL_SCALE.unsigned_abs()));
        let place = last * u128::from(self.at.unsigned_abs());
        let (below, rest) = (place / one, place % one);
        let (low, high) = (state.at(below), state.at(below + u128::from(rest > 0)));
        let digits = match self.of {
            Values::Float => {
                let (low, high) = (float(low), float(high));
                let part = rest as f64 / one as f64;
                Some(float_digits(match rest {
                    0 => low,
                    _ => low + (high - low) * part,
                })?)
            }
            Values::Decimal(scale) => between((low, high), rest, scale),
        };
        let cell = digits.and_then(fitting).ok_or_else(too_large)?;
        Ok(Some(cell))
    }
}

/// Between two decimals, at a part of 10^10 of the way; with the scale of a cell.
fn between((low, high): (i128, i128), part: u128, scale: i8) -> Option<i256> {
    let (low, high) = (i256::from_i128(low), i256::from_i128(high));
    let part = i256::from_i128(i128::try_from(part).ok()?);
    let way = high.checked_sub(low)?.checked_mul(part)?;
    let digits = low
        .checked_mul(power_of_ten(CELL_SCALE)?)?
        .checked_add(way)?;
    shift(digits, -scale)
}

/// A whole number for each double, in the same order.
fn place(value: f64) -> i128 {
    let bits = value.to_bits().cast_signed();
    i128::from(bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed())
}

/// The double of a place.
fn float(place: i128) -> f64 {
    let bits = i64::try_from(place).unwrap_or_default();
    f64::from_bits((bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

/// A value, and how often it occurs.
type Run = (i128, u64);

/// Values with how often each occurs.
#[derive(Debug, Clone, Default)]
pub(super) struct Ordered {
    /// Values that are not in order yet.
    loose: Vec<i128>,
    runs: Vec<Run>,
}

impl Ordered {
    fn add(&mut self, value: i128) {
        self.loose.push(value);
        if self.loose.len() > LOOSE.max(self.runs.len()) {
            self.order();
        }
    }

    /// Puts the values in order.
    fn order(&mut self) {
        if self.loose.is_empty() {
            return;
        }
        let mut loose = std::mem::take(&mut self.loose);
        loose.sort_unstable();
        let mut runs: Vec<Run> = Vec::new();
        for value in loose {
            match runs.last_mut() {
                Some((last, number)) if *last == value => *number += 1,
                _ => runs.push((value, 1)),
            }
        }
        self.join(runs);
    }

    fn merge(&mut self, mut other: Self) {
        self.order();
        other.order();
        self.join(other.runs);
    }

    /// Joins two orders.
    fn join(&mut self, others: Vec<Run>) {
        if self.runs.is_empty() {
            self.runs = others;
            return;
        }
        let runs = std::mem::take(&mut self.runs);
        let (mut runs, mut others) = (runs.into_iter().peekable(), others.into_iter().peekable());
        loop {
            let next = match (runs.peek(), others.peek()) {
                (Some(one), Some(other)) if one.0 == other.0 => {
                    let number = runs.next().map_or(0, |it| it.1);
                    others.next().map(|other| (other.0, other.1 + number))
                }
                (Some(one), Some(other)) if one.0 < other.0 => runs.next(),
                (Some(_), None) => runs.next(),
                _ => others.next(),
            };
            match next {
                Some(run) => self.runs.push(run),
                None => return,
            }
        }
    }

    /// The value at a place of the order.
    fn at(&self, place: u128) -> i128 {
        let mut behind = 0;
        for (value, number) in &self.runs {
            behind += u128::from(*number);
            if place < behind {
                return *value;
            }
        }
        self.runs.last().map_or(0, |run| run.0)
    }
}
