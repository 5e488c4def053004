//! Receives whole answers: the errors of a client, and the chunks of a stream put together.

use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use planisphere_proto::v1 as wire;
use planisphere_schemas::ErrorKind;
use tonic::{Status, Streaming};
use wire::result_chunk::Chunk;
use wire::value::Value;

use super::fault::Reading;
use super::header::{data_type_of_wire, exactness_of_wire, header_of_wire};
use super::status::kind_of;
use crate::error::OlapError;
use crate::result::ResultHeader;
use crate::service::DetailTotal;

/// What can go wrong while a server is asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached.
    #[error("cannot reach the server {url}")]
    Connect {
        /// The server.
        url: String,
        /// The cause.
        #[source]
        source: tonic::transport::Error,
    },
    /// The server refused or failed.
    #[error("{}", .0.message())]
    Status(Box<Status>),
    /// The answer is not one.
    #[error("the answer of the server cannot be understood: {reason}")]
    Answer {
        /// Why not.
        reason: String,
    },
}

impl ClientError {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Connect { .. } => ErrorKind::Unavailable,
            Self::Status(status) => kind_of(status.code()),
            Self::Answer { .. } => ErrorKind::Internal,
        }
    }

    /// What to do about it; a server's own message says so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect { .. } => {
                Some("start it with 'planisphere-olap serve', or correct --server".into())
            }
            Self::Status(_) => None,
            Self::Answer { .. } => Some("use a client of the server's own release".into()),
        }
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl From<OlapError> for ClientError {
    fn from(error: OlapError) -> Self {
        Self::Answer {
            reason: error.to_string(),
        }
    }
}

/// A whole answer of a server.
#[derive(Debug)]
pub struct RemoteAnswer {
    /// The header.
    pub header: ResultHeader,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Of a drill-through: the number of rows of the cell.
    pub total_rows: u64,
    /// Of a drill-through: the measures over these rows.
    pub totals: Vec<DetailTotal>,
}

/// Waits for a whole answer.
pub(super) async fn receive(
    mut chunks: Streaming<wire::ResultChunk>,
    locale: &str,
) -> Result<RemoteAnswer, ClientError> {
    let (mut header, mut ipc, mut complete) = (None, Vec::new(), false);
    while let Some(message) = chunks.message().await? {
        match message.chunk {
            Some(Chunk::Header(first)) => header = Some(*first),
            Some(Chunk::ArrowIpc(bytes)) => ipc.extend_from_slice(&bytes),
            Some(Chunk::Trailer(_)) => complete = true,
            Some(Chunk::Cells(_) | Chunk::Rows(_)) | None => {}
        }
    }
    let cut_off = || ClientError::Answer {
        reason: "it was cut off".into(),
    };
    let mut header = header.filter(|_| complete).ok_or_else(cut_off)?;
    let totals = std::mem::take(&mut header.totals);
    Ok(RemoteAnswer {
        total_rows: header.total_rows,
        totals: totals_of_wire(totals)?,
        header: header_of_wire(header, locale)?,
        batches: batches_of_ipc(ipc)?,
    })
}

fn batches_of_ipc(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, ClientError> {
    let broken = |error: arrow::error::ArrowError| ClientError::Answer {
        reason: error.to_string(),
    };
    let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(broken)?;
    reader.collect::<Result<_, _>>().map_err(broken)
}

fn totals_of_wire(totals: Vec<wire::DetailTotal>) -> Result<Vec<DetailTotal>, OlapError> {
    let mut reading = Reading::default();
    let totals = totals.into_iter().enumerate().filter_map(|(i, total)| {
        let place = format!("totals[{i}]");
        let data_type = data_type_of_wire(&mut reading, &place, &total.data_type)?;
        let value = total.value.clone().and_then(|it| it.value).map(text_of);
        Some(DetailTotal {
            exactness: exactness_of_wire(total.exactness(), total.relative_error),
            measure: total.measure,
            data_type,
            value,
        })
    });
    let totals = totals.collect();
    reading.finish(totals)
}

fn text_of(value: Value) -> String {
    match value {
        Value::Text(text) | Value::Decimal(text) | Value::Date(text) | Value::Timestamp(text) => {
            text
        }
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
    }
}
