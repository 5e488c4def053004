//! What happens when the object store fails a commit, or its answer is lost on the way.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use planisphere_schemas::ErrorKind;
use planisphere_schemas::warehouse::{LoadId, Warehouse};

use super::super::{CommitOutcome, TableCommit, WriteError};
use super::{FACT, ask, commit, publish, schema, write};

/// What goes wrong with the next entry of a Delta log.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Another writer's entry gets there first.
    Overtaken,
    /// The entry is written, but the writer hears that it exists already, as after a retry.
    AnswerLost,
    /// Nothing is written.
    Fails,
}

#[derive(Debug, Default)]
struct FaultyStore {
    inner: InMemory,
    next: Mutex<Option<Fault>>,
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore")
    }
}

impl FaultyStore {
    async fn put_log(
        &self,
        fault: Fault,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let refused = |source: &str| Error::AlreadyExists {
            path: path.to_string(),
            source: source.into(),
        };
        match fault {
            Fault::Overtaken => {
                let other = PutPayload::from_static(b"{\"commitInfo\":{\"operation\":\"WRITE\"}}");
                self.inner.put_opts(path, other, options.clone()).await?;
                self.inner.put_opts(path, payload, options).await
            }
            Fault::AnswerLost => {
                self.inner.put_opts(path, payload, options).await?;
                Err(refused("the first answer was lost"))
            }
            Fault::Fails => Err(Error::Generic {
                store: "test",
                source: "no space left".into(),
            }),
        }
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let is_log = path.as_ref().contains("_delta_log/");
        let fault = if is_log {
            self.next.lock().unwrap().take()
        } else {
            None
        };
        match fault {
            Some(fault) => self.put_log(fault, path, payload, options).await,
            None => self.inner.put_opts(path, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Commits ten more rows upon a published version of twenty while the store has a fault.
async fn commit_under(
    fault: Fault,
) -> (Warehouse, std::result::Result<super::Committed, WriteError>) {
    let store = Arc::new(FaultyStore::default());
    let warehouse = Warehouse::with_store("memory://faulty/wh", store.clone()).unwrap();
    let load = LoadId::generate();
    let entry = commit(&warehouse, load, None, &write(&warehouse, 0, 20).await)
        .await
        .entry;
    let before = publish(&warehouse, 1, load, entry.clone()).await;
    let mut files = before.table(FACT).unwrap().files().to_vec();
    files.extend(write(&warehouse, 20, 30).await);
    *store.next.lock().unwrap() = Some(fault);
    let load = LoadId::generate();
    let result = TableCommit::new(&warehouse, FACT, load, Some(&entry))
        .commit(&schema(), &files)
        .await;
    (warehouse, result)
}

#[tokio::test]
async fn a_load_that_is_overtaken_gets_a_conflict() {
    let (warehouse, result) = commit_under(Fault::Overtaken).await;
    let error = result.unwrap_err();
    assert!(
        matches!(error, WriteError::Conflict { version: 0, .. }),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.hint().is_some());
    let published = warehouse.open(None).await.unwrap();
    assert_eq!(
        ask(&published, "select count(*) from fact_sales").await,
        ["20"]
    );
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_recognised() {
    let (warehouse, result) = commit_under(Fault::AnswerLost).await;
    let committed = result.unwrap();
    assert_eq!(committed.outcome, CommitOutcome::Committed);
    assert_eq!(
        (committed.entry.delta_version, committed.entry.row_count),
        (1, 30)
    );
    let next = publish(&warehouse, 2, LoadId::generate(), committed.entry).await;
    assert_eq!(ask(&next, "select count(*) from fact_sales").await, ["30"]);
}

#[tokio::test]
async fn a_store_that_fails_is_said_to_be_unavailable() {
    let (warehouse, result) = commit_under(Fault::Fails).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "delta failed while committing table fact_sales"
    );
    let published = warehouse.open(None).await.unwrap();
    assert_eq!(
        ask(&published, "select count(*) from fact_sales").await,
        ["20"]
    );
}
