//! Asks a server over gRPC and gives back our own types; for the command line and for tests.

use planisphere_proto::v1 as wire;
use tonic::transport::{Channel, Endpoint};
use wire::olap_service_client::OlapServiceClient;

use super::member::{level_to_wire, member_to_wire};
use super::query_to_wire::{context_to_wire, history_to_wire, path_to_wire, query_to_wire};
use super::receive::{ClientError, RemoteAnswer, receive};
use crate::query::CubeQuery;
use crate::service::{DetailQuery, DrillDown, MembersQuery, RollUp};

/// Answers are bounded by the server's row limit, not by the client.
const LARGEST_MESSAGE: usize = 64 << 20;

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
        let mut context = at_version(version);
        let mut cubes = Vec::new();
        loop {
            let request = wire::ListCubesRequest {
                context: Some(context.clone()),
            };
            let mut page = self.inner.list_cubes(request).await?.into_inner();
            cubes.append(&mut page.cubes);
            if page.next_page_token.is_empty() {
                return Ok(wire::ListCubesResponse { cubes, ..page });
            }
            context.warehouse_version = page.warehouse_version;
            context.page_token = page.next_page_token;
        }
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
