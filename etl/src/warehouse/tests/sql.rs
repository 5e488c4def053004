//! Published tables in SQL: which schema they show in, and that nobody writes through it.

use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse, WarehouseVersion};

use super::super::{TableCommit, WriteOptions, write_table};
use super::{ask, manifest, rows, schema, session};

const TABLES: [&str; 6] = [
    "agg_sales_by_month",
    "audit_load",
    "dim_customer",
    "fact_sales",
    "map_customer",
    "staging_leftover",
];

async fn publish_all(warehouse: &Warehouse, version: u64) -> PinnedWarehouse {
    let load = LoadId::generate();
    let mut manifest = manifest(version, load, None);
    for (number, table) in (1..).zip(TABLES) {
        let part = rows(0, number * i32::try_from(version).unwrap());
        let options = WriteOptions::default();
        let files = write_table(warehouse, table, schema(), &options, &[part]).await;
        let commit = TableCommit::new(warehouse, table, load, None);
        let committed = commit.commit(&schema(), &files.unwrap()).await.unwrap();
        manifest.tables.insert(table.to_owned(), committed.entry);
    }
    warehouse.put_manifest(&manifest).await.unwrap();
    warehouse
        .open(Some(WarehouseVersion(version)))
        .await
        .unwrap()
}

#[tokio::test]
async fn each_kind_of_table_has_its_schema() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let pinned = publish_all(&warehouse, 1).await;
    let catalog = session(&pinned).catalog("planisphere").unwrap();
    let names = |schema: &str| catalog.schema(schema).unwrap().table_names();
    assert_eq!(
        names("star"),
        ["agg_sales_by_month", "dim_customer", "fact_sales"]
    );
    assert_eq!(names("audit"), ["audit_load"]);
    assert_eq!(names("map"), ["map_customer"]);
    assert_eq!(pinned.tables().count(), TABLES.len());
    let sql = "select count(*) from dim_customer union all select count(*) from star.fact_sales \
               union all select count(*) from audit.audit_load \
               union all select count(*) from map.map_customer order by 1";
    assert_eq!(ask(&pinned, sql).await, ["2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_session_moves_to_the_next_version() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let first = publish_all(&warehouse, 1).await;
    let session = session(&first);
    let running = session.sql("select * from fact_sales").await.unwrap();
    publish_all(&warehouse, 2)
        .await
        .register_tables(&session)
        .unwrap();
    let next = session.sql("select * from fact_sales").await.unwrap();
    assert_eq!(
        running.count().await.unwrap(),
        4,
        "a query that has begun keeps its version"
    );
    assert_eq!(next.count().await.unwrap(), 8);
}

#[tokio::test]
async fn nobody_writes_through_sql() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let session = session(&publish_all(&warehouse, 1).await);
    let statements = [
        "create table star.mine as select 1",
        "drop table star.fact_sales",
        "insert into fact_sales (order_date_key) values (1)",
    ];
    for statement in statements {
        let refused = match session.sql(statement).await {
            Ok(rows) => rows.collect().await.err(),
            Err(error) => Some(error),
        };
        assert!(refused.is_some(), "{statement} went through");
    }
    let count = session
        .sql("select * from fact_sales")
        .await
        .unwrap()
        .count()
        .await
        .unwrap();
    assert_eq!(count, 4);
}
