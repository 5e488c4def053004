//! Reads published tables row group by row group on threads, or only some of their rows.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader as _};
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use planisphere_schemas::warehouse::{DataFile, PinnedTable, Warehouse};

use crate::error::{Error, Result};
use crate::warehouse::Place;

/// A published table whose rows are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableScan<'a> {
    pub(super) warehouse: &'a Warehouse,
    pub(super) table: &'a PinnedTable,
}

/// The rows of a row group.
#[derive(Debug)]
pub(super) struct Group {
    /// The place of the first row.
    pub(super) first: Place,
    /// The rows, with the columns that were asked for.
    pub(super) rows: RecordBatch,
}

/// Some rows of a row group, not decoded yet.
#[derive(Debug)]
pub(super) struct Part {
    /// The place of the first row of the group.
    pub(super) first: Place,
    open: OpenFile,
    group: usize,
    selection: RowSelection,
}

/// A file in memory.
#[derive(Debug, Clone)]
struct OpenFile {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl<'a> TableScan<'a> {
    /// How many rows the table has.
    pub(super) fn num_rows(self) -> usize {
        let rows = self.table.files().iter().map(|file| file.rows).sum::<u64>();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Reads some columns of all rows, in order; all columns if none is named.
    pub(super) fn groups<'s>(
        self,
        columns: &'s [&'s str],
    ) -> impl Stream<Item = Result<Group>> + use<'a, 's> {
        let groups = self.looked_at(columns, |_: &RecordBatch| ());
        groups.map_ok(|(group, ())| group)
    }

    /// As [`groups`](Self::groups), with what a look at the rows of each finds on the thread that decodes them.
    pub(super) fn looked_at<'s, T, L>(
        self,
        columns: &'s [&'s str],
        look: L,
    ) -> impl Stream<Item = Result<(Group, T)>> + use<'a, 's, T, L>
    where
        T: Send + 'static,
        L: Fn(&RecordBatch) -> T + Clone + Send + 'static,
    {
        self.decoded(self.parts(self.files(), all), columns, look)
    }

    /// Reads all columns of all rows.
    pub(super) async fn all(self) -> Result<RecordBatch> {
        self.whole(self.files(), all).await
    }

    /// Reads all columns of some rows, which are given in order.
    pub(super) async fn rows(self, places: &[Place]) -> Result<RecordBatch> {
        let mut files: Vec<usize> = places.iter().map(|(file, _)| *file).collect();
        files.dedup();
        let some = |(file, first): Place, rows: usize| {
            let end = first + rows;
            let from = places.partition_point(|place| *place < (file, first));
            let to = places.partition_point(|place| *place < (file, end));
            (from < to).then(|| select(&places[from..to], first, end))
        };
        self.whole(files, some).await
    }

    /// Reads all columns of the rows of some files that are wanted.
    async fn whole(
        self,
        files: Vec<usize>,
        wanted: impl FnMut(Place, usize) -> Option<RowSelection>,
    ) -> Result<RecordBatch> {
        let parts = self.parts(files, wanted);
        let groups = self.decoded(parts, &[], |_| ());
        let groups: Vec<(Group, ())> = groups.try_collect().await?;
        let batches: Vec<RecordBatch> = groups.into_iter().map(|(group, ())| group.rows).collect();
        let schema = match batches.first() {
            Some(batch) => batch.schema(),
            None => Arc::new(Schema::clone(self.table.schema())),
        };
        let doing = format!("reading {}", self.table.name());
        concat_batches(&schema, &batches).map_err(Error::arrow(doing))
    }

    fn files(self) -> Vec<usize> {
        (0..self.table.files().len()).collect()
    }

    /// The row groups of some files that hold wanted rows, in order. What is wanted is told by the place of the first row of a
    /// group and how many it has. A file is opened while those before it are decoded.
    pub(super) fn parts<W>(
        self,
        files: Vec<usize>,
        mut wanted: W,
    ) -> impl Stream<Item = Result<Part>> + use<'a, W>
    where
        W: FnMut(Place, usize) -> Option<RowSelection>,
    {
        let opened = futures::stream::iter(files)
            .then(move |file| async move { Ok::<_, Error>((file, self.open(file).await?)) });
        opened
            .map_ok(move |(file, open)| {
                let (mut parts, mut first) = (Vec::new(), 0);
                for group in 0..open.metadata.metadata().num_row_groups() {
                    let (rows, open) = (open.rows(group), open.clone());
                    let part = wanted((file, first), rows).map(|selection| Part {
                        first: (file, first),
                        open,
                        group,
                        selection,
                    });
                    parts.extend(part.map(Ok));
                    first += rows;
                }
                futures::stream::iter(parts)
            })
            .try_flatten()
    }

    /// Reads a file and its footer.
    async fn open(self, file: usize) -> Result<OpenFile> {
        let file = &self.table.files()[file];
        let path = format!("{}/{}", self.table.name(), file.path);
        let Some(bytes) = self.warehouse.get_object(&path).await? else {
            return Err(self.damaged(file, "is missing".into()));
        };
        if bytes.len() as u64 != file.bytes {
            let (found, published) = (bytes.len(), file.bytes);
            let reason = format!("has {found} bytes instead of {published}");
            return Err(self.damaged(file, reason));
        }
        let read = tokio::task::spawn_blocking(move || {
            let options =
                ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
            let metadata = ArrowReaderMetadata::load(&bytes, options)?;
            Ok::<_, ParquetError>(OpenFile { bytes, metadata })
        });
        let open = match read.await {
            Ok(Ok(open)) => open,
            Ok(Err(error)) => return Err(self.damaged(file, format!("cannot be read: {error}"))),
            Err(_) => return Err(self.damaged(file, "cannot be read".into())),
        };
        let groups = open.metadata.metadata().num_row_groups();
        let rows: usize = (0..groups).map(|group| open.rows(group)).sum();
        match rows as u64 == file.rows {
            true => Ok(open),
            false => {
                let reason = format!("has {rows} rows instead of {}", file.rows);
                Err(self.damaged(file, reason))
            }
        }
    }

    /// Decodes parts on threads and looks at their rows there; in order.
    pub(super) fn decoded<'s, T, L, P>(
        self,
        parts: P,
        columns: &'s [&'s str],
        look: L,
    ) -> impl Stream<Item = Result<(Group, T)>> + use<'a, 's, T, L, P>
    where
        T: Send + 'static,
        L: Fn(&RecordBatch) -> T + Clone + Send + 'static,
        P: Stream<Item = Result<Part>>,
    {
        parts
            .map_ok(move |part| self.decode(part, columns, look.clone()))
            // one more, so that no thread waits while what is decoded is looked at
            .try_buffered(threads() + 1)
    }

    /// Decodes a part on a thread of its own and looks at its rows there: what a decoder does not expect in a file may be a panic.
    async fn decode<T: Send + 'static>(
        self,
        part: Part,
        columns: &[&str],
        look: impl Fn(&RecordBatch) -> T + Send + 'static,
    ) -> Result<(Group, T)> {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let first = part.first;
        let schema = Arc::clone(self.table.schema());
        let read = tokio::task::spawn_blocking(move || {
            let rows = in_order(part.decode(&columns)?, &schema)?;
            let seen = look(&rows);
            Ok::<_, ParquetError>((rows, seen))
        });
        let file = || &self.table.files()[first.0];
        match read.await {
            Ok(Ok((rows, seen))) => Ok((Group { first, rows }, seen)),
            Ok(Err(error)) => Err(self.damaged(file(), format!("cannot be read: {error}"))),
            Err(_) => Err(self.damaged(file(), "cannot be read".into())),
        }
    }

    fn damaged(self, file: &DataFile, reason: String) -> Error {
        let folder = self.table.store_url();
        Error::Damaged {
            table: self.table.name().to_owned(),
            file: format!("{}{}", folder.as_str(), self.table.file_path(file)),
            reason,
        }
    }
}

impl OpenFile {
    /// How many rows a row group has.
    fn rows(&self, group: usize) -> usize {
        let rows = self.metadata.metadata().row_group(group).num_rows();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }
}

impl Part {
    /// Its rows; all columns if none is named.
    fn decode(self, columns: &[String]) -> Result<RecordBatch, ParquetError> {
        let rows = self.selection.row_count();
        let OpenFile { bytes, metadata } = self.open;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
        let mask = match columns.is_empty() {
            true => ProjectionMask::all(),
            false => {
                let names = columns.iter().map(String::as_str);
                ProjectionMask::columns(builder.parquet_schema(), names)
            }
        };
        let reader = builder
            .with_row_groups(vec![self.group])
            .with_projection(mask)
            .with_row_selection(self.selection)
            .with_batch_size(rows.max(1))
            .build()?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        Ok(concat_batches(&schema, &batches)?)
    }
}

/// Rows with their columns in the order of the table, whatever it was when their file was written.
fn in_order(rows: RecordBatch, schema: &Schema) -> Result<RecordBatch, ArrowError> {
    let of_rows = rows.schema_ref();
    let order = schema.fields().iter();
    let order: Vec<usize> = order
        .filter_map(|field| of_rows.index_of(field.name()).ok())
        .collect();
    match order.len() == rows.num_columns() && !order.is_sorted() {
        true => rows.project(&order),
        false => Ok(rows),
    }
}

/// All rows of a row group.
fn all(_: Place, rows: usize) -> Option<RowSelection> {
    Some(RowSelection::from(vec![RowSelector::select(rows)]))
}

/// The rows of a row group, which begins at `first` and ends before `end`, that are wanted.
fn select(places: &[Place], first: usize, end: usize) -> RowSelection {
    let runs = places.chunk_by(|(_, a), (_, b)| a + 1 == *b);
    let ranges = runs.map(|run| (run[0].1 - first)..(run[run.len() - 1].1 + 1 - first));
    RowSelection::from_consecutive_ranges(ranges, end - first)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
