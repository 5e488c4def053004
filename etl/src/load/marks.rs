//! Some rows of a published table, marked by their places: a bit a row; and reading them.

use std::sync::Arc;

use arrow::array::{BooleanArray, BooleanBufferBuilder, RecordBatch};
use arrow::buffer::BooleanBuffer;
use futures::{Stream, TryStreamExt as _};
use parquet::arrow::arrow_reader::RowSelection;
use planisphere_schemas::warehouse::PinnedTable;

use crate::error::Result;
use crate::warehouse::Place;

use super::scan::TableScan;

/// Rows of a table.
pub(super) struct Marks(Vec<BooleanBufferBuilder>);

/// Marked rows of a row group.
#[derive(Debug)]
pub(super) struct Marked {
    /// The place of the first row of the group.
    pub(super) first: Place,
    /// Where they stand.
    pub(super) places: Vec<Place>,
    /// Their columns.
    pub(super) rows: RecordBatch,
}

impl Marks {
    /// No row of a table.
    pub(super) fn new(table: &PinnedTable) -> Self {
        let none = |rows: u64| {
            let rows = usize::try_from(rows).unwrap_or(0);
            let mut none = BooleanBufferBuilder::new(rows);
            none.append_n(rows, false);
            none
        };
        Self(table.files().iter().map(|file| none(file.rows)).collect())
    }

    /// Marks a row.
    pub(super) fn mark(&mut self, (file, row): Place) {
        if let Some(file) = self.0.get_mut(file).filter(|file| row < file.len()) {
            file.set_bit(row, true);
        }
    }

    /// How many rows are marked.
    pub(super) fn len(&self) -> usize {
        self.files().map(|file| file.count_set_bits()).sum()
    }

    /// For each row of each file whether it is marked.
    fn files(&self) -> impl Iterator<Item = BooleanBuffer> {
        self.0.iter().map(BooleanBufferBuilder::finish_cloned)
    }
}

impl<'a> TableScan<'a> {
    /// Reads some columns of the rows that are marked, in order, those of a row group at a time; all columns if none is named.
    pub(super) fn marked<'s>(
        self,
        marks: &Marks,
        columns: &'s [&'s str],
    ) -> impl Stream<Item = Result<Marked>> + use<'a, 's> {
        let marks: Arc<[BooleanBuffer]> = marks.files().collect();
        let files = 0..marks.len();
        let files = files
            .filter(|file| marks[*file].count_set_bits() > 0)
            .collect();
        let wanted = Arc::clone(&marks);
        let parts = self.parts(files, move |(file, first), rows| {
            let marks = wanted[file].slice(first, rows);
            let some = |marks| RowSelection::from_filters(&[BooleanArray::new(marks, None)]);
            (marks.count_set_bits() > 0).then(|| some(marks))
        });
        self.decoded(parts, columns, |_| ())
            .map_ok(move |(group, ())| {
                let (file, first) = group.first;
                let rest = marks[file].slice(first, marks[file].len() - first);
                let places = rest.set_indices().map(|row| (file, first + row));
                Marked {
                    first: group.first,
                    places: places.take(group.rows.num_rows()).collect(),
                    rows: group.rows,
                }
            })
    }
}
