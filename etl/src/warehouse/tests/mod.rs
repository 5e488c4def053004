//! Tests of the write side together with the read side of the warehouse: what is written is read back by SQL.

#![expect(clippy::unwrap_used, reason = "tests")]

mod dead_load;
mod edits;
mod faults;
mod publish;
mod schema;
mod sql;
mod statistics;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{NaiveDate, Utc};
use datafusion::prelude::{SessionConfig, SessionContext};
use planisphere_schemas::model::{Caption, Model};
use planisphere_schemas::warehouse::{
    DataFile, LoadId, Manifest, PinnedWarehouse, TableEntry, Warehouse, WarehouseVersion,
};

use super::{Committed, TableCommit, WriteOptions, write_table};

/// A fact with a column of each type that star tables hold.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("order_date_key", DataType::Int32, false),
        Field::new("order_number", DataType::Int64, true),
        Field::new("amount", DataType::Decimal128(18, 4), true),
        Field::new("order_date", DataType::Date32, true),
        Field::new(
            "ordered_at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("label", DataType::Utf8, true),
        Field::new("is_paid", DataType::Boolean, true),
        Field::new("rate", DataType::Float64, true),
    ]))
}

/// Rows `from..to`; every tenth has nulls wherever they are allowed.
pub(super) fn rows(from: i32, to: i32) -> RecordBatch {
    let numbers = || from..to;
    let unless_tenth = |n: i32| (n % 10 != 9).then_some(n);
    let wide = |n: i32| unless_tenth(n).map(i64::from);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(numbers())),
        Arc::new(
            numbers()
                .map(|n| wide(n).map(|n| n * 10_000_000_000))
                .collect::<arrow::array::Int64Array>(),
        ),
        Arc::new(
            numbers()
                .map(|n| unless_tenth(n).map(|n| i128::from(n) * 1_000_000_000_000_001))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(18, 4)
                .unwrap(),
        ),
        Arc::new(
            numbers()
                .map(|n| unless_tenth(n).map(|n| 20_000 + n))
                .collect::<Date32Array>(),
        ),
        Arc::new(
            numbers()
                .map(|n| wide(n).map(|n| 1_700_000_000_000_001 + n * 1_000_001))
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        Arc::new(
            numbers()
                .map(|n| {
                    unless_tenth(n)
                        .map(|n| format!("第{n:06}号, then a tail that is too long to keep"))
                })
                .collect::<StringArray>(),
        ),
        Arc::new(
            numbers()
                .map(|n| unless_tenth(n).map(|n| n % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(
            numbers()
                .map(|n| unless_tenth(n).map(|n| f64::from(n) / 3.0))
                .collect::<Float64Array>(),
        ),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

pub(super) const FACT: &str = "fact_sales";

/// Writes rows of the fact into files of at most ten rows.
pub(super) async fn write(warehouse: &Warehouse, from: i32, to: i32) -> Vec<DataFile> {
    let options = WriteOptions {
        file_rows: 10,
        ..WriteOptions::default()
    };
    write_table(warehouse, FACT, schema(), &options, &[rows(from, to)])
        .await
        .unwrap()
}

/// Commits files of the fact upon a published version.
pub(super) async fn commit(
    warehouse: &Warehouse,
    load: LoadId,
    published: Option<&PinnedWarehouse>,
    files: &[DataFile],
) -> Committed {
    let entry = published
        .and_then(|version| version.table(FACT))
        .map(|table| table.entry());
    TableCommit::new(warehouse, FACT, load, entry)
        .commit(&schema(), files)
        .await
        .unwrap()
}

pub(super) fn manifest(version: u64, load: LoadId, entry: Option<TableEntry>) -> Manifest {
    let model = Model {
        name: "test".into(),
        caption: Caption::of_id("test"),
        time_zone: "UTC".into(),
        sources: vec![],
        dimensions: vec![],
        stars: vec![],
        cubes: vec![],
    };
    let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let mut manifest = Manifest::new(WarehouseVersion(version), load, day, Utc::now(), model);
    manifest
        .tables
        .extend(entry.map(|entry| (FACT.to_owned(), entry)));
    manifest
}

/// Publishes a version with the fact as its only table, and opens it.
pub(super) async fn publish(
    warehouse: &Warehouse,
    version: u64,
    load: LoadId,
    entry: TableEntry,
) -> PinnedWarehouse {
    warehouse
        .put_manifest(&manifest(version, load, Some(entry)))
        .await
        .unwrap();
    warehouse
        .open(Some(WarehouseVersion(version)))
        .await
        .unwrap()
}

pub(super) fn session(pinned: &PinnedWarehouse) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(2)
        .with_default_catalog_and_schema("planisphere", "star")
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true);
    let session = SessionContext::new_with_config(config);
    pinned.register_tables(&session).unwrap();
    session
}

/// The rows of a query as text, columns parted by bars.
pub(super) async fn ask(pinned: &PinnedWarehouse, sql: &str) -> Vec<String> {
    let batches = session(pinned)
        .sql(sql)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let options = FormatOptions::default().with_null("null");
    let mut lines = Vec::new();
    for batch in &batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            lines.push(cells.join("|"));
        }
    }
    lines
}
