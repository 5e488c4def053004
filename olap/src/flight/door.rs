//! What the Flight SQL calls have in common: pin a version, learn a schema, run a statement.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::ProstMessageExt;
use arrow_flight::{FlightDescriptor, FlightInfo};
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};
use tracing::info;

use super::answer::{self, DataStream};
use super::bound;
use super::ticket::{PinnedStatement, ticket_of};
use crate::grpc::{new_query_id, status_of};
use crate::service::CubeService;
use crate::sql::{Prepared, SqlSession};
use crate::stars::Stars;

/// The info that leads to an answer.
pub(super) type Info = Result<Response<FlightInfo>, Status>;
/// The rows of an answer.
pub(super) type Data = Result<Response<DataStream>, Status>;

/// The Flight SQL door to the warehouse.
#[derive(Clone)]
pub struct SqlDoor {
    service: CubeService,
    cancel: CancellationToken,
}

impl SqlDoor {
    /// The tonic service; `cancel` ends all its running queries.
    pub fn server(service: CubeService, cancel: CancellationToken) -> FlightServiceServer<Self> {
        FlightServiceServer::new(Self { service, cancel })
    }

    /// The latest published version.
    pub(super) async fn latest(&self) -> Result<Arc<dyn Stars>, Status> {
        self.service
            .pin(None)
            .await
            .map_err(|error| status_of(&error))
    }

    async fn session(&self, version: Option<u64>) -> Result<SqlSession, Status> {
        let stars = self
            .service
            .pin(version)
            .await
            .map_err(|error| status_of(&error))?;
        SqlSession::open(self.service.engine(), stars).map_err(|error| status_of(&error))
    }

    /// Pins a statement to the latest version and learns what it gives and asks for.
    pub(super) async fn prepare(&self, sql: String) -> Result<(PinnedStatement, Prepared), Status> {
        let session = self.session(None).await?;
        let run = self.service.engine().start(new_query_id());
        let prepared = session.prepare(&run, &sql).await;
        let statement = PinnedStatement {
            version: session.warehouse_version(),
            sql,
            bound: vec![],
        };
        Ok((statement, prepared.map_err(|error| status_of(&error))?))
    }

    /// Pins a statement without parameters to the latest version and learns the schema of its answer.
    pub(super) async fn pin(&self, sql: String) -> Result<(PinnedStatement, SchemaRef), Status> {
        let (statement, prepared) = self.prepare(sql).await?;
        match prepared.parameters.fields().is_empty() {
            true => Ok((statement, prepared.schema)),
            false => Err(Status::invalid_argument(
                "the statement has parameters: prepare it and bind a value for each",
            )),
        }
    }

    /// The schema of a pinned statement's answer.
    pub(super) async fn schema_of(&self, statement: &PinnedStatement) -> Result<SchemaRef, Status> {
        let session = self.session(Some(statement.version)).await?;
        let run = self.service.engine().start(new_query_id());
        session
            .schema(&run, &statement.sql, &bound::values(statement)?)
            .await
            .map_err(|error| status_of(&error))
    }

    /// Runs a pinned statement.
    pub(super) async fn run(&self, statement: PinnedStatement) -> Data {
        let started = Instant::now();
        let session = self.session(Some(statement.version)).await?;
        let run = self.service.engine().start(new_query_id());
        let run = run.cancelled_by(self.cancel.child_token());
        let query_id = run.query_id().to_owned();
        info!(query_id, version = statement.version, "sql query started");
        let values = bound::values(&statement)?;
        let answer = session.run_with(&run, &statement.sql, &values).await;
        let answer = answer.map_err(|error| {
            let status = status_of(&error);
            info!(query_id, error = status.message(), "sql query failed");
            status
        })?;
        Ok(answer::rows(answer, started))
    }

    /// The info of a list, whose ticket is the command itself.
    pub(super) async fn list_info(
        &self,
        command: &impl ProstMessageExt,
        schema: &Schema,
        descriptor: FlightDescriptor,
    ) -> Info {
        let version = self.latest().await?.version();
        answer::info(schema, version, ticket_of(command), descriptor)
    }
}
