//! Versions of a warehouse on disk: the newest is served, the one before while the newest is broken.

use std::sync::Arc;

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
    let mut broken = manifest(3);
    let entry = TableEntry {
        path: "fact_sales".into(),
        delta_version: 0,
        schema_hash: String::new(),
        row_count: 0,
        bytes: 0,
    };
    broken.tables.insert("fact_sales".into(), entry);
    warehouse.put_manifest(&broken).await.unwrap();
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
