//! Publishing and opening: versions stay readable, a version is published once.

use planisphere_schemas::ErrorKind;
use planisphere_schemas::warehouse::{LoadId, Warehouse, WarehouseVersion};

use super::super::CommitOutcome;
use super::{ask, commit, manifest, publish, write};

const COUNT: &str = "select count(*), min(order_date_key), max(order_date_key) from fact_sales";

/// Two loads, the second of which keeps one file, replaces one and adds one.
async fn two_versions(warehouse: &Warehouse) {
    let first = LoadId::generate();
    let files = write(warehouse, 0, 20).await;
    assert_eq!(
        files.iter().map(|file| file.rows).collect::<Vec<_>>(),
        [10, 10]
    );
    let committed = commit(warehouse, first, None, &files).await;
    assert_eq!(committed.outcome, CommitOutcome::Created);
    assert_eq!(
        (committed.entry.delta_version, committed.entry.row_count),
        (0, 20)
    );
    let old = publish(warehouse, 1, first, committed.entry).await;

    let second = LoadId::generate();
    let mut files = vec![old.table("fact_sales").unwrap().files()[0].clone()];
    files.extend(write(warehouse, 100, 115).await);
    let committed = commit(warehouse, second, Some(&old), &files).await;
    assert_eq!(committed.outcome, CommitOutcome::Committed);
    assert_eq!((committed.files_added, committed.files_removed), (2, 1));
    let new = publish(warehouse, 2, second, committed.entry).await;

    assert_eq!(ask(&old, COUNT).await, ["20|0|19"]);
    assert_eq!(ask(&new, COUNT).await, ["25|0|114"]);
    assert_eq!(
        warehouse.latest_version().await.unwrap(),
        Some(WarehouseVersion(2))
    );
    let versions = warehouse.versions().await.unwrap();
    assert_eq!(
        versions.iter().map(|m| m.load_id).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(versions[1].parent, Some(WarehouseVersion(1)));
}

#[tokio::test]
async fn both_versions_are_readable_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ware house 仓库");
    let warehouse = Warehouse::connect(path.to_str().unwrap()).unwrap();
    two_versions(&warehouse).await;
    assert!(
        path.join("_planisphere/versions/000000000002.json")
            .is_file()
    );
    assert!(
        path.join("fact_sales/_delta_log/00000000000000000001.json")
            .is_file()
    );
    // another connection, by URL, sees the same
    let again = Warehouse::connect(warehouse.url().as_str()).unwrap();
    assert_eq!(
        ask(&again.open(None).await.unwrap(), COUNT).await,
        ["25|0|114"]
    );
}

#[tokio::test]
async fn both_versions_are_readable_in_memory() {
    two_versions(&Warehouse::connect("memory://").unwrap()).await;
    two_versions(&Warehouse::connect("memory://host/deep/folder").unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_readable_on_many_threads() {
    let folder = tempfile::tempdir().unwrap();
    two_versions(&Warehouse::connect(folder.path().to_str().unwrap()).unwrap()).await;
}

#[tokio::test]
async fn a_version_is_published_once() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let (winner, loser) = (LoadId::generate(), LoadId::generate());
    warehouse
        .put_manifest(&manifest(1, winner, None))
        .await
        .unwrap();
    let error = warehouse
        .put_manifest(&manifest(1, loser, None))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        error.to_string(),
        "warehouse version 1 was published by another load"
    );
    assert_eq!(
        warehouse
            .manifest(WarehouseVersion(1))
            .await
            .unwrap()
            .load_id,
        winner
    );
}

#[tokio::test]
async fn an_old_version_keeps_its_rows_while_many_loads_follow() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let entry = commit(&warehouse, load, None, &write(&warehouse, 0, 10).await)
        .await
        .entry;
    let first = publish(&warehouse, 1, load, entry).await;
    let mut latest = first.clone();
    for version in 2..=25_u64 {
        let load = LoadId::generate();
        let from = i32::try_from(version).unwrap() * 100;
        let mut files = latest.table("fact_sales").unwrap().files().to_vec();
        files.extend(write(&warehouse, from, from + 10).await);
        let entry = commit(&warehouse, load, Some(&latest), &files).await.entry;
        latest = publish(&warehouse, version, load, entry).await;
    }
    assert_eq!(ask(&latest, COUNT).await, ["250|0|2509"]);
    let reopened = warehouse.open(Some(WarehouseVersion(7))).await.unwrap();
    assert_eq!(ask(&reopened, COUNT).await, ["70|0|709"]);
    let reopened = warehouse.open(Some(WarehouseVersion(1))).await.unwrap();
    assert_eq!(ask(&reopened, COUNT).await, ["10|0|9"]);
    let log = warehouse.list("fact_sales/_delta_log").await.unwrap();
    let checkpoints = log
        .iter()
        .filter(|name| name.ends_with(".checkpoint.parquet"))
        .count();
    assert_eq!(checkpoints, 2, "a checkpoint every ten commits: {log:?}");
    assert_eq!(
        log.iter().filter(|name| name.ends_with("0.json")).count(),
        3,
        "no log is lost"
    );
}

#[tokio::test]
async fn there_is_nothing_to_open_before_the_first_version() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let warehouse = Warehouse::connect(nowhere.to_str().unwrap()).unwrap();
    let error = warehouse.open(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.to_string().ends_with("has no published version"),
        "{error}"
    );
    let error = warehouse.open(Some(WarehouseVersion(3))).await.unwrap_err();
    assert!(
        error.to_string().ends_with("has no published version 3"),
        "{error}"
    );
}
