//! Stopping: running queries are waited for, then ended; before the first publish nothing is served.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt;
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::flight::SqlClient;
use planisphere_olap::grpc::{ClientError, connect};
use planisphere_olap::{CubeService, PublishedStars, serve};
use planisphere_schemas::settings::OlapSettings;
use planisphere_schemas::warehouse::Warehouse;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::Server;
use crate::shop::shop;

/// Runs for minutes if it is let.
const LONG: &str = "select sum(a.value * b.value % 7) from generate_series(1, 300000) a, generate_series(1, 300000) b";

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_stops_at_once_and_frees_the_port() {
    let server = Server::start().await;
    let url = server.url();
    SqlClient::new(server.channel().await)
        .run("select 1")
        .await
        .unwrap();
    server.stopping.cancel();
    tokio::time::timeout(Duration::from_secs(5), server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(matches!(
        connect(&url).await,
        Err(ClientError::Connect { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_outlasts_the_drain_is_ended() {
    let settings = OlapSettings {
        drain: Duration::from_millis(300),
        ..OlapSettings::default()
    };
    let server = Server::over(shop(), settings).await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    let info = client.execute(LONG.into(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let rows = client.do_get(ticket).await.unwrap();
    let started = Instant::now();
    server.stopping.cancel();
    server.running.await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    let ended: Result<Vec<_>, FlightError> = rows.try_collect().await;
    let text = ended.unwrap_err().to_string();
    assert!(text.contains("cancelled"), "{text}");
}

#[tokio::test]
async fn without_a_published_version_there_is_nothing_to_serve() {
    let source = PublishedStars::new(Warehouse::connect("memory://").unwrap());
    let service = CubeService::new(Arc::new(source), Engine::new(Limits::default()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = OlapSettings::default();
    let done = serve::run(service, &settings, listener, CancellationToken::new()).await;
    let error = done.unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(
        error.to_string().contains("no published version"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("planisphere-etl load"));
}
