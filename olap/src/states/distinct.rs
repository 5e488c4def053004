//! Exact distinct counts whose states merge: the set of what was seen, or how many there are in it.

use std::mem::size_of_val;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeBinaryArray, LargeBinaryBuilder,
};
use arrow::datatypes::{DataType, Date32Type, Field, FieldRef, Int32Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature,
    Volatility,
};
use roaring::RoaringBitmap;

use super::set::Set;

/// What new values take at most until the sets are measured again.
const BYTES_OF_KEY: usize = 4;
/// So many bytes come at least before the sets are measured again.
const MEASURED_AFTER: usize = 4 << 20;

/// The set of different values: a state that [`distinct_union`] merges.
pub(crate) fn distinct_set(values: Expr) -> Expr {
    call(
        Distinct::of("distinct_set", Input::Values, Output::Set),
        values,
    )
}

/// How many different values there are.
pub(crate) fn distinct_members(values: Expr) -> Expr {
    call(
        Distinct::of("distinct_members", Input::Values, Output::Count),
        values,
    )
}

/// How many different values there are in sets together.
pub(crate) fn distinct_union(sets: Expr) -> Expr {
    call(
        Distinct::of("distinct_union", Input::Sets, Output::Count),
        sets,
    )
}

fn call(function: Distinct, argument: Expr) -> Expr {
    AggregateUDF::new_from_impl(function).call(vec![argument])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    Values,
    Sets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Output {
    Set,
    Count,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Distinct {
    name: &'static str,
    input: Input,
    output: Output,
    signature: Signature,
}

impl Distinct {
    fn of(name: &'static str, input: Input, output: Output) -> Self {
        Self {
            name,
            input,
            output,
            signature: Signature::any(1, Volatility::Immutable),
        }
    }

    fn groups(&self, arguments: &AccumulatorArgs<'_>) -> Result<DistinctGroups> {
        let values = match (self.input, arguments.expr_fields.first()) {
            (Input::Values, Some(field)) => Values::of(field.data_type())?,
            _ => Values::Sets,
        };
        Ok(DistinctGroups {
            values,
            output: self.output,
            sets: Vec::new(),
            bytes: 0,
            since: 0,
        })
    }
}

impl AggregateUDFImpl for Distinct {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.output {
            Output::Set => DataType::LargeBinary,
            Output::Count => DataType::Int64,
        })
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format!("{}[set]", arguments.name);
        Ok(vec![Arc::new(Field::new(
            name,
            DataType::LargeBinary,
            false,
        ))])
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let mut groups = self.groups(&arguments)?;
        groups.make_room(1);
        Ok(Box::new(OneGroup(groups)))
    }

    fn groups_accumulator_supported(&self, _arguments: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.groups(&arguments)?))
    }
}

/// What comes in.
#[derive(Debug)]
enum Values {
    /// 32-bit numbers and days.
    Keys,
    /// Anything else.
    Rows(RowConverter),
    /// Sets of any values.
    Sets,
}

impl Values {
    fn of(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Int32 | DataType::Date32 => Self::Keys,
            other => Self::Rows(RowConverter::new(vec![SortField::new(other.clone())])?),
        })
    }

    /// Adds rows to the sets of their groups; returns how many bytes that takes at most.
    fn add(
        &self,
        sets: &mut [Set],
        values: &ArrayRef,
        takes_part: impl Fn(usize) -> bool,
        group: impl Fn(usize) -> usize,
    ) -> Result<usize> {
        let rows = (0..values.len()).filter(|row| values.is_valid(*row) && takes_part(*row));
        match self {
            Self::Keys => {
                let keys = match values.as_primitive_opt::<Date32Type>() {
                    Some(days) => days.reinterpret_cast::<Int32Type>(),
                    None => values.as_primitive().clone(),
                };
                for row in rows {
                    if let Some(Set::Keys(set)) = sets.get_mut(group(row)) {
                        set.insert(u32::from_ne_bytes(keys.value(row).to_ne_bytes()));
                    }
                }
                Ok(keys.len() * BYTES_OF_KEY)
            }
            Self::Rows(converter) => {
                let encoded = converter.convert_columns(std::slice::from_ref(values))?;
                let mut bytes = 0;
                for row in rows {
                    if let Some(set) = sets.get_mut(group(row)) {
                        bytes += set.insert(encoded.row(row).as_ref());
                    }
                }
                Ok(bytes)
            }
            Self::Sets => merge(sets, values, takes_part, group),
        }
    }

    fn empty(&self) -> Set {
        match self {
            // the first set that comes takes the place of an empty one, whatever its type
            Self::Keys | Self::Sets => Set::Keys(RoaringBitmap::new()),
            Self::Rows(_) => Set::of_values(),
        }
    }
}

/// A set for each group.
#[derive(Debug)]
struct DistinctGroups {
    values: Values,
    output: Output,
    sets: Vec<Set>,
    /// What the sets took when they were measured.
    bytes: usize,
    /// What has come since then takes at most so many bytes.
    since: usize,
}

impl DistinctGroups {
    fn make_room(&mut self, groups: usize) {
        let values = &self.values;
        self.sets.resize_with(groups, || values.empty());
    }

    fn add(
        &mut self,
        values: &ArrayRef,
        takes_part: impl Fn(usize) -> bool,
        group: impl Fn(usize) -> usize,
    ) -> Result<()> {
        self.since += self.values.add(&mut self.sets, values, takes_part, group)?;
        self.measure();
        Ok(())
    }

    /// Measures the sets once much has come since the last time, beside what there was.
    fn measure(&mut self) {
        if self.since > MEASURED_AFTER.max(self.bytes / 4) {
            self.measure_now();
        }
    }

    fn measure_now(&mut self) {
        self.bytes = self.sets.iter().map(Set::bytes).sum();
        self.since = 0;
    }

    fn emit(&mut self, emit_to: EmitTo) -> Vec<Set> {
        let emitted = emit_to.take_needed(&mut self.sets);
        self.measure_now();
        emitted
    }

    fn output(&self, sets: &[Set]) -> Result<ArrayRef> {
        match self.output {
            Output::Set => written(sets),
            Output::Count => {
                let counts = sets.iter().map(|set| i64::try_from(set.len()));
                let counts = counts.collect::<std::result::Result<Vec<_>, _>>();
                let counts = counts.map_err(|error| DataFusionError::External(error.into()))?;
                Ok(Arc::new(Int64Array::from(counts)))
            }
        }
    }
}

/// Merges sets that were written; returns how many bytes that takes at most.
fn merge(
    sets: &mut [Set],
    written: &ArrayRef,
    takes_part: impl Fn(usize) -> bool,
    group: impl Fn(usize) -> usize,
) -> Result<usize> {
    let written: &LargeBinaryArray = written.as_binary();
    let mut bytes = 0;
    for row in (0..written.len()).filter(|row| written.is_valid(*row) && takes_part(*row)) {
        let other = Set::read(written.value(row))?;
        bytes += written.value(row).len();
        match sets.get_mut(group(row)) {
            Some(set) if set.len() == 0 => *set = other,
            Some(set) => set.merge(other)?,
            None => {}
        }
    }
    Ok(bytes)
}

fn written(sets: &[Set]) -> Result<ArrayRef> {
    let mut builder = LargeBinaryBuilder::new();
    let mut bytes = Vec::new();
    for set in sets {
        bytes.clear();
        set.write(&mut bytes)?;
        builder.append_value(&bytes);
    }
    Ok(Arc::new(builder.finish()))
}

fn takes_part(filter: Option<&BooleanArray>) -> impl Fn(usize) -> bool + '_ {
    move |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for DistinctGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.make_room(total);
        self.add(&values[0], takes_part(filter), |row| groups[row])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sets = self.emit(emit_to);
        self.output(&sets)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sets = self.emit(emit_to);
        Ok(vec![written(&sets)?])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut sets: Vec<Set> = (0..rows).map(|_| self.values.empty()).collect();
        self.values
            .add(&mut sets, &values[0], takes_part(filter), |row| row)?;
        Ok(vec![written(&sets)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        self.since += merge(&mut self.sets, &states[0], |_| true, |row| groups[row])?;
        self.measure();
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sets.capacity() * size_of::<Set>() + self.bytes + self.since
    }
}

/// One group alone.
#[derive(Debug)]
struct OneGroup(DistinctGroups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.add(&values[0], |_| true, |_| 0)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.output(&self.0.sets)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(
            &written(&self.0.sets)?,
            0,
        )?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.since += merge(&mut self.0.sets, &states[0], |_| true, |_| 0)?;
        self.0.measure();
        Ok(())
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
