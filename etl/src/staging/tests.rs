//! Crews whose source has few readers, and whose store does not always take what it is given.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use planisphere_schemas::model::Table;
use planisphere_schemas::warehouse::{LoadId, Warehouse};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::Error;
use crate::source::{Fault, Part, Reader, Remedy, Sink, Snapshot, StagedBatch, Stop, TablePlan};

use super::crew::{Harvest, Job};
use super::event::ReadEvent;
use super::part_file::RowGroups;

const PARTS: usize = 8;
const ROWS: usize = 10;

/// A table of some parts, which only so many readers may read at a time.
struct Scarce {
    most: usize,
    open: AtomicUsize,
}

struct ScarceReader<'a>(&'a Scarce);

impl Drop for ScarceReader<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true)]))
}

impl Snapshot for Scarce {
    fn describe(&self) -> String {
        "now".into()
    }

    fn plan(&self, _: &Table) -> Result<TablePlan, Fault> {
        let part = |at: usize| Part::Relation(at.to_string());
        Ok(TablePlan {
            schema: schema(),
            parts: (0..PARTS).map(part).collect(),
            rows: None,
        })
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        if self.open.fetch_add(1, Ordering::SeqCst) < self.most {
            return Ok(Box::new(ScarceReader(self)));
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
        let full = Error::SourceUnreachable {
            source_name: "s".into(),
            reason: "too many connections".into(),
        };
        Err(match self.most {
            // nothing helps: the test need not wait
            0 => Remedy::None.against(full),
            _ => Remedy::Again.against(full),
        })
    }

    fn most_readers(&self) -> usize {
        16
    }
}

impl Reader for ScarceReader<'_> {
    fn read(&mut self, _: &Table, part: &Part, _: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
        // long enough for the others to look for a reader of their own
        std::thread::sleep(std::time::Duration::from_millis(450));
        let Part::Relation(at) = part else {
            return Ok(());
        };
        let first = at.parse::<usize>().unwrap() * ROWS;
        let ids = (first..first + ROWS).map(|id| i64::try_from(id).unwrap());
        let ids = Arc::new(Int64Array::from_iter_values(ids));
        sink(StagedBatch {
            rows: RecordBatch::try_new(schema(), vec![ids]).unwrap(),
            rejects: Vec::new(),
            nulled: 0,
            clamped: 0,
            bytes: 80,
        })?;
        Ok(())
    }
}

/// A store that refuses the first objects that it is given.
#[derive(Debug, Default)]
struct Reluctant {
    inner: InMemory,
    refusals: AtomicUsize,
}

impl fmt::Display for Reluctant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reluctant")
    }
}

#[async_trait]
impl ObjectStore for Reluctant {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let left = self
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        match left {
            Ok(_) => Err(object_store::Error::Generic {
                store: "test",
                source: "come back later".into(),
            }),
            Err(_) => self.inner.put_opts(path, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Reads the table with four workers from a source with so many readers into a store that refuses so often.
async fn read(
    most: usize,
    refusals: usize,
) -> (
    Result<Harvest, Fault>,
    UnboundedReceiver<ReadEvent>,
    Warehouse,
) {
    let store = Reluctant {
        refusals: refusals.into(),
        ..Reluctant::default()
    };
    let warehouse = Warehouse::with_store("memory:///w", Arc::new(store)).unwrap();
    let (events, heard) = unbounded_channel();
    let table = Table {
        name: "t".into(),
        origin: "t".into(),
        format: None,
        key: Vec::new(),
        columns: Vec::new(),
        history: None,
    };
    let job = Job {
        source: "s".into(),
        tables: vec![table],
        load: LoadId::generate(),
        warehouse: warehouse.clone(),
        batch_rows: 100,
        row_groups: RowGroups {
            rows: 1000,
            bytes: 1 << 20,
        },
        readers: 4,
        reject_limit_permille: 50,
        runtime: Handle::current(),
        events,
        stop: Stop::default(),
        span: tracing::Span::none(),
    };
    let scarce = Scarce {
        most,
        open: AtomicUsize::new(0),
    };
    let read = tokio::task::spawn_blocking(move || job.read(&scarce));
    (read.await.unwrap(), heard, warehouse)
}

/// All events so far.
fn all(mut heard: UnboundedReceiver<ReadEvent>) -> Vec<ReadEvent> {
    std::iter::from_fn(|| heard.try_recv().ok()).collect()
}

/// The rows that were read, and those that stay after what was void.
fn told(events: &[ReadEvent]) -> (u64, u64) {
    let mut rows = (0, 0);
    for event in events {
        match event {
            ReadEvent::Rows { amount, .. } => rows = (rows.0 + amount.rows, rows.1 + amount.rows),
            ReadEvent::Void { amount, .. } => rows.1 -= amount.rows,
            _ => {}
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_beyond_the_first_are_done_without() {
    for most in [1, 2] {
        let (harvest, heard, warehouse) = read(most, 0).await;
        let counts = &harvest.unwrap().tables["t"];
        let rows = (PARTS * ROWS) as u64;
        assert_eq!((counts.read, counts.staged), (rows, rows));
        assert_eq!(counts.parts.len(), PARTS);
        assert_eq!(warehouse.list("").await.unwrap().len(), PARTS);
        let events = all(heard);
        let without = events.iter().filter_map(|event| match event {
            ReadEvent::Readers {
                working, wanted, ..
            } => Some((*working, *wanted)),
            _ => None,
        });
        assert_eq!(without.collect::<Vec<_>>(), vec![(most, 4); 4 - most]);
        assert_eq!(told(&events), (rows, rows));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_fails_if_no_reader_can_be_had() {
    let (harvest, _, warehouse) = read(0, 0).await;
    let error = harvest.err().unwrap().error;
    assert!(
        error.to_string().contains("too many connections"),
        "{error}"
    );
    assert!(warehouse.list("").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_for_a_while_is_tried_again() {
    let (harvest, heard, warehouse) = read(4, 2).await;
    let counts = &harvest.unwrap().tables["t"];
    let rows = (PARTS * ROWS) as u64;
    assert_eq!((counts.read, counts.rereads), (rows, 2));
    assert_eq!(warehouse.list("").await.unwrap().len(), PARTS);
    // what two attempts brought was void
    assert_eq!(told(&all(heard)), (rows + 2 * ROWS as u64, rows));
}
