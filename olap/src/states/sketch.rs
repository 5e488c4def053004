//! Sketches: about how many different values there are, and about which value stands at a fraction of their order.
//!
//! Both are merged without loss and give the same whatever the order and the parts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, Float64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use sketches_ddsketch::{Config, DDSketch};

use super::groups::{Kind, Rows};
use super::percentile::Percentile;
use crate::digits::{CELL_SCALE, fitting, float_digits, too_large};

/// The registers of a sketch of different values are 2 to this power.
const REGISTERS: u8 = 14;
/// Four standard errors of such a sketch, `1.04 / sqrt(2^14)` each (Flajolet, Fusy, Gandouet and Meunier, 2007): one answer in
/// sixteen thousand lies farther away.
pub(crate) const DISTINCT_ERROR: f64 = 4.0 * 1.04 / 128.0;

/// How far an estimated value is from that at its place, relative to it (Masson, Rim and Lee, "DDSketch", 2019).
pub(crate) const QUANTILE_ERROR: f64 = 0.01;
/// Room for all values from the smallest to 10^60 at that error.
const BINS: u32 = 8192;
/// What is smaller counts as zero.
const SMALLEST: f64 = 1e-10;

/// Sketches of the different values of groups.
#[derive(Debug)]
pub(super) struct DistinctSketches;

impl Kind for DistinctSketches {
    type State = Option<HllSketch>;

    fn empty(&self) -> Self::State {
        None
    }

    fn add(
        &self,
        states: &mut [Self::State],
        values: &[ArrayRef],
        rows: Rows<'_>,
    ) -> Result<usize> {
        let values = &values[0];
        let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
        let encoded = converter.convert_columns(std::slice::from_ref(values))?;
        for (row, group) in rows.of(values) {
            let sketch = match &mut states[group] {
                Some(sketch) => sketch,
                none => none.insert(HllSketch::new(REGISTERS, HllType::Hll8).map_err(failed)?),
            };
            sketch.update(encoded.row(row).as_ref());
        }
        Ok(values.len() * size_of::<u32>())
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()> {
        *state = match (state.take(), other) {
            (Some(one), Some(other)) => {
                let mut union = HllUnion::new(REGISTERS).map_err(failed)?;
                union.update(&one);
                union.update(&other);
                Some(union.to_sketch(HllType::Hll8))
            }
            (one, other) => one.or(other),
        };
        Ok(())
    }

    fn write(&self, state: &Self::State, bytes: &mut Vec<u8>) -> Result<()> {
        if let Some(sketch) = state {
            bytes.extend(sketch.serialize());
        }
        Ok(())
    }

    fn read(&self, bytes: &[u8]) -> Result<Self::State> {
        match bytes {
            [] => Ok(None),
            _ => HllSketch::deserialize(bytes).map(Some).map_err(failed),
        }
    }

    fn bytes(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, HllSketch::estimated_size)
    }

    fn values(&self, states: &[Self::State]) -> Result<ArrayRef> {
        let estimate = |state: &Self::State| {
            // what goes by the order of values is more exact, but not the same twice
            let number = state.as_ref().map_or(0.0, HllSketch::composite_estimate);
            number.round() as i64
        };
        let numbers = states.iter().map(estimate);
        Ok(Arc::new(numbers.collect::<Int64Array>()))
    }
}

/// Sketches of the values of groups.
#[derive(Debug)]
pub(super) struct QuantileSketches {
    at: f64,
}

impl QuantileSketches {
    pub(super) fn of(percentile: &Percentile) -> Self {
        Self {
            at: percentile.at as f64 / 1e10,
        }
    }
}

impl Kind for QuantileSketches {
    type State = Option<Box<DDSketch>>;

    fn empty(&self) -> Self::State {
        None
    }

    fn add(
        &self,
        states: &mut [Self::State],
        values: &[ArrayRef],
        rows: Rows<'_>,
    ) -> Result<usize> {
        let values = values[0].as_primitive::<Float64Type>();
        for (row, group) in rows.of(values) {
            let value = values.value(row);
            if !value.is_finite() {
                return Err(too_large());
            }
            let sketch = states[group].get_or_insert_with(|| {
                let config = Config::new(QUANTILE_ERROR, BINS, SMALLEST);
                Box::new(DDSketch::new(config))
            });
            sketch.add(value);
        }
        Ok(values.len() * size_of::<u64>())
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()> {
        *state = match (state.take(), other) {
            (Some(mut one), Some(other)) => {
                one.merge(&other).map_err(failed)?;
                Some(one)
            }
            (one, other) => one.or(other),
        };
        Ok(())
    }

    fn write(&self, state: &Self::State, bytes: &mut Vec<u8>) -> Result<()> {
        match state {
            Some(sketch) => serde_json::to_writer(bytes, sketch).map_err(failed),
            None => Ok(()),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Self::State> {
        match bytes {
            [] => Ok(None),
            _ => serde_json::from_slice(bytes).map(Some).map_err(failed),
        }
    }

    fn bytes(&self, state: &Self::State) -> usize {
        let bins = state.as_ref().map_or(0, |sketch| sketch.length());
        bins * size_of::<u64>() + size_of::<DDSketch>()
    }

    fn values(&self, states: &[Self::State]) -> Result<ArrayRef> {
        let mut cells = Vec::with_capacity(states.len());
        for sketch in states {
            let value = match sketch {
                Some(sketch) => sketch.quantile(self.at).map_err(failed)?,
                None => None,
            };
            let digits = value.map(float_digits).transpose()?;
            let cell = digits.map(|digits| fitting(digits).ok_or_else(too_large));
            cells.push(cell.transpose()?);
        }
        let cells = Decimal128Array::from(cells);
        let cells = cells.with_precision_and_scale(DECIMAL128_MAX_PRECISION, CELL_SCALE)?;
        Ok(Arc::new(cells))
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
