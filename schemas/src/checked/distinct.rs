//! `sum(distinct …)` over a sliding window, of any integers and decimals.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, Decimal256Type, i256};
use datafusion::common::{ScalarValue, not_impl_err};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;

use super::narrow::{cast_array, cast_scalar, overflow};

/// The values in the window, each with how often it stands there, and their sum.
#[derive(Debug)]
pub(super) struct SlidingDistinctSum {
    counts: HashMap<i256, usize>,
    sum: i256,
    result: DataType,
    /// The result's scale with as many digits as there are.
    wide: DataType,
}

impl SlidingDistinctSum {
    /// Of decimals of a type.
    pub(super) fn new(result: DataType) -> Self {
        let scale = match result {
            DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => scale,
            _ => 0,
        };
        Self {
            counts: HashMap::new(),
            sum: i256::ZERO,
            result,
            wide: DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale),
        }
    }

    fn each(
        &mut self,
        values: &[ArrayRef],
        change: fn(&mut Self, i256) -> Option<i256>,
    ) -> Result<()> {
        for values in values {
            let values = cast_array(values, &self.wide)?;
            for value in values.as_primitive::<Decimal256Type>().iter().flatten() {
                self.sum = change(self, value).ok_or_else(|| overflow(&self.result))?;
            }
        }
        Ok(())
    }

    /// The sum after a value came.
    fn add(&mut self, value: i256) -> Option<i256> {
        let count = self.counts.entry(value).or_insert(0);
        *count += 1;
        match *count {
            1 => self.sum.checked_add(value),
            _ => Some(self.sum),
        }
    }

    /// The sum after a value went.
    fn remove(&mut self, value: i256) -> Option<i256> {
        let count = self.counts.get_mut(&value)?;
        *count -= 1;
        if *count > 0 {
            return Some(self.sum);
        }
        self.counts.remove(&value);
        self.sum.checked_sub(value)
    }
}

impl Accumulator for SlidingDistinctSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, Self::add)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, Self::remove)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let DataType::Decimal256(precision, scale) = self.wide else {
            return ScalarValue::try_from(&self.result);
        };
        let sum = (!self.counts.is_empty()).then_some(self.sum);
        cast_scalar(ScalarValue::Decimal256(sum, precision, scale), &self.result)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a window is not computed in parts")
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a window is not computed in parts")
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.counts.capacity() * size_of::<(i256, usize)>()
    }
}
