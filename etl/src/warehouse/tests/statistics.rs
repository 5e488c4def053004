//! Statistics: what the log says of a file is true, and queries read no more files than they need.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::stats::Precision;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse};

use super::super::{WriteOptions, write_table};
use super::{FACT, ask, commit, publish, rows, schema, session, write};

/// A hundred rows in ten files.
async fn ten_files() -> PinnedWarehouse {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let entry = commit(&warehouse, load, None, &write(&warehouse, 0, 100).await)
        .await
        .entry;
    publish(&warehouse, 1, load, entry).await
}

fn leaf(plan: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.children().first() {
        Some(child) => leaf(child),
        None => Arc::clone(plan),
    }
}

/// How many files the plan of a query reads.
async fn files_read(pinned: &PinnedWarehouse, sql: &str) -> usize {
    let plan = session(pinned)
        .sql(sql)
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    let leaf = leaf(&plan);
    let Some(source) = leaf.downcast_ref::<DataSourceExec>() else {
        return 0;
    };
    let config = source
        .data_source()
        .downcast_ref::<FileScanConfig>()
        .unwrap();
    config.file_groups.iter().map(|group| group.len()).sum()
}

#[tokio::test]
async fn the_log_says_the_truth_about_each_file() {
    let pinned = ten_files().await;
    let table = pinned.table(FACT).unwrap();
    assert_eq!(table.files().len(), 10);
    let stats: serde_json::Value = serde_json::from_str(&table.files()[1].stats).unwrap();
    assert_eq!(stats["numRecords"], 10);
    for (column, _) in schema().fields().iter().map(|f| (f.name(), f)).skip(1) {
        assert_eq!(stats["nullCount"][column], 1, "{column}");
    }
    assert_eq!(stats["minValues"]["order_date_key"], 10);
    assert_eq!(stats["maxValues"]["order_date_key"], 19);
    assert_eq!(stats["maxValues"]["order_number"], 180_000_000_000_i64);
    assert_eq!(stats["minValues"]["order_date"], "2024-10-14");
    assert_eq!(stats["minValues"]["ordered_at"], "2023-11-14T22:13:30.000Z");
    assert_eq!(stats["maxValues"]["ordered_at"], "2023-11-14T22:13:38.001Z");
    assert_eq!(stats["maxValues"]["is_paid"], true);
    // through a float the last digits would be lost
    let amount = "\"amount\":1800000000000.0018";
    assert!(
        table.files()[1].stats.contains(amount),
        "{}",
        table.files()[1].stats
    );

    let known = &table.file_statistics()[1];
    let exact = |value| Precision::Exact(ScalarValue::Decimal128(Some(value), 18, 4));
    assert_eq!(known.num_rows, Precision::Exact(10));
    assert_eq!(
        known.column_statistics[2].min_value,
        exact(10_000_000_000_000_010)
    );
    assert_eq!(
        known.column_statistics[2].max_value,
        exact(18_000_000_000_000_018)
    );
    assert_eq!(known.column_statistics[2].null_count, Precision::Exact(1));
    assert!(matches!(
        known.column_statistics[5].max_value,
        Precision::Inexact(_)
    ));
}

#[tokio::test]
async fn filters_of_every_type_leave_out_files() {
    let pinned = ten_files().await;
    let cases = [
        ("order_date_key between 21 and 29", 1, 9),
        ("order_number > 970000000000", 1, 1),
        ("amount = 1800000000000.0018", 1, 1),
        (
            "amount > 1800000000000.0018 and amount < 2000000000000.002",
            0,
            0,
        ),
        ("order_date = date '2024-10-14'", 1, 1),
        ("ordered_at >= timestamp '2023-11-14T22:14:50Z'", 1, 9),
        ("ordered_at = timestamp '2023-11-14T22:13:38.000019Z'", 1, 1),
        ("rate < 1", 1, 3),
        (
            "label = '第000042号, then a tail that is too long to keep'",
            1,
            1,
        ),
        ("label < 'b'", 0, 0),
        ("label is null", 10, 10),
        ("order_date_key is null", 0, 0),
        ("order_date_key in (5, 55, 95)", 3, 3),
    ];
    for (filter, files, found) in cases {
        let sql = format!("select order_date_key from fact_sales where {filter}");
        assert_eq!(files_read(&pinned, &sql).await, files, "files for {filter}");
        assert_eq!(ask(&pinned, &sql).await.len(), found, "rows for {filter}");
    }
}

#[tokio::test]
async fn statistics_answer_counts_and_bounds_and_survive_a_checkpoint() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let mut files = Vec::new();
    let mut entry = None;
    for part in 0..12 {
        files.extend(write(&warehouse, part * 10, part * 10 + 10).await);
        entry = Some(commit(&warehouse, load, None, &files).await.entry);
    }
    let pinned = publish(&warehouse, 1, load, entry.unwrap()).await;
    let kept: Vec<_> = pinned.table(FACT).unwrap().files().to_vec();
    assert_eq!(kept, files, "what the log keeps is what was written");
    let sql = "select count(*), min(amount), max(amount), max(label) from fact_sales";
    let label = "第000118号, then a tail that is too long to keep";
    assert_eq!(
        ask(&pinned, sql).await,
        [format!("120|0.0000|11800000000000.0118|{label}")]
    );
}

#[tokio::test]
async fn row_groups_that_a_filter_excludes_are_not_read() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let options = WriteOptions {
        row_group_rows: 20,
        ..WriteOptions::default()
    };
    let options = options.sorted_by(["order_date_key"]);
    let files = write_table(&warehouse, FACT, schema(), &options, &[rows(0, 100)])
        .await
        .unwrap();
    assert_eq!(files.len(), 1);
    let entry = commit(&warehouse, load, None, &files).await.entry;
    let pinned = publish(&warehouse, 1, load, entry).await;
    let session = session(&pinned);
    let sql = "select order_number from fact_sales where order_date_key = 45";
    let plan = session
        .sql(sql)
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    let found = collect(Arc::clone(&plan), session.task_ctx())
        .await
        .unwrap();
    assert_eq!(found.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    let metrics = leaf(&plan)
        .metrics()
        .unwrap()
        .aggregate_by_name()
        .to_string();
    assert!(
        metrics.contains("row_groups_pruned_statistics=5 total → 1 matched"),
        "{metrics}"
    );
}
