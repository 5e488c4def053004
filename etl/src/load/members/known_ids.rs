//! Ids of touched members that were read once: rows of theirs that are read again come without.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use hashbrown::HashMap;

use super::gathered::keys;
use crate::warehouse::Place;

type Arrow<T> = Result<T, ArrowError>;

/// Ids by what they are found by, unless they took too much memory.
pub(super) struct KnownIds<K> {
    /// For each what it is found by the array in which it stands, and its place there.
    places: HashMap<K, (usize, usize)>,
    arrays: Vec<ArrayRef>,
    /// Bytes that are left.
    left: Option<usize>,
}

impl<K: std::hash::Hash + Eq> KnownIds<K> {
    /// None yet, and so many bytes of them at most.
    pub(super) fn within(bytes: usize) -> Self {
        Self {
            places: HashMap::new(),
            arrays: Vec::new(),
            left: Some(bytes),
        }
    }

    fn keep(&mut self, ids: ArrayRef, found_by: impl Iterator<Item = (K, usize)>) {
        let taken = ids.get_array_memory_size() + ids.len() * size_of::<(K, usize, usize)>();
        self.left = self.left.and_then(|left| left.checked_sub(taken));
        if self.left.is_none() {
            (self.places, self.arrays) = (HashMap::new(), Vec::new());
            return;
        }
        let array = self.arrays.len();
        self.arrays.push(ids);
        let places = found_by.map(|(key, place)| (key, (array, place)));
        self.places.extend(places);
    }

    /// True if nothing was given up.
    pub(super) fn is_complete(&self) -> bool {
        self.left.is_some()
    }
}

impl KnownIds<Place> {
    /// Keeps the ids of some rows of a row group, by the place of its first row.
    pub(super) fn keep_rows(&mut self, first: Place, ids: &ArrayRef, rows: &[u32]) -> Arrow<()> {
        if !rows.is_empty() && self.is_complete() {
            let ids = take(ids, &UInt32Array::from(rows.to_vec()), None)?;
            self.keep(ids, std::iter::once((first, 0)));
        }
        Ok(())
    }

    /// The ids of the rows that were kept of a row group.
    pub(super) fn of_group(&self, first: Place) -> Option<&ArrayRef> {
        let (array, _) = self.places.get(&first)?;
        self.arrays.get(*array)
    }
}

impl KnownIds<i32> {
    /// Keeps the ids of rows by their keys.
    pub(super) fn keep_keys(&mut self, rows: &RecordBatch, id: &str) {
        if let Some(ids) = rows.column_by_name(id).filter(|_| self.is_complete()) {
            let places = keys(rows).iter().copied().zip(0..);
            self.keep(Arc::clone(ids), places);
        }
    }

    /// The ids of rows by their keys; `None` if any is not known.
    pub(super) fn of_keys(&self, rows: &RecordBatch) -> Arrow<Option<ArrayRef>> {
        let places = keys(rows).iter().map(|key| self.places.get(key).copied());
        let Some(places) = places.collect::<Option<Vec<(usize, usize)>>>() else {
            return Ok(None);
        };
        let arrays: Vec<_> = self.arrays.iter().map(AsRef::as_ref).collect();
        interleave(&arrays, &places).map(Some)
    }
}

/// The columns of a table but for one.
pub(super) fn without<'s>(schema: &'s Schema, name: &str) -> Vec<&'s str> {
    let names = schema.fields().iter().map(|field| field.name().as_str());
    names.filter(|other| *other != name).collect()
}

/// Rows with their ids in the column that was left out.
pub(super) fn with_ids(
    rows: &RecordBatch,
    ids: ArrayRef,
    (schema, id): (&SchemaRef, &str),
) -> Arrow<RecordBatch> {
    let mut columns = rows.columns().to_vec();
    columns.insert(schema.index_of(id)?, ids);
    RecordBatch::try_new(Arc::clone(schema), columns)
}
