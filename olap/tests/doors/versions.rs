//! New versions are served as soon as they are published; what was pinned stays pinned.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_flight::sql::client::FlightSqlServiceClient;
use async_trait::async_trait;
use futures::TryStreamExt;
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::flight::VERSION_KEY;
use planisphere_olap::grpc::CubeClient;
use planisphere_olap::query::{CubeQuery, MemberRef};
use planisphere_olap::{Caller, CubeService, DrillDown, Result, RollUp, Stars, StarsSource};
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

/// Publishes a new version whenever the latest one is asked for.
struct Restless(Published);

#[async_trait]
impl StarsSource for Restless {
    async fn latest(&self) -> Result<Arc<dyn Stars>> {
        let next = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.at(next).await
    }

    async fn at(&self, version: u64) -> Result<Arc<dyn Stars>> {
        self.0.at(version).await
    }
}

#[tokio::test]
async fn a_drill_derives_and_answers_on_one_version() {
    let latest = Arc::new(AtomicU64::new(0));
    let stars = shop().pin(None).await.unwrap();
    let source = Arc::new(Restless(Published(latest.clone(), stars)));
    let service = CubeService::new(source, Engine::new(Limits::default()).unwrap());
    let down = DrillDown {
        query: query("net_amount", "order_date.calendar.year"),
        axis: None,
        member: MemberRef {
            level: "order_date.calendar.year".parse().unwrap(),
            path: "2024".into(),
        },
        to: None,
    };
    let (months, answer) = service.drill_down(&Caller::default(), &down).await.unwrap();
    assert_eq!(answer.header.warehouse_version, 1);
    let up = RollUp {
        query: months,
        dimension: "order_date".into(),
        hierarchy: None,
    };
    let (_, answer) = service.roll_up(&Caller::default(), &up).await.unwrap();
    assert_eq!(answer.header.warehouse_version, 2);
    assert_eq!(
        latest.load(Ordering::SeqCst),
        2,
        "one version is pinned for each request"
    );
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
