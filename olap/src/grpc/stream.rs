//! The stream of an answer: header, chunks as the rows come, trailer. It ends early if the caller goes away.

use std::pin::Pin;
use std::time::Instant;

use arrow::error::ArrowError;
use futures::{Stream, StreamExt, TryStreamExt};
use planisphere_proto::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tracing::info;
use wire::result_chunk::Chunk;

use super::chunks::{IpcChunks, cell_chunks, row_chunks};
use super::header::exactness_to_wire;
use super::status::status_of;
use crate::cells::plain_cells;
use crate::error::{OlapError, Result};
use crate::exec::ResultStream;
use crate::result::{QueryResult, ResultHeader};

/// What the streaming calls give back.
pub(super) type ChunkStream = Pin<Box<dyn Stream<Item = Result<wire::ResultChunk, Status>> + Send>>;

/// What the rows of an answer are sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Arrow IPC bytes.
    Arrow,
    /// Tuples and cells of a query.
    Cells,
    /// Rows of a drill-through.
    Rows,
}

type Sender = mpsc::Sender<Result<wire::ResultChunk, Status>>;

/// Starts to send an answer.
pub(super) fn send(
    first: wire::ResultHeader,
    result: QueryResult,
    form: Form,
    started: Instant,
) -> ChunkStream {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let query_id = result.header.query_id.clone();
        let milliseconds = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tokio::select! {
            () = sender.closed() => {
                info!(query_id, milliseconds = milliseconds(), "caller went away");
            }
            done = produce(&sender, first, result, form, started) => match done {
                Ok(rows) => info!(query_id, rows, milliseconds = milliseconds(), "query answered"),
                Err(error) => {
                    let status = status_of(&error);
                    let error = status.message();
                    info!(query_id, error, milliseconds = milliseconds(), "query failed");
                    // a closed channel means that nobody waits for the error
                    let _ = sender.send(Err(status)).await;
                }
            }
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

async fn produce(
    sender: &Sender,
    first: wire::ResultHeader,
    result: QueryResult,
    form: Form,
    started: Instant,
) -> Result<u64> {
    let truncated = result.header.next_page_token.is_some();
    let (exactness, _) = exactness_to_wire(result.header.exactness());
    put(sender, Chunk::Header(Box::new(first))).await?;
    let rows = match form {
        Form::Arrow => arrow(sender, &result.header, result.rows).await?,
        Form::Cells => cells(sender, &result.header, result.rows).await?,
        Form::Rows => detail(sender, result.rows).await?,
    };
    let trailer = wire::ResultTrailer {
        rows,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        truncated,
        exactness: exactness.into(),
    };
    put(sender, Chunk::Trailer(trailer)).await?;
    Ok(rows)
}

async fn put(sender: &Sender, chunk: Chunk) -> Result<()> {
    let sent = sender
        .send(Ok(wire::ResultChunk { chunk: Some(chunk) }))
        .await;
    sent.map_err(|_| OlapError::Internal {
        reason: "the receiver of an answer is gone".into(),
    })
}

async fn put_all(sender: &Sender, chunks: Vec<Chunk>) -> Result<()> {
    for chunk in chunks {
        put(sender, chunk).await?;
    }
    Ok(())
}

async fn arrow(sender: &Sender, header: &ResultHeader, mut rows: ResultStream) -> Result<u64> {
    let broken = |error: ArrowError| OlapError::Internal {
        reason: format!("cannot encode: {error}"),
    };
    let mut ipc = IpcChunks::new(&rows.schema(), header.warehouse_version).map_err(broken)?;
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        put_all(sender, ipc.batch(&batch).map_err(broken)?).await?;
    }
    put_all(sender, ipc.end().map_err(broken)?).await?;
    Ok(count)
}

async fn cells(sender: &Sender, header: &ResultHeader, rows: ResultStream) -> Result<u64> {
    let batches: Vec<_> = rows.try_collect().await?;
    let cells = plain_cells(header, &batches)?;
    put_all(sender, cell_chunks(header, &cells)).await?;
    Ok(batches.iter().map(|batch| batch.num_rows() as u64).sum())
}

async fn detail(sender: &Sender, mut rows: ResultStream) -> Result<u64> {
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        put_all(sender, row_chunks(&batch)).await?;
    }
    Ok(count)
}
