//! What each call does: read the request, ask the service, begin to send the answer.

use std::time::Instant;

use planisphere_proto::v1 as wire;
use tokio_util::sync::CancellationToken;
use tracing::info;
use wire::olap_service_server::OlapServiceServer;

use super::catalog::{detail_to_wire, members_to_wire, summary_to_wire};
use super::fault::Reading;
use super::header::{exactness_to_wire, header_to_wire};
use super::new_query_id;
use super::query::{self, context, read_query};
use super::stream::{ChunkStream, Form, send};
use super::value::text_value;
use crate::error::{OlapError, Result};
use crate::principal::{Policy, Principal};
use crate::query::CubeQuery;
use crate::result::{QueryResult, ResultHeader};
use crate::service::{
    Caller, CubeList, CubeService, DetailQuery, DetailResult, DrillDown, MembersQuery, RollUp,
};

const CUBES_OF_A_PAGE: usize = 100;

/// The typed door to the cubes.
pub struct CubeDoor {
    service: CubeService,
    cancel: CancellationToken,
}

impl CubeDoor {
    /// The tonic service; `cancel` ends all its running queries.
    pub fn server(service: CubeService, cancel: CancellationToken) -> OlapServiceServer<Self> {
        OlapServiceServer::new(Self { service, cancel })
    }

    /// Everybody is anonymous until authentication comes.
    fn caller(&self) -> Caller {
        Caller {
            principal: Principal::anonymous(),
            policy: Policy::default(),
            cancel: self.cancel.child_token(),
        }
    }

    pub(super) async fn cubes(
        &self,
        request: wire::ListCubesRequest,
    ) -> Result<wire::ListCubesResponse> {
        let context = context(request.context)?;
        let list = self
            .service
            .list_cubes(&self.caller(), context.version)
            .await?;
        check_model(context.model_hash, list.warehouse_version, &list.model_hash)?;
        page_of_cubes(&list, context.page_size, context.page_token)
    }

    pub(super) async fn cube(
        &self,
        request: wire::DescribeCubeRequest,
    ) -> Result<wire::DescribeCubeResponse> {
        let context = context(request.context)?;
        let caller = self.caller();
        let detail = self
            .service
            .describe_cube(&caller, &request.cube, context.version)
            .await?;
        check_model(
            context.model_hash,
            detail.warehouse_version,
            &detail.model_hash,
        )?;
        Ok(detail_to_wire(&detail))
    }

    pub(super) async fn members(
        &self,
        request: wire::ListMembersRequest,
    ) -> Result<wire::ListMembersResponse> {
        let mut reading = Reading::default();
        let context = query::read_context(&mut reading, request.context);
        let members = MembersQuery {
            cube: request.cube,
            level: Some(reading.level("level", request.level)),
            parent: request
                .parent
                .map(|parent| reading.path("parent", parent.keys)),
            search: Some(request.search).filter(|text| !text.is_empty()),
            include_deleted: request.include_deleted,
            history: context.history,
            locale: context.locale,
            version: context.version,
            model_hash: context.model_hash,
            page_size: context.page_size,
            page_token: context.page_token,
        };
        let members = reading.finish(members)?;
        Ok(members_to_wire(
            &self.service.list_members(&self.caller(), &members).await?,
        ))
    }

    pub(super) async fn answer(&self, request: wire::QueryRequest) -> Result<ChunkStream> {
        let (started, form) = (Instant::now(), form(request.format()));
        let query = query::query(request.context, request.query)?;
        let result = Box::pin(self.service.query(&self.caller(), &query)).await?;
        Ok(begin("query", &query, result, form, started))
    }

    pub(super) async fn drilled(&self, request: wire::DrillDownRequest) -> Result<ChunkStream> {
        let (started, form) = (Instant::now(), form(request.format()));
        let mut reading = Reading::default();
        let drill = DrillDown {
            query: read_query(&mut reading, request.context, request.query),
            axis: None,
            member: reading.member("member", request.member),
            to: Some(request.to_level).filter(|level| !level.is_empty()),
        };
        let drill = reading.finish(drill)?;
        let (query, result) = Box::pin(self.service.drill_down(&self.caller(), &drill)).await?;
        Ok(begin("drill_down", &query, result, form, started))
    }

    pub(super) async fn rolled(&self, request: wire::RollUpRequest) -> Result<ChunkStream> {
        let (started, form) = (Instant::now(), form(request.format()));
        let mut reading = Reading::default();
        let query = read_query(&mut reading, request.context, request.query);
        let level = request.member.unwrap_or_default().level.unwrap_or_default();
        if level.dimension.is_empty() {
            reading.fault("member.level.dimension", "say which dimension to roll up");
        }
        let hierarchy = Some(level.hierarchy).filter(|name| !name.is_empty());
        let roll_up = RollUp {
            query,
            dimension: level.dimension,
            hierarchy,
        };
        let roll_up = reading.finish(roll_up)?;
        let (query, result) = Box::pin(self.service.roll_up(&self.caller(), &roll_up)).await?;
        Ok(begin("roll_up", &query, result, form, started))
    }

    pub(super) async fn detail(&self, request: wire::DrillThroughRequest) -> Result<ChunkStream> {
        let started = Instant::now();
        let form = match request.format() {
            wire::ResultFormat::Cells => Form::Rows,
            _ => Form::Arrow,
        };
        let mut reading = Reading::default();
        let query = read_query(&mut reading, request.context, request.query);
        let cell = request.cell.into_iter().enumerate();
        let cell = cell.map(|(i, member)| reading.member(&format!("cell[{i}]"), Some(member)));
        let detail = DetailQuery {
            cell: cell.collect(),
            limit: Some(request.limit).filter(|limit| *limit > 0),
            page_token: query.page_token.clone(),
            query: CubeQuery {
                page_token: None,
                ..query
            },
        };
        let detail = reading.finish(detail)?;
        let found = Box::pin(self.service.drill_through(&self.caller(), &detail)).await?;
        Ok(begin_detail(&detail.query, found, form, started))
    }

    pub(super) async fn explained(
        &self,
        request: wire::ExplainRequest,
    ) -> Result<wire::ExplainResponse> {
        let query = query::query(request.context, request.query)?;
        let plan = Box::pin(self.service.explain(&self.caller(), &query)).await?;
        let stage = |name: &str, text: String| wire::ExplainStage {
            name: name.into(),
            text,
        };
        Ok(wire::ExplainResponse {
            query_id: new_query_id(),
            warehouse_version: plan.warehouse_version,
            model_hash: plan.model_hash,
            stages: vec![
                stage("resolved query", plan.resolved),
                stage("logical plan", plan.logical_plan),
                stage("physical plan", plan.physical_plan),
            ],
        })
    }
}

fn form(format: wire::ResultFormat) -> Form {
    match format {
        wire::ResultFormat::Cells => Form::Cells,
        wire::ResultFormat::Unspecified | wire::ResultFormat::ArrowIpc => Form::Arrow,
    }
}

fn begin(
    operation: &str,
    query: &CubeQuery,
    result: QueryResult,
    form: Form,
    started: Instant,
) -> ChunkStream {
    log_start(operation, query, &result);
    let first = header_to_wire(&result.header, query);
    send(first, result, form, started)
}

fn begin_detail(
    query: &CubeQuery,
    found: DetailResult,
    form: Form,
    started: Instant,
) -> ChunkStream {
    log_start("drill_through", query, &found.page);
    let mut first = header_to_wire(&found.page.header, query);
    first.total_rows = found.total_rows;
    first.totals = found
        .totals
        .iter()
        .map(|total| {
            let (exactness, relative_error) = exactness_to_wire(total.exactness);
            wire::DetailTotal {
                measure: total.measure.clone(),
                data_type: total.data_type.to_string(),
                value: Some(text_value(total.value.as_deref(), total.data_type)),
                exactness: exactness.into(),
                relative_error,
            }
        })
        .collect();
    send(first, found.page, form, started)
}

fn log_start(operation: &str, query: &CubeQuery, result: &QueryResult) {
    let ResultHeader {
        query_id,
        warehouse_version,
        ..
    } = &result.header;
    info!(
        query_id,
        operation,
        cube = query.cube,
        warehouse_version,
        "query started"
    );
}

/// Cubes after the one whose name is the token.
fn page_of_cubes(
    list: &CubeList,
    size: Option<u64>,
    token: Option<String>,
) -> Result<wire::ListCubesResponse> {
    let start = match token {
        None => 0,
        Some(token) => match list.cubes.iter().position(|cube| cube.name == token) {
            Some(at) => at + 1,
            None => {
                let reason = format!("there is no cube '{token}' to go on after");
                return Err(OlapError::PageToken { reason });
            }
        },
    };
    let size = size
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(CUBES_OF_A_PAGE);
    let page = &list.cubes[start..list.cubes.len().min(start + size)];
    let more = start + page.len() < list.cubes.len();
    let last = page.last().filter(|_| more);
    Ok(wire::ListCubesResponse {
        cubes: page.iter().map(summary_to_wire).collect(),
        next_page_token: last.map(|cube| cube.name.clone()).unwrap_or_default(),
        warehouse_version: list.warehouse_version,
        model_hash: list.model_hash.clone(),
    })
}

fn check_model(asked: Option<String>, version: u64, actual: &str) -> Result<()> {
    match asked {
        Some(asked) if asked != actual => Err(OlapError::ModelChanged {
            version,
            actual: actual.to_owned(),
            asked,
        }),
        _ => Ok(()),
    }
}
