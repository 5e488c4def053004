//! Asks a server over gRPC and gives back our own types; for the command line and for tests.

use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use planisphere_proto::v1 as wire;
use planisphere_schemas::ErrorKind;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};
use wire::olap_service_client::OlapServiceClient;
use wire::result_chunk::Chunk;
use wire::value::Value;

use super::fault::Reading;
use super::header::{data_type_of_wire, header_of_wire};
use super::member::{level_to_wire, member_to_wire};
use super::query_to_wire::{context_to_wire, history_to_wire, path_to_wire, query_to_wire};
use super::status::kind_of;
use crate::error::OlapError;
use crate::query::CubeQuery;
use crate::result::ResultHeader;
use crate::service::{DetailQuery, DetailTotal, DrillDown, MembersQuery, RollUp};

/// Answers are bounded by the server's row limit, not by the client.
const LARGEST_MESSAGE: usize = 64 << 20;

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

/// Connects to `http://host:port`, or `host:port`.
pub async fn connect(url: &str) -> Result<Channel, ClientError> {
    let full = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let failed = |source| ClientError::Connect {
        url: url.to_owned(),
        source,
    };
    Endpoint::from_shared(full)
        .map_err(failed)?
        .connect()
        .await
        .map_err(failed)
}

/// A server's cubes.
#[derive(Debug, Clone)]
pub struct CubeClient {
    inner: OlapServiceClient<Channel>,
}

impl CubeClient {
    /// A client over a connection.
    pub fn new(channel: Channel) -> Self {
        let inner = OlapServiceClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
        Self { inner }
    }

    /// Lists the cubes.
    pub async fn list_cubes(
        &mut self,
        version: Option<u64>,
    ) -> Result<wire::ListCubesResponse, ClientError> {
        let context = Some(at_version(version));
        Ok(self
            .inner
            .list_cubes(wire::ListCubesRequest { context })
            .await?
            .into_inner())
    }

    /// Describes a cube.
    pub async fn describe_cube(
        &mut self,
        cube: &str,
        version: Option<u64>,
    ) -> Result<wire::DescribeCubeResponse, ClientError> {
        let context = Some(at_version(version));
        let request = wire::DescribeCubeRequest {
            context,
            cube: cube.to_owned(),
        };
        Ok(self.inner.describe_cube(request).await?.into_inner())
    }

    /// Lists members of a level.
    pub async fn list_members(
        &mut self,
        members: &MembersQuery,
    ) -> Result<wire::ListMembersResponse, ClientError> {
        let context = wire::RequestContext {
            warehouse_version: members.version.unwrap_or(0),
            model_hash: members.model_hash.clone().unwrap_or_default(),
            history: Some(history_to_wire(members.history)),
            locale: members.locale.clone(),
            page_size: members
                .page_size
                .and_then(|it| u32::try_from(it).ok())
                .unwrap_or(0),
            page_token: members.page_token.clone().unwrap_or_default(),
        };
        let request = wire::ListMembersRequest {
            context: Some(context),
            cube: members.cube.clone(),
            level: members.level.as_ref().map(level_to_wire),
            parent: members.parent.as_ref().map(path_to_wire),
            search: members.search.clone().unwrap_or_default(),
            include_deleted: members.include_deleted,
        };
        Ok(self.inner.list_members(request).await?.into_inner())
    }

    /// Answers a query.
    pub async fn query(&mut self, query: &CubeQuery) -> Result<RemoteAnswer, ClientError> {
        let request = wire::QueryRequest {
            context: Some(context_to_wire(query)),
            query: Some(query_to_wire(query)),
            format: wire::ResultFormat::ArrowIpc.into(),
        };
        let chunks = self.inner.query(request).await?.into_inner();
        receive(chunks, &query.locale).await
    }

    /// Drills down.
    pub async fn drill_down(&mut self, drill: &DrillDown) -> Result<RemoteAnswer, ClientError> {
        let request = wire::DrillDownRequest {
            context: Some(context_to_wire(&drill.query)),
            query: Some(query_to_wire(&drill.query)),
            member: Some(member_to_wire(&drill.member.level, &drill.member.path)),
            to_level: drill.to.clone().unwrap_or_default(),
            format: wire::ResultFormat::ArrowIpc.into(),
        };
        let chunks = self.inner.drill_down(request).await?.into_inner();
        receive(chunks, &drill.query.locale).await
    }

    /// Rolls up.
    pub async fn roll_up(&mut self, roll_up: &RollUp) -> Result<RemoteAnswer, ClientError> {
        let level = wire::LevelRef {
            dimension: roll_up.dimension.clone(),
            hierarchy: roll_up.hierarchy.clone().unwrap_or_default(),
            level: String::new(),
        };
        let request = wire::RollUpRequest {
            context: Some(context_to_wire(&roll_up.query)),
            query: Some(query_to_wire(&roll_up.query)),
            member: Some(wire::MemberRef {
                level: Some(level),
                path: Vec::new(),
            }),
            format: wire::ResultFormat::ArrowIpc.into(),
        };
        let chunks = self.inner.roll_up(request).await?.into_inner();
        receive(chunks, &roll_up.query.locale).await
    }

    /// Gives the fact rows of a cell.
    pub async fn drill_through(
        &mut self,
        detail: &DetailQuery,
    ) -> Result<RemoteAnswer, ClientError> {
        let query = CubeQuery {
            page_token: detail.page_token.clone(),
            ..detail.query.clone()
        };
        let cell = detail
            .cell
            .iter()
            .map(|member| member_to_wire(&member.level, &member.path));
        let request = wire::DrillThroughRequest {
            context: Some(context_to_wire(&query)),
            query: Some(query_to_wire(&query)),
            cell: cell.collect(),
            limit: detail.limit.unwrap_or(0),
            format: wire::ResultFormat::ArrowIpc.into(),
        };
        let chunks = self.inner.drill_through(request).await?.into_inner();
        receive(chunks, &query.locale).await
    }

    /// Explains a query.
    pub async fn explain(
        &mut self,
        query: &CubeQuery,
    ) -> Result<wire::ExplainResponse, ClientError> {
        let request = wire::ExplainRequest {
            context: Some(context_to_wire(query)),
            query: Some(query_to_wire(query)),
        };
        Ok(self.inner.explain(request).await?.into_inner())
    }
}

fn at_version(version: Option<u64>) -> wire::RequestContext {
    wire::RequestContext {
        warehouse_version: version.unwrap_or(0),
        ..Default::default()
    }
}

/// Waits for a whole answer.
async fn receive(
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
        let value = total.value.and_then(|value| value.value).map(text_of);
        Some(DetailTotal {
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
