//! Some rows of a published table, marked by their places: a bit a row; and reading them.

use arrow::array::{BooleanArray, BooleanBufferBuilder, RecordBatch};
use arrow::buffer::BooleanBuffer;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use parquet::arrow::arrow_reader::RowSelection;
use planisphere_schemas::warehouse::PinnedTable;

use crate::error::{Error, Result};
use crate::warehouse::Place;

use super::scan::{TableScan, threads};

/// Rows of a table.
pub(super) struct Marks(Vec<BooleanBufferBuilder>);

/// Marked rows of a row group.
#[derive(Debug)]
pub(super) struct Marked {
    /// Where they stand.
    pub(super) places: Vec<Place>,
    /// All of their columns.
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
        let files = self.0.iter().map(BooleanBufferBuilder::finish_cloned);
        files.map(|file| file.count_set_bits()).sum()
    }

    /// For each row of a file whether it is marked; `None` if none is.
    fn of(&self, file: usize) -> Option<BooleanBuffer> {
        let marks = self.0.get(file)?.finish_cloned();
        (marks.count_set_bits() > 0).then_some(marks)
    }
}

impl<'a> TableScan<'a> {
    /// Reads all columns of the rows that are marked, in order, those of a row group at a time.
    pub(super) fn marked(self, marks: &Marks) -> impl Stream<Item = Result<Marked>> + use<'a> {
        let files = self.table.files().iter().enumerate();
        let files = files.filter_map(|(at, file)| Some((at, file, marks.of(at)?)));
        let files: Vec<_> = files.collect();
        let opened = futures::stream::iter(files).then(move |(at, file, marks)| async move {
            let open = self.open(file).await?;
            Ok::<_, Error>((at, file, marks, open))
        });
        opened
            .map_ok(move |(at, file, marks, open)| {
                let mut work = Vec::new();
                let mut first = 0;
                for group in 0..open.groups() {
                    let marks = marks.slice(first, open.rows(group));
                    if marks.count_set_bits() > 0 {
                        work.push((group, (at, first), marks, open.clone()));
                    }
                    first += open.rows(group);
                }
                let work = work
                    .into_iter()
                    .map(move |(group, first, marks, open)| async move {
                        let rows = marks.set_indices().map(|row| (first.0, first.1 + row));
                        let places = rows.collect();
                        let some = RowSelection::from_filters(&[BooleanArray::new(marks, None)]);
                        let read = self.decode(file, first, open, (group, some), Vec::new());
                        let rows = read.await?.rows;
                        Ok(Marked { places, rows })
                    });
                futures::stream::iter(work).buffered(threads())
            })
            .try_flatten()
    }
}
