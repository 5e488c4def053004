//! The states that a star's rows have had: of a rebuilt history, or of everything that was ever seen of a stream of changes.
//!
//! A stream may show any part of itself at a load. What it shows for the first time is added to `map_fact_<star>_changes`, as
//! texts, so that the states are a function of all that was ever seen, and order and batches make no difference.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options, concat_batches, filter_record_batch};
use arrow::datatypes::{
    DataType as Arrow, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use planisphere_schemas::model::{DataType, Star};

use crate::conform::{CHANGE, DELETED, SEQUENCE, VALID_FROM};
use crate::dimension::change_numbers;

use super::fresh::row_ids;
use super::prevailing::{news, prevailing};

/// The table of what was seen of a star's rows.
pub(crate) fn changes_table(star: &Star) -> String {
    format!("map_{}_changes", star.table())
}

/// The columns of `map_fact_<star>_changes`, which keeps these of the entity.
pub(crate) fn changes_schema(kept: &[&str]) -> SchemaRef {
    let mut fields: Vec<Field> = kept
        .iter()
        .map(|name| Field::new(*name, Arrow::Utf8, true))
        .collect();
    fields.extend([
        Field::new(VALID_FROM, DataType::Timestamp.arrow(), false),
        Field::new(SEQUENCE, Arrow::Int64, false),
        Field::new(DELETED, Arrow::Boolean, false),
        Field::new(CHANGE, Arrow::Int64, true),
        Field::new("audit_key", Arrow::Int64, false),
    ]);
    Arc::new(Schema::new(fields))
}

/// What a stream has shown so far.
pub(crate) struct Stream {
    /// Everything in the types of the entity.
    pub(super) states: RecordBatch,
    /// What was shown for the first time, as it is kept.
    pub(crate) new: RecordBatch,
}

/// Adds the good rows of this load to what was kept.
pub(crate) fn stream(
    star: &Star,
    columns: &[&str],
    rows: &RecordBatch,
    kept: Option<&RecordBatch>,
    audit_key: i64,
) -> Result<Stream, ArrowError> {
    let schema = changes_schema(columns);
    let width = columns.len() + 3;
    let mut values: Vec<ArrayRef> = Vec::with_capacity(width + 2);
    for field in schema.fields().iter().take(width) {
        let shown = rows.column(rows.schema().index_of(field.name())?);
        values.push(cast(shown, field.data_type())?);
    }
    let changes = change_numbers(rows.column(rows.schema().index_of(CHANGE)?))?;
    values.push(Arc::new(Int64Array::from(changes)));
    values.push(Arc::new(Int64Array::from(vec![audit_key; rows.num_rows()])));
    let shown = RecordBatch::try_new(Arc::clone(&schema), values)?;
    let kept = match kept {
        Some(kept) => {
            let kept = RecordBatch::try_new(Arc::clone(&schema), kept.columns().to_vec())?;
            Some(prevailing(star, columns, &kept)?)
        }
        None => None,
    };
    let new = filter_record_batch(&shown, &news(columns, kept.as_ref(), &shown)?)?;
    let all = match kept {
        Some(kept) => prevailing(star, columns, &concat_batches(&schema, [&kept, &new])?)?,
        None => new.clone(),
    };
    Ok(Stream {
        states: typed(columns, &all, rows)?,
        new,
    })
}

/// Texts that were kept, in the types that the entity has today.
pub(super) fn typed(
    kept: &[&str],
    all: &RecordBatch,
    like: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let names = kept.iter().copied().chain([VALID_FROM, SEQUENCE, DELETED]);
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for name in names {
        let values = all.column(all.schema().index_of(name)?);
        let to = like.column(like.schema().index_of(name)?).data_type();
        columns.push((name, cast_with_options(values, to, &options)?));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, it)| (name, it, true)))
}

/// One state of one row: from an instant on, until the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// Where it stands in the batch of states.
    pub(super) row: usize,
    /// From when it holds, in microseconds.
    pub(super) from: i64,
    /// True if the row is gone from then on.
    pub(super) gone: bool,
}

/// The states of each row by its id, in the order of time.
pub(super) type Histories = BTreeMap<String, Vec<State>>;

/// Sorts states by id and time. Those of one instant go by their sequence, deletions first, then by their values, nulls
/// first; the last of them counts.
pub(super) fn histories(
    star: &Star,
    columns: &[&str],
    states: &RecordBatch,
) -> Result<Histories, ArrowError> {
    let column = |name: &str| -> Result<ArrayRef, ArrowError> {
        Ok(Arc::clone(states.column(states.schema().index_of(name)?)))
    };
    let ids = ids(star, states)?;
    let from = cast(&column(VALID_FROM)?, &DataType::Timestamp.arrow())?;
    let from = from.as_primitive::<TimestampMicrosecondType>();
    let sequence = cast(&column(SEQUENCE)?, &Arrow::Int64)?;
    let sequence = sequence.as_primitive::<Int64Type>();
    let gone: BooleanArray = column(DELETED)?.as_boolean().clone();
    let values = columns.iter().map(|name| column(name));
    let values: Vec<ArrayRef> = values.collect::<Result<_, _>>()?;
    let fields = values
        .iter()
        .map(|it| SortField::new(it.data_type().clone()));
    let values = RowConverter::new(fields.collect())?.convert_columns(&values)?;
    let mut histories = Histories::new();
    for row in (0..states.num_rows()).filter(|row| ids.is_valid(*row)) {
        let state = State {
            row,
            from: from.value(row),
            gone: gone.value(row),
        };
        let states = histories.entry(ids.value(row).to_owned()).or_default();
        states.push(state);
    }
    let place = |state: &State| {
        (
            state.from,
            sequence.value(state.row),
            !state.gone,
            values.row(state.row),
        )
    };
    for states in histories.values_mut() {
        states.sort_by(|a, b| place(a).cmp(&place(b)));
    }
    Ok(histories)
}

/// The ids of rows by the star's own key columns.
pub(super) fn ids(star: &Star, rows: &RecordBatch) -> Result<StringArray, ArrowError> {
    let keys = star.key.iter().filter(|key| !star.derives(key));
    let keys = keys.map(|key| Ok(Arc::clone(rows.column(rows.schema().index_of(key)?))));
    row_ids(keys.collect::<Result<_, ArrowError>>()?)
}

/// The last state of each row: what a deletion says of the values counts for nothing, so that a row that is gone has those
/// from before. A row of which only deletions are known has no state.
pub(super) fn latest(histories: &Histories) -> Vec<State> {
    let last = histories.values().filter_map(|states| {
        let last = states.last()?;
        let told = states.iter().rev().find(|state| !state.gone)?;
        Some(State {
            gone: last.gone,
            ..*told
        })
    });
    last.collect()
}
