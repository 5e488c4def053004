//! The calls of `OlapService`, each in a line; what they do stands in `ask`.

use planisphere_proto::v1 as wire;
use tonic::{Request, Response, Status};
use tracing::info;
use wire::olap_service_server::OlapService;

use super::ask::CubeDoor;
use super::new_query_id;
use super::status::status_of;
use super::stream::ChunkStream;
use crate::error::Result;

/// Logs a refused request once and gives its status.
fn finish<T>(operation: &str, done: Result<T>) -> Result<Response<T>, Status> {
    done.map(Response::new).map_err(|error| {
        let (query_id, status) = (new_query_id(), status_of(&error));
        info!(
            query_id,
            operation,
            error = status.message(),
            "request refused"
        );
        status
    })
}

#[tonic::async_trait]
impl OlapService for CubeDoor {
    type QueryStream = ChunkStream;
    type DrillDownStream = ChunkStream;
    type RollUpStream = ChunkStream;
    type DrillThroughStream = ChunkStream;

    async fn list_cubes(
        &self,
        request: Request<wire::ListCubesRequest>,
    ) -> Result<Response<wire::ListCubesResponse>, Status> {
        finish("list_cubes", self.cubes(request.into_inner()).await)
    }

    async fn describe_cube(
        &self,
        request: Request<wire::DescribeCubeRequest>,
    ) -> Result<Response<wire::DescribeCubeResponse>, Status> {
        finish("describe_cube", self.cube(request.into_inner()).await)
    }

    async fn list_members(
        &self,
        request: Request<wire::ListMembersRequest>,
    ) -> Result<Response<wire::ListMembersResponse>, Status> {
        finish("list_members", self.members(request.into_inner()).await)
    }

    async fn query(
        &self,
        request: Request<wire::QueryRequest>,
    ) -> Result<Response<ChunkStream>, Status> {
        finish("query", self.answer(request.into_inner()).await)
    }

    async fn drill_down(
        &self,
        request: Request<wire::DrillDownRequest>,
    ) -> Result<Response<ChunkStream>, Status> {
        finish("drill_down", self.drilled(request.into_inner()).await)
    }

    async fn roll_up(
        &self,
        request: Request<wire::RollUpRequest>,
    ) -> Result<Response<ChunkStream>, Status> {
        finish("roll_up", self.rolled(request.into_inner()).await)
    }

    async fn drill_through(
        &self,
        request: Request<wire::DrillThroughRequest>,
    ) -> Result<Response<ChunkStream>, Status> {
        finish("drill_through", self.detail(request.into_inner()).await)
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Result<Response<wire::ExplainResponse>, Status> {
        finish("explain", self.explained(request.into_inner()).await)
    }
}
