//! Versions of a warehouse on disk: the newest is served, the one before while the newest is broken.

use std::io;
use std::sync::{Arc, Mutex};

use chrono::Utc;
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::{Caller, CubeService, OlapError, PublishedStars};
use planisphere_schemas::ErrorKind;
use planisphere_schemas::warehouse::{LoadId, Manifest, TableEntry, Warehouse, WarehouseVersion};

use crate::shop::{model, query};

fn manifest(version: u64) -> Manifest {
    let day = "2024-06-30".parse().unwrap();
    Manifest::new(
        WarehouseVersion(version),
        LoadId::generate(),
        day,
        Utc::now(),
        model(),
    )
}

/// A manifest whose table is not there.
fn broken(version: u64) -> Manifest {
    let mut broken = manifest(version);
    let entry = TableEntry {
        path: "fact_sales".into(),
        delta_version: 0,
        schema_hash: String::new(),
        row_count: 0,
        bytes: 0,
    };
    broken.tables.insert("fact_sales".into(), entry);
    broken
}

fn service(warehouse: &Warehouse) -> CubeService {
    let source = PublishedStars::new(warehouse.clone());
    CubeService::new(Arc::new(source), Engine::new(Limits::default()).unwrap())
}

async fn served(service: &CubeService) -> Result<u64, OlapError> {
    service
        .list_cubes(&Caller::default(), None)
        .await
        .map(|cubes| cubes.warehouse_version)
}

#[tokio::test]
async fn the_newest_version_that_opens_is_served() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let service = service(&warehouse);
    let none = served(&service).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
    assert!(none.hint().unwrap().contains("planisphere-etl load"));
    warehouse.put_manifest(&manifest(1)).await.unwrap();
    assert_eq!(served(&service).await.unwrap(), 1);
    warehouse.put_manifest(&manifest(2)).await.unwrap();
    assert_eq!(served(&service).await.unwrap(), 2);
    warehouse.put_manifest(&broken(3)).await.unwrap();
    assert_eq!(served(&service).await.unwrap(), 2);
    assert!(
        service
            .list_cubes(&Caller::default(), Some(3))
            .await
            .is_err()
    );
    assert_eq!(
        service
            .list_cubes(&Caller::default(), Some(1))
            .await
            .unwrap()
            .warehouse_version,
        1
    );
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn warnings(&self) -> usize {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.matches("newest warehouse version cannot be opened")
            .count()
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_opened_is_warned_of_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let warehouse = Warehouse::connect("memory://").unwrap();
    let service = service(&warehouse);
    warehouse.put_manifest(&manifest(1)).await.unwrap();
    assert_eq!(served(&service).await.unwrap(), 1);
    for (version, warnings) in [(2, 1), (3, 2)] {
        warehouse.put_manifest(&broken(version)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(served(&service).await.unwrap(), 1);
        }
        assert_eq!(log.warnings(), warnings);
    }
}

#[tokio::test]
async fn a_version_without_the_tables_of_its_model_says_so() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    warehouse.put_manifest(&manifest(1)).await.unwrap();
    let asked = query("lines", "");
    let error = service(&warehouse)
        .query(&Caller::default(), &asked)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(&error, OlapError::MissingTable { table, version: 1 } if table == "fact_sales"),
        "{error}"
    );
}
