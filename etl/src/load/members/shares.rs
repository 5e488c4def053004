//! The members that a load touches, dealt out to shares that fit into memory: their rows and what is published of them.
//!
//! All shares are built one after the other; each begins with the keys where the one before it has ended. Members that were merged
//! are all in the first, so that a merge never leads out of one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use planisphere_schemas::model::DimensionKind;

use crate::dealt::{Dealing, Dealt};
use crate::dimension::{Sieve, share_of};
use crate::error::{Error, Result};
use crate::spool::Memory;
use crate::warehouse::Place;

use super::DimensionLoad;
use super::gathered::keys;

/// What a row takes while its member is built, beside as many times its width.
const BYTES_OF_ROW: usize = 600;
const WIDTHS_OF_ROW: usize = 8;
/// The column with the place of a published row, behind all others: the file in the upper bits.
const PLACE: &str = "_place";
const ROW_BITS: u32 = 40;

/// Who is in which share.
pub(super) struct Shares<'a> {
    pub(super) number: u32,
    merged: &'a HashSet<String>,
}

impl<'a> Shares<'a> {
    /// As many that the rows of each, of this width, are built in these bytes.
    pub(super) fn of(rows: usize, width: usize, bytes: usize, merged: &'a HashSet<String>) -> Self {
        Self::of_bytes(Self::bytes(rows, width), bytes, merged)
    }

    /// What it takes to build the members of so many rows of a width.
    pub(super) fn bytes(rows: usize, width: usize) -> usize {
        rows.saturating_mul(width * WIDTHS_OF_ROW + BYTES_OF_ROW)
    }

    /// As many that each of what takes so many bytes altogether is built in these.
    pub(super) fn of_bytes(all: usize, bytes: usize, merged: &'a HashSet<String>) -> Self {
        let number = u32::try_from(all.div_ceil(bytes.max(1))).unwrap_or(u32::MAX);
        Self {
            number: number.clamp(1, 4_096),
            merged,
        }
    }

    /// The share of a member.
    fn of_id(&self, id: &str) -> u32 {
        match self.number == 1 || self.merged.contains(id) {
            true => 0,
            false => share_of(id, self.number),
        }
    }

    /// The shares of some members; nobody is in the first.
    pub(super) fn of_ids(&self, ids: &StringArray) -> Vec<u32> {
        let share = |id: Option<&str>| id.map_or(0, |id| self.of_id(id));
        ids.iter().map(share).collect()
    }
}

impl DimensionLoad<'_> {
    /// Deals out the rows of the load that touch members.
    pub(super) fn deal_rows(&self, sieve: &Sieve<'_>, shares: &Shares<'_>) -> Result<Dealt> {
        let dimension = self.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "sorting the rows of dimension '{}'",
                dimension.name
            ))
        };
        let rows = &self.fed.rows.rows;
        let mut dealing = self.dealing(rows.schema());
        let mut first = 0;
        for rows in rows.batches() {
            let rows = rows.map_err(doing())?;
            let touched = sieve.touched(first, rows.num_rows());
            first += rows.num_rows();
            let rows = match touched.len() {
                0 => continue,
                all if all == rows.num_rows() => rows,
                _ => take_record_batch(&rows, &touched).map_err(doing())?,
            };
            let ids = entity_ids(&dimension.kind, &rows).map_err(doing())?;
            let shares = shares.of_ids(ids.as_string::<i32>());
            dealing.push(&rows, &shares).map_err(doing())?;
        }
        dealing.finish().map_err(doing())
    }

    /// Takes rows and deals them out.
    pub(super) fn dealing(&self, schema: SchemaRef) -> Dealing {
        Dealing::new(schema, self.memory(), self.least())
    }

    /// The memory of rows on their way.
    pub(super) fn memory(&self) -> &Memory {
        &self.execution.memory
    }

    /// Bytes that may wait even if the memory is full.
    pub(super) fn least(&self) -> usize {
        self.execution.options.settings.etl.memory_bytes / 16
    }
}

/// The business ids of conformed rows as texts.
pub(super) fn entity_ids(kind: &DimensionKind, rows: &RecordBatch) -> Result<ArrayRef, ArrowError> {
    let DimensionKind::Entity { key, .. } = kind else {
        return Err(ArrowError::InvalidArgumentError(
            "no entity feeds it".into(),
        ));
    };
    cast(rows.column(rows.schema().index_of(key)?), &DataType::Utf8)
}

/// The columns of published rows with their places behind them.
pub(super) fn placed_schema(schema: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(PLACE, DataType::UInt64, false)));
    Arc::new(Schema::new(fields))
}

/// Published rows with their places behind them.
pub(super) fn placed(
    rows: &RecordBatch,
    places: &[Place],
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let packed = places
        .iter()
        .map(|(file, row)| (*file as u64) << ROW_BITS | *row as u64);
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from_iter_values(packed)));
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Published rows, and the places of those by their keys.
pub(super) fn unplaced(
    rows: &RecordBatch,
) -> Result<(RecordBatch, HashMap<i32, Place>), ArrowError> {
    let last = rows.num_columns() - 1;
    let columns: Vec<usize> = (0..last).collect();
    let packed = rows.column(last).as_primitive::<UInt64Type>().values();
    let place = |packed: &u64| {
        let number = |bits: u64| usize::try_from(bits).unwrap_or(usize::MAX);
        (
            number(packed >> ROW_BITS),
            number(packed & ((1 << ROW_BITS) - 1)),
        )
    };
    let places = packed.iter().map(place);
    let places = keys(rows).iter().copied().zip(places).collect();
    Ok((rows.project(&columns)?, places))
}
