//! Fresh rows that say something else than published ones, dealt out by where these are, so that some lie side by side with
//! theirs at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::error::ArrowError;

use crate::dealt::{Dealing, Dealt};
use crate::spool::Memory;
use crate::warehouse::Place;

type Arrow<T> = Result<T, ArrowError>;

/// The columns with the places, behind the others.
const PLACE: [&str; 2] = ["_file", "_row"];

/// Takes rows.
pub(super) struct Changing {
    /// For each published file how many rows there are in those before it.
    before: Vec<u64>,
    /// Published rows of a share.
    rows: u64,
    memory: Memory,
    least: usize,
    /// None before the first row.
    dealing: Option<Dealing>,
}

/// Rows that were taken.
pub(super) struct Changed(Option<Dealt>);

impl Changing {
    /// Rows of files of so many; a share has so many of them at most, and so many bytes may wait in any case.
    pub(super) fn new(
        files: impl Iterator<Item = u64>,
        rows: usize,
        (memory, least): (&Memory, usize),
    ) -> Self {
        let mut all = 0;
        let before = files.map(|rows| {
            all += rows;
            all - rows
        });
        Self {
            before: before.collect(),
            rows: rows as u64,
            memory: memory.clone(),
            least,
            dealing: None,
        }
    }

    /// Adds rows, and where the published ones are.
    ///
    /// # Errors
    /// If a temporary file cannot be made or written.
    pub(super) fn add(&mut self, rows: &RecordBatch, places: &[Place]) -> Arrow<()> {
        if places.is_empty() {
            return Ok(());
        }
        let rows = with_places(rows, places)?;
        let share = |(file, row): &Place| ((self.before[*file] + *row as u64) / self.rows) as u32;
        let shares: Vec<u32> = places.iter().map(share).collect();
        let (memory, least) = (&self.memory, self.least);
        let new = || Dealing::new(rows.schema(), memory, least);
        self.dealing.get_or_insert_with(new).push(&rows, &shares)
    }

    /// The rows that were added.
    ///
    /// # Errors
    /// If a temporary file cannot be written to its end.
    pub(super) fn finish(self) -> Arrow<Changed> {
        Ok(Changed(self.dealing.map(Dealing::finish).transpose()?))
    }
}

impl Changed {
    /// How many shares there are.
    pub(super) fn shares(&self) -> usize {
        self.0.as_ref().map_or(0, Dealt::shares)
    }

    /// The rows of a share, and where the published ones are.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub(super) fn share(&self, share: usize) -> Arrow<(RecordBatch, Vec<Place>)> {
        let Some(dealt) = &self.0 else {
            return Ok((
                RecordBatch::new_empty(Arc::new(Schema::empty())),
                Vec::new(),
            ));
        };
        let rows = dealt.share(share)?;
        without_places(&rows)
    }
}

/// Rows without the columns of their places, and these.
pub(super) fn without_places(rows: &RecordBatch) -> Arrow<(RecordBatch, Vec<Place>)> {
    let own = rows.num_columns() - PLACE.len();
    let [files, at] = [own, own + 1].map(|it| rows.column(it).as_primitive::<UInt64Type>());
    let places = files.values().iter().zip(at.values());
    let places = places.map(|(file, row)| (*file as usize, *row as usize));
    let places = places.collect();
    Ok((rows.project(&(0..own).collect::<Vec<usize>>())?, places))
}

/// Rows with the places of published ones behind their columns.
pub(super) fn with_places(rows: &RecordBatch, places: &[Place]) -> Arrow<RecordBatch> {
    let schema = rows.schema();
    let fields = schema.fields().iter().cloned();
    let of_places = PLACE.map(|name| Arc::new(Field::new(name, DataType::UInt64, false)));
    let fields: Vec<_> = fields.chain(of_places).collect();
    let files = places.iter().map(|(file, _)| *file as u64);
    let at = places.iter().map(|(_, row)| *row as u64);
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from_iter_values(files)) as ArrayRef);
    columns.push(Arc::new(UInt64Array::from_iter_values(at)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::Int64Type;

    #[test]
    fn rows_come_back_with_their_places_in_shares_of_so_many() {
        let memory = Memory::new(0);
        let mut changing = Changing::new([10, 5, 10].into_iter(), 4, (&memory, 0));
        let places: Vec<Place> = vec![(2, 9), (0, 0), (1, 4), (0, 9), (2, 0), (1, 0), (0, 3)];
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..7));
        let rows = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        changing.add(&rows, &places).unwrap();
        let changed = changing.finish().unwrap();
        let mut all = Vec::new();
        for share in 0..changed.shares() {
            let (rows, of_share) = changed.share(share).unwrap();
            assert_eq!(rows.num_rows(), of_share.len());
            assert!(of_share.len() <= 4);
            if rows.num_rows() > 0 {
                let numbers = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
                all.extend(of_share.into_iter().zip(numbers));
            }
        }
        all.sort_unstable_by_key(|(_, number)| *number);
        assert_eq!(all, places.into_iter().zip(0..).collect::<Vec<_>>());
    }
}
