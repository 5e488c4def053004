//! What becomes of some rows of a table: new rows and the places where they belong, in memory or in a file, and rows that leave.
//!
//! Rows are dealt out by their places, so that those of a part of a file can be read by themselves.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;

use crate::dealt::{Dealing, Dealt};
use crate::spool::{Memory, bytes_of};

use super::Place;
use super::patch::Patch;

/// Rows of a file whose new rows are read together, at most and at least.
const MOST: usize = 65_536;
const LEAST: usize = 1_024;
/// The column with the place in the file, behind all others.
const PLACE: &str = "_place";

/// What becomes of some rows of a table.
#[derive(Debug, Clone)]
pub(crate) struct RowEdits {
    /// Whole rows in the columns of the table, with their places behind them.
    rows: Arc<Dealt>,
    /// The share of each part of a file that has any, and the rows of a part.
    shares: BTreeMap<Place, u32>,
    part: usize,
    /// For each column whether any of these rows has another value in it than before.
    pub(super) columns: Vec<bool>,
    /// Rows that leave the table, in order.
    removed: Vec<Place>,
}

/// Takes what becomes of rows, some at a time.
pub(crate) struct Editing {
    rows: Dealing,
    schema: SchemaRef,
    shares: BTreeMap<Place, u32>,
    part: Option<usize>,
    least: usize,
    columns: Vec<bool>,
    removed: Vec<Place>,
}

impl Editing {
    /// Nothing becomes of any row of a table with these columns yet; so many bytes may wait in any case.
    pub(crate) fn new(schema: &Schema, memory: &Memory, least: usize) -> Self {
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        let columns = vec![false; fields.len()];
        fields.push(Arc::new(Field::new(PLACE, DataType::UInt64, false)));
        let schema = Arc::new(Schema::new(fields));
        Self {
            rows: Dealing::new(Arc::clone(&schema), memory, least),
            schema,
            shares: BTreeMap::new(),
            part: None,
            least,
            columns,
            removed: Vec::new(),
        }
    }

    /// Takes whole rows with their new values, and where they belong, each place once. `columns` tells in which columns they may
    /// differ from what is published.
    ///
    /// # Errors
    /// If the rows do not have the columns of the table.
    pub(crate) fn push(
        &mut self,
        rows: &RecordBatch,
        places: &[Place],
        columns: &[bool],
    ) -> Result<(), ArrowError> {
        for (known, found) in self.columns.iter_mut().zip(columns) {
            *known |= found;
        }
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let width = bytes_of(rows).div_ceil(rows.num_rows()).max(1);
        let part = *self
            .part
            .get_or_insert((self.least / width).clamp(LEAST, MOST));
        let at = UInt64Array::from_iter_values(places.iter().map(|(_, row)| *row as u64));
        let mut all = rows.columns().to_vec();
        all.push(Arc::new(at));
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), all)?;
        let shares = places.iter().map(|(file, row)| {
            let next = u32::try_from(self.shares.len()).unwrap_or(u32::MAX);
            *self.shares.entry((*file, row / part)).or_insert(next)
        });
        let shares: Vec<u32> = shares.collect();
        self.rows.push(&rows, &shares)
    }

    /// Takes note of rows that leave.
    pub(crate) fn remove(&mut self, places: impl IntoIterator<Item = Place>) {
        self.removed.extend(places);
    }

    /// All of it.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub(crate) fn finish(mut self) -> Result<RowEdits, ArrowError> {
        self.removed.sort_unstable();
        Ok(RowEdits {
            rows: Arc::new(self.rows.finish()?),
            shares: self.shares,
            part: self.part.unwrap_or(MOST),
            columns: self.columns,
            removed: self.removed,
        })
    }
}

impl RowEdits {
    /// Takes whole rows with their new values, where they belong, and rows that leave.
    ///
    /// `columns` tells in which columns the rows may differ from what is published.
    pub(crate) fn new(
        rows: &RecordBatch,
        places: &[Place],
        columns: &[bool],
        removed: Vec<Place>,
    ) -> Result<Self, ArrowError> {
        // whoever gives them holds them already
        let memory = Memory::new(usize::MAX);
        let mut editing = Editing::new(&rows.schema(), &memory, usize::MAX);
        editing.push(rows, places, columns)?;
        editing.remove(removed);
        editing.finish()
    }

    /// Nothing happens to any row.
    pub(crate) fn none(schema: &SchemaRef) -> Result<Self, ArrowError> {
        Editing::new(schema, &Memory::new(0), 0).finish()
    }

    /// True if nothing happens to any row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.num_rows() == 0 && self.removed.is_empty()
    }

    /// True if nothing happens to any row of a file.
    pub(super) fn leaves(&self, file: usize) -> bool {
        !self.changes(file) && self.removed(file).is_empty()
    }

    /// True if any row of a file changes.
    pub(super) fn changes(&self, file: usize) -> bool {
        let mut shares = self.shares.range((file, 0)..(file + 1, 0));
        shares.next().is_some()
    }

    /// The new rows of some rows of a file in the order of their places, and the patches with which they take them, counted from
    /// the first of these rows.
    pub(super) fn within(
        &self,
        file: usize,
        rows: &Range<usize>,
    ) -> Result<(RecordBatch, Vec<Patch>), ArrowError> {
        let parts = (file, rows.start / self.part)..(file, rows.end.div_ceil(self.part));
        let parts = self.shares.range(parts);
        let mut found: Vec<RecordBatch> = parts
            .map(|(_, share)| self.rows.share(*share as usize))
            .collect::<Result<_, _>>()?;
        let all = match found.pop() {
            Some(only) if found.is_empty() => only,
            Some(last) => {
                found.push(last);
                concat_batches(&found[0].schema(), &found)?
            }
            None => self.rows.share(usize::MAX)?,
        };
        let (places, new) = split(&all)?;
        let places = places.as_primitive::<UInt64Type>().values();
        let place = |at: u32| usize::try_from(places[at as usize]).unwrap_or(usize::MAX);
        let mut order: Vec<u32> = (0..).take(places.len()).collect();
        order.retain(|at| rows.contains(&place(*at)));
        order.sort_unstable_by_key(|at| places[*at as usize]);
        let patches = order.iter().map(|at| place(*at) - rows.start).zip(0..);
        let patches: Vec<Patch> = patches.collect();
        Ok((take_record_batch(&new, &UInt32Array::from(order))?, patches))
    }

    /// The new rows, some at a time.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + '_ {
        let shares = 0..self.rows.shares();
        shares.map(|share| split(&self.rows.share(share)?).map(|(_, rows)| rows))
    }

    /// The rows of a file that leave.
    pub(super) fn removed(&self, file: usize) -> &[Place] {
        let from = self.removed.partition_point(|(of, _)| *of < file);
        let to = self.removed.partition_point(|(of, _)| *of <= file);
        &self.removed[from..to]
    }
}

/// The places, and the rows without them.
fn split(rows: &RecordBatch) -> Result<(ArrayRef, RecordBatch), ArrowError> {
    let last = rows.num_columns() - 1;
    let columns: Vec<usize> = (0..last).collect();
    Ok((Arc::clone(rows.column(last)), rows.project(&columns)?))
}
