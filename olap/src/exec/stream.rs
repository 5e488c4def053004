//! The rows of one running query under its deadline, row limit and cancellation.
//!
//! The engine works in a task on threads of its own, so that a deadline is kept even while the engine does not
//! yield; dropping the stream ends the task.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::Stream;
use futures::stream::{BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::damage::{ScannedFiles, may_be_damage};
use super::engine::Limits;
use super::workers::Workers;
use crate::error::{OlapError, Result};

/// One query's identity, limits and way to end early.
#[derive(Debug, Clone)]
pub struct Run {
    query_id: String,
    limits: Limits,
    started_at: Instant,
    ends_at: Instant,
    cancel: CancellationToken,
}

impl Run {
    pub(super) fn new(query_id: String, limits: Limits) -> Self {
        let started_at = Instant::now();
        let ends_at = started_at + limits.deadline;
        Self {
            query_id,
            limits,
            started_at,
            ends_at,
            cancel: CancellationToken::new(),
        }
    }

    /// The id under which the query is logged.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The same run, ended by this token too.
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// Waits for a part of the query's work, but not beyond the deadline or a cancellation.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let work = Box::pin(work);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.cancelled()),
            () = tokio::time::sleep_until(self.ends_at) => Err(self.too_late()),
            done = work => match Instant::now() < self.ends_at {
                true => Ok(done),
                false => Err(self.too_late()),
            },
        }
    }

    /// An error of the engine during this run.
    pub fn error(&self, doing: &str, source: DataFusionError) -> OlapError {
        match source.find_root() {
            DataFusionError::ResourcesExhausted(_) => OlapError::Memory {
                query_id: self.query_id.clone(),
                limit_bytes: self.limits.memory_bytes,
            },
            _ => OlapError::engine(format!("{doing} query {}", self.query_id), source),
        }
    }

    fn log_answered(&self, rows: usize) {
        let elapsed_ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(query_id = self.query_id, rows, elapsed_ms, "plan answered");
    }

    fn cancelled(&self) -> OlapError {
        OlapError::Cancelled {
            query_id: self.query_id.clone(),
        }
    }

    fn too_late(&self) -> OlapError {
        OlapError::Deadline {
            query_id: self.query_id.clone(),
            limit: self.limits.deadline,
        }
    }

    fn too_many_rows(&self) -> OlapError {
        OlapError::RowLimit {
            query_id: self.query_id.clone(),
            limit_rows: self.limits.rows,
        }
    }
}

/// The batches of an answer. It ends after the first error.
pub struct ResultStream {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl ResultStream {
    /// Rows of the engine under the limits of a run.
    pub(super) fn limited(
        run: Run,
        rows: SendableRecordBatchStream,
        files: ScannedFiles,
        workers: Arc<Workers>,
    ) -> Self {
        let schema = rows.schema();
        let working = Working::start(rows, files, workers);
        let batches = futures::stream::unfold(Some((run, working, 0)), |state| async move {
            let (run, mut working, rows_so_far) = state?;
            match working.next(&run, rows_so_far).await {
                Ok(Some(batch)) => {
                    let rows = rows_so_far + batch.num_rows();
                    Some((Ok(batch), Some((run, working, rows))))
                }
                Ok(None) => {
                    run.log_answered(rows_so_far);
                    None
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        Self {
            schema,
            batches: batches.boxed(),
        }
    }

    /// Batches that are there already.
    pub(crate) fn ready(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let batches = futures::stream::iter(batches.into_iter().map(Ok)).boxed();
        Self { schema, batches }
    }

    /// The schema of every batch.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Stream for ResultStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(cx)
    }
}

/// The task in which the engine works; dropping it ends the task.
struct Working {
    tasks: JoinSet<()>,
    batches: mpsc::Receiver<Result<RecordBatch, DataFusionError>>,
    files: ScannedFiles,
    /// The answer may outlive its engine, and its threads with it.
    _workers: Arc<Workers>,
}

impl Working {
    fn start(
        mut rows: SendableRecordBatchStream,
        files: ScannedFiles,
        workers: Arc<Workers>,
    ) -> Self {
        let (sender, batches) = mpsc::channel(2);
        let mut tasks = JoinSet::new();
        let work = async move {
            while let Some(batch) = rows.next().await {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
        };
        tasks.spawn_on(work, &workers.handle());
        Self {
            tasks,
            batches,
            files,
            _workers: workers,
        }
    }

    async fn next(&mut self, run: &Run, rows_so_far: usize) -> Result<Option<RecordBatch>> {
        let Some(batch) = run.within(self.batches.recv()).await? else {
            return self.end(run).await;
        };
        let batch = match batch {
            Ok(batch) => batch,
            Err(source) => return Err(self.failed(run, source).await),
        };
        match rows_so_far + batch.num_rows() > run.limits.rows {
            true => Err(run.too_many_rows()),
            false => Ok(Some(batch)),
        }
    }

    /// The channel is closed: the task ended, or it was ended.
    async fn end(&mut self, run: &Run) -> Result<Option<RecordBatch>> {
        match run.within(self.tasks.join_next()).await? {
            Some(Ok(())) | None => Ok(None),
            // it panicked, or was taken down: what came so far is not the answer
            Some(Err(_)) => {
                let stopped = OlapError::Internal {
                    reason: format!("query {} stopped unexpectedly", run.query_id),
                };
                Err(self.damage(run).await.unwrap_or(stopped))
            }
        }
    }

    /// The error of the engine, or the damaged file that caused it.
    async fn failed(&self, run: &Run, source: DataFusionError) -> OlapError {
        let damage = match may_be_damage(&source) {
            true => self.damage(run).await,
            false => None,
        };
        damage.unwrap_or_else(|| run.error("running", source))
    }

    async fn damage(&self, run: &Run) -> Option<OlapError> {
        run.within(self.files.damage()).await.ok().flatten()
    }
}
