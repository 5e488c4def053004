//! Accumulators that widen what comes in and narrow what goes out, with the engine's own between.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::narrow::{cast_array, cast_scalar};

/// The type in which is added, and that of the answer.
#[derive(Debug, Clone)]
pub(super) struct Types {
    pub(super) wide: DataType,
    pub(super) result: DataType,
}

impl Types {
    fn widen(&self, values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        values
            .iter()
            .map(|values| cast_array(values, &self.wide))
            .collect()
    }
}

/// For one group, and for windows.
#[derive(Debug)]
pub(super) struct WidenedAccumulator {
    inner: Box<dyn Accumulator>,
    types: Types,
}

impl WidenedAccumulator {
    pub(super) fn new((inner, types): (Box<dyn Accumulator>, Types)) -> Self {
        Self { inner, types }
    }
}

impl Accumulator for WidenedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&self.types.widen(values)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&self.types.widen(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        cast_scalar(self.inner.evaluate()?, &self.types.result)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

/// For many groups at once.
pub(super) struct WidenedGroups {
    inner: Box<dyn GroupsAccumulator>,
    types: Types,
}

impl WidenedGroups {
    pub(super) fn new((inner, types): (Box<dyn GroupsAccumulator>, Types)) -> Self {
        Self { inner, types }
    }
}

impl GroupsAccumulator for WidenedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let values = self.types.widen(values)?;
        self.inner.update_batch(&values, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        cast_array(&self.inner.evaluate(emit_to)?, &self.types.result)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(states, groups, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner
            .convert_to_state(&self.types.widen(values)?, filter)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}
