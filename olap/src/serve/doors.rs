//! The services of the port.

use planisphere_proto::FILE_DESCRIPTOR_SET;
use planisphere_schemas::ErrorKind;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Error, Server};
use tonic_health::server::health_reporter;
use tonic_reflection::server::Builder;

use crate::cli::CliError;
use crate::flight::SqlDoor;
use crate::grpc::CubeDoor;
use crate::service::CubeService;

/// A server at work.
pub(super) type Served = JoinHandle<Result<(), Error>>;

/// Opens all doors on a socket; `stopping` lets no more requests in, `cancel` ends running queries.
pub(super) async fn open(
    service: &CubeService,
    listener: TcpListener,
    stopping: &CancellationToken,
    cancel: &CancellationToken,
) -> Result<Served, CliError> {
    let cubes = CubeDoor::server(service.clone(), cancel.clone());
    let sql = SqlDoor::server(service.clone(), cancel.clone());
    let (reporter, health) = health_reporter();
    report_health(&reporter, &cubes, &sql).await;
    let unbuilt = |error: tonic_reflection::server::Error| {
        CliError::new(
            ErrorKind::Internal,
            format!("cannot build reflection: {error}"),
            None,
        )
    };
    let reflection = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let router = Server::builder()
        .add_service(cubes)
        .add_service(sql)
        .add_service(health)
        .add_service(reflection().build_v1().map_err(unbuilt)?)
        .add_service(reflection().build_v1alpha().map_err(unbuilt)?);
    let stopping = stopping.clone().cancelled_owned();
    let incoming = TcpListenerStream::new(listener);
    Ok(tokio::spawn(async move {
        router
            .serve_with_incoming_shutdown(incoming, stopping)
            .await
    }))
}

/// Says that both services serve; the arguments only name their types.
async fn report_health<C, S>(reporter: &tonic_health::server::HealthReporter, _cubes: &C, _sql: &S)
where
    C: tonic::server::NamedService,
    S: tonic::server::NamedService,
{
    reporter.set_serving::<C>().await;
    reporter.set_serving::<S>().await;
}
