//! New versions are served as soon as they are published; what was pinned stays pinned.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_flight::sql::client::FlightSqlServiceClient;
use async_trait::async_trait;
use futures::TryStreamExt;
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::flight::VERSION_KEY;
use planisphere_olap::grpc::CubeClient;
use planisphere_olap::query::CubeQuery;
use planisphere_olap::{CubeService, Result, Stars, StarsSource};
use planisphere_schemas::settings::OlapSettings;

use crate::remade::Remade;
use crate::server::Server;
use crate::shop::{query, shop};

/// Versions of the shop, the latest of which a test decides.
struct Published(Arc<AtomicU64>, Arc<dyn Stars>);

#[async_trait]
impl StarsSource for Published {
    async fn latest(&self) -> Result<Arc<dyn Stars>> {
        self.at(self.0.load(Ordering::SeqCst)).await
    }

    async fn at(&self, version: u64) -> Result<Arc<dyn Stars>> {
        let mut remade = Remade::of(self.1.clone());
        remade.version = version;
        Ok(Arc::new(remade))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_query_sees_a_new_version_and_a_pinned_one_does_not() {
    let latest = Arc::new(AtomicU64::new(1));
    let stars = shop().pin(None).await.unwrap();
    let source = Arc::new(Published(latest.clone(), stars));
    let service = CubeService::new(source, Engine::new(Limits::default()).unwrap());
    let server = Server::over(service, OlapSettings::default()).await;
    let mut cubes = CubeClient::new(server.channel().await);
    let mut sql = FlightSqlServiceClient::new(server.channel().await);
    let asked = query("net_amount", "");
    assert_eq!(
        cubes.query(&asked).await.unwrap().header.warehouse_version,
        1
    );
    let mut prepared = sql.prepare("select 1".into(), None).await.unwrap();

    latest.store(2, Ordering::SeqCst);
    assert_eq!(
        cubes.query(&asked).await.unwrap().header.warehouse_version,
        2
    );
    let pinned = CubeQuery {
        version: Some(1),
        ..asked
    };
    assert_eq!(
        cubes.query(&pinned).await.unwrap().header.warehouse_version,
        1
    );
    let info = prepared.execute().await.unwrap();
    let rows = sql
        .do_get(info.endpoint[0].ticket.clone().unwrap())
        .await
        .unwrap();
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    let schema = batches[0].schema();
    assert_eq!(
        schema.metadata().get(VERSION_KEY).map(String::as_str),
        Some("1")
    );
}
