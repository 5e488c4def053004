//! A state for each group, in the way of the engine: rows come in, states or values go out, and states merge.

use std::fmt::{self, Debug};
use std::mem::size_of_val;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryArray, LargeBinaryBuilder};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// So many bytes come at least before states are measured again.
const MEASURED_AFTER: usize = 4 << 20;

/// What comes into an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Input {
    /// The values of rows.
    Values,
    /// States of finer groups.
    States,
}

/// What an aggregate gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Output {
    /// The state, for coarser groups.
    State,
    /// The value of the measure.
    Value,
}

/// A kind of state: how it is begun, fed, merged, written and read, and what it says.
pub(super) trait Kind: Debug + Send + Sync + 'static {
    /// What is kept of a group.
    type State: Send + Sync;

    /// Of no rows.
    fn empty(&self) -> Self::State;

    /// Adds rows to the states of their groups; returns how many bytes that takes at most.
    fn add(&self, states: &mut [Self::State], values: &[ArrayRef], rows: Rows<'_>)
    -> Result<usize>;

    /// Adds what another state has seen.
    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()>;

    /// Writes a state behind what is there; equal states may be written in different ways.
    fn write(&self, state: &Self::State, bytes: &mut Vec<u8>) -> Result<()>;

    /// Reads what [`Kind::write`] has written.
    fn read(&self, bytes: &[u8]) -> Result<Self::State>;

    /// About how many bytes a state takes outside of itself.
    fn bytes(&self, state: &Self::State) -> usize;

    /// The values of states.
    fn values(&self, states: &[Self::State]) -> Result<ArrayRef>;
}

/// Which rows take part, and in which groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'r> {
    groups: Groups<'r>,
    filter: Option<&'r BooleanArray>,
}

#[derive(Debug, Clone, Copy)]
enum Groups<'r> {
    /// All rows are of one group.
    One,
    /// Each row is a group of its own.
    Each,
    Of(&'r [usize]),
}

impl Rows<'_> {
    /// The rows with a value, each with its group.
    pub(super) fn of(self, values: &dyn Array) -> impl Iterator<Item = (usize, usize)> {
        let takes_part = move |row: &usize| {
            let filter = self.filter;
            values.is_valid(*row)
                && filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row))
        };
        let group = move |row| match self.groups {
            Groups::One => 0,
            Groups::Each => row,
            Groups::Of(groups) => groups[row],
        };
        (0..values.len())
            .filter(takes_part)
            .map(move |row| (row, group(row)))
    }
}

/// The states of all groups.
pub(super) struct States<K: Kind> {
    kind: K,
    input: Input,
    output: Output,
    states: Vec<K::State>,
    /// What the states took when they were measured.
    bytes: usize,
    /// What has come since then takes at most so many bytes.
    since: usize,
}

impl<K: Kind> States<K> {
    /// No groups yet.
    pub(super) fn of(kind: K, (input, output): (Input, Output)) -> Self {
        Self {
            kind,
            input,
            output,
            states: Vec::new(),
            bytes: 0,
            since: 0,
        }
    }

    fn make_room(&mut self, groups: usize) {
        let kind = &self.kind;
        self.states.resize_with(groups, || kind.empty());
    }

    fn add(&mut self, values: &[ArrayRef], rows: Rows<'_>) -> Result<()> {
        match self.input {
            Input::Values => self.since += self.kind.add(&mut self.states, values, rows)?,
            Input::States => self.merge(&values[0], rows)?,
        }
        self.measure();
        Ok(())
    }

    fn merge(&mut self, written: &ArrayRef, rows: Rows<'_>) -> Result<()> {
        let written: &LargeBinaryArray = written.as_binary();
        for (row, group) in rows.of(written) {
            let other = self.kind.read(written.value(row))?;
            self.since += written.value(row).len();
            self.kind.merge(&mut self.states[group], other)?;
        }
        Ok(())
    }

    /// Measures the states once much has come since the last time, beside what there was.
    fn measure(&mut self) {
        if self.since > MEASURED_AFTER.max(self.bytes / 4) {
            self.measure_now();
        }
    }

    fn measure_now(&mut self) {
        self.bytes = self.states.iter().map(|it| self.kind.bytes(it)).sum();
        self.since = 0;
    }

    fn emit(&mut self, emit_to: EmitTo) -> Vec<K::State> {
        let emitted = emit_to.take_needed(&mut self.states);
        self.measure_now();
        emitted
    }

    fn output(&self, states: &[K::State]) -> Result<ArrayRef> {
        match self.output {
            Output::State => self.written(states),
            Output::Value => self.kind.values(states),
        }
    }

    fn written(&self, states: &[K::State]) -> Result<ArrayRef> {
        let mut builder = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for state in states {
            bytes.clear();
            self.kind.write(state, &mut bytes)?;
            builder.append_value(&bytes);
        }
        Ok(Arc::new(builder.finish()))
    }
}

impl<K: Kind> GroupsAccumulator for States<K> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.make_room(total);
        let groups = Groups::Of(groups);
        self.add(values, Rows { groups, filter })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let states = self.emit(emit_to);
        self.output(&states)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let states = self.emit(emit_to);
        Ok(vec![self.written(&states)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        let (groups, filter) = (Groups::Of(groups), None);
        self.merge(&states[0], Rows { groups, filter })?;
        self.measure();
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let groups = Groups::Each;
        let mut states: Vec<K::State> = (0..rows).map(|_| self.kind.empty()).collect();
        match self.input {
            Input::Values => {
                self.kind
                    .add(&mut states, values, Rows { groups, filter })?;
            }
            Input::States => {
                let written: &LargeBinaryArray = values[0].as_binary();
                for (row, group) in (Rows { groups, filter }).of(written) {
                    states[group] = self.kind.read(written.value(row))?;
                }
            }
        }
        Ok(vec![self.written(&states)?])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.states.capacity() * size_of::<K::State>() + self.bytes + self.since
    }
}

impl<K: Kind> Debug for States<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states of {:?}", self.states.len(), self.kind)
    }
}

/// One group alone.
#[derive(Debug)]
pub(super) struct OneState<K: Kind>(States<K>);

impl<K: Kind> OneState<K> {
    /// No rows yet.
    pub(super) fn of(mut states: States<K>) -> Self {
        states.make_room(1);
        Self(states)
    }
}

impl<K: Kind> Accumulator for OneState<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (groups, filter) = (Groups::One, None);
        self.0.add(values, Rows { groups, filter })
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.output(&self.0.states)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let written = self.0.written(&self.0.states)?;
        Ok(vec![ScalarValue::try_from_array(&written, 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (groups, filter) = (Groups::One, None);
        self.0.merge(&states[0], Rows { groups, filter })?;
        self.0.measure();
        Ok(())
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
