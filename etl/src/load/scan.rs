//! Reads published tables row group by row group on threads, or only some of their rows.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader as _};
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
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

/// A file in memory.
#[derive(Debug, Clone)]
pub(super) struct OpenFile {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl<'a> TableScan<'a> {
    /// How many rows the table has.
    pub(super) fn num_rows(self) -> usize {
        let rows = self.table.files().iter().map(|file| file.rows).sum::<u64>();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Reads some columns of all rows, in order.
    pub(super) fn groups<'s>(
        self,
        columns: &'s [&'s str],
    ) -> impl Stream<Item = Result<Group>> + use<'a, 's> {
        let files = futures::stream::iter(self.table.files().iter().enumerate());
        let opened = files.then(move |(at, file)| async move {
            let open = self.open(file).await?;
            Ok::<_, Error>((at, file, open))
        });
        opened
            .map_ok(move |(at, file, open)| {
                let mut first = 0;
                let groups = (0..open.metadata.metadata().num_row_groups()).map(move |group| {
                    let rows = open.rows(group);
                    let place = (at, first);
                    first += rows;
                    let all = RowSelection::from(vec![RowSelector::select(rows)]);
                    (place, open.clone(), group, all)
                });
                let groups: Vec<_> = groups.collect();
                let work = groups.into_iter().map(move |(first, open, group, all)| {
                    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
                    self.decode(file, first, open, (group, all), columns)
                });
                // one more, so that no thread waits while the rows of a group are looked at
                futures::stream::iter(work).buffered(threads() + 1)
            })
            .try_flatten()
    }

    /// Reads all columns of all rows of a file.
    pub(super) async fn file(self, file: &'a DataFile) -> Result<RecordBatch> {
        let open = self.open(file).await?;
        let groups = 0..open.metadata.metadata().num_row_groups();
        let work = groups.map(|group| {
            let all = RowSelection::from(vec![RowSelector::select(open.rows(group))]);
            self.decode(file, (0, 0), open.clone(), (group, all), Vec::new())
        });
        let work: Vec<_> = work.collect();
        let groups: Vec<Group> = futures::stream::iter(work)
            .buffered(threads())
            .try_collect()
            .await?;
        let batches: Vec<RecordBatch> = groups.into_iter().map(|group| group.rows).collect();
        let doing = format!("reading {}", self.table.name());
        let schema = open.metadata.schema();
        concat_batches(schema, &batches).map_err(Error::arrow(doing))
    }

    /// Reads all columns of some rows, which are given in order.
    pub(super) async fn rows(self, places: &[Place]) -> Result<RecordBatch> {
        let mut batches = Vec::new();
        for (at, file) in self.table.files().iter().enumerate() {
            let from = places.partition_point(|(file, _)| *file < at);
            let to = places.partition_point(|(file, _)| *file <= at);
            if from == to {
                continue;
            }
            let rows: Vec<usize> = places[from..to].iter().map(|(_, row)| *row).collect();
            let open = self.open(file).await?;
            let mut work = Vec::new();
            let mut first = 0;
            for group in 0..open.metadata.metadata().num_row_groups() {
                let end = first + open.rows(group);
                let (a, b) = (
                    rows.partition_point(|row| *row < first),
                    rows.partition_point(|row| *row < end),
                );
                if a < b {
                    let selection = select(&rows[a..b], first, end);
                    let open = open.clone();
                    work.push(self.decode(file, (at, first), open, (group, selection), Vec::new()));
                }
                first = end;
            }
            let groups: Vec<Group> = futures::stream::iter(work)
                .buffered(threads())
                .try_collect()
                .await?;
            batches.extend(groups.into_iter().map(|group| group.rows));
        }
        let schema = match batches.first() {
            Some(batch) => batch.schema(),
            None => Arc::new(Schema::clone(self.table.schema())),
        };
        let doing = format!("reading {}", self.table.name());
        concat_batches(&schema, &batches).map_err(Error::arrow(doing))
    }

    /// Reads a file and its footer.
    pub(super) async fn open(self, file: &DataFile) -> Result<OpenFile> {
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

    /// Decodes some rows of a row group on a thread of its own: what a decoder does not expect in a file may be a panic.
    pub(super) async fn decode(
        self,
        file: &'a DataFile,
        first: Place,
        open: OpenFile,
        which: (usize, RowSelection),
        columns: Vec<String>,
    ) -> Result<Group> {
        let read = tokio::task::spawn_blocking(move || open.decode(which, &columns)).await;
        match read {
            Ok(Ok(rows)) => Ok(Group { first, rows }),
            Ok(Err(error)) => Err(self.damaged(file, format!("cannot be read: {error}"))),
            Err(_) => Err(self.damaged(file, "cannot be read".into())),
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
    /// How many row groups it has.
    pub(super) fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// How many rows a row group has.
    pub(super) fn rows(&self, group: usize) -> usize {
        let rows = self.metadata.metadata().row_group(group).num_rows();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Some rows of a row group; all columns if none is named.
    fn decode(
        &self,
        (group, selection): (usize, RowSelection),
        columns: &[String],
    ) -> Result<RecordBatch, ParquetError> {
        let rows = selection.row_count();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        );
        let mask = match columns.is_empty() {
            true => ProjectionMask::all(),
            false => {
                let names = columns.iter().map(String::as_str);
                ProjectionMask::columns(builder.parquet_schema(), names)
            }
        };
        let reader = builder
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_row_selection(selection)
            .with_batch_size(rows.max(1))
            .build()?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        Ok(concat_batches(&schema, &batches)?)
    }
}

/// The rows of a row group, which begins at `first` and ends before `end`, that are wanted.
fn select(rows: &[usize], first: usize, end: usize) -> RowSelection {
    let ranges = rows.chunk_by(|a, b| a + 1 == *b);
    let ranges = ranges.map(|run| (run[0] - first)..(run[run.len() - 1] + 1 - first));
    RowSelection::from_consecutive_ranges(ranges, end - first)
}

pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
