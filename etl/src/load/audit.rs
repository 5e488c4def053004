//! The warehouse's own records as tables: `audit_load` and `audit_balance`; `audit_reject` is written elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use planisphere_schemas::model::DataType;

use super::balance::Balance;
use super::process::Life;
use super::record::{LoadOutcome, LoadRecord};

/// Rows for the audit tables, by table.
pub(super) fn audit_rows(
    pending: &[LoadRecord],
    record: &LoadRecord,
) -> Result<Vec<(&'static str, RecordBatch)>, ArrowError> {
    let records: Vec<&LoadRecord> = pending.iter().chain([record]).collect();
    Ok(vec![
        ("audit_load", loads(&records)?),
        ("audit_balance", balances(&records)?),
    ])
}

fn load_schema() -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    Arc::new(Schema::new(vec![
        Field::new("audit_key", Arrow::Int64, false),
        Field::new("load_id", Arrow::Utf8, false),
        Field::new("business_date", Arrow::Date32, false),
        Field::new("started_at", instant.clone(), false),
        Field::new("finished_at", instant, true),
        Field::new("outcome", Arrow::Utf8, false),
        Field::new("version", Arrow::Int64, true),
        Field::new("message", Arrow::Utf8, true),
    ]))
}

/// The loads of which rows of `audit_load` tell.
pub(super) fn load_ids(rows: &RecordBatch) -> Result<HashSet<String>, ArrowError> {
    let ids = rows.column(rows.schema().index_of("load_id")?);
    let ids = cast(ids, &Arrow::Utf8)?;
    let ids = ids.as_string::<i32>().iter().flatten();
    Ok(ids.map(str::to_owned).collect())
}

fn loads(records: &[&LoadRecord]) -> Result<RecordBatch, ArrowError> {
    let epoch = DateTime::UNIX_EPOCH.date_naive();
    let day = |record: &&LoadRecord| {
        i32::try_from((record.business_date - epoch).num_days()).unwrap_or_default()
    };
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
    let started = records
        .iter()
        .map(|record| instant(Some(record.started_at)));
    let finished = records.iter().map(|record| instant(record.finished_at));
    let outcomes: Vec<(&str, Option<i64>, Option<&str>)> =
        records.iter().map(|record| outcome(record)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(
            records.iter().map(|record| record.audit_key),
        )),
        Arc::new(StringArray::from_iter_values(
            records.iter().map(|r| r.load_id.to_string()),
        )),
        Arc::new(Date32Array::from_iter_values(records.iter().map(day))),
        Arc::new(TimestampMicrosecondArray::from_iter(started).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from_iter(finished).with_timezone("UTC")),
        Arc::new(StringArray::from_iter_values(
            outcomes.iter().map(|outcome| outcome.0),
        )),
        Arc::new(Int64Array::from_iter(
            outcomes.iter().map(|outcome| outcome.1),
        )),
        Arc::new(StringArray::from_iter(
            outcomes.iter().map(|outcome| outcome.2),
        )),
    ];
    RecordBatch::try_new(load_schema(), columns)
}

fn outcome(record: &LoadRecord) -> (&str, Option<i64>, Option<&str>) {
    let number = |version: u64| i64::try_from(version).ok();
    match &record.outcome {
        LoadOutcome::Running if record.life() == Life::Dead => ("died", None, None),
        LoadOutcome::Running => ("unfinished", None, None),
        LoadOutcome::Published { version } => ("published", number(version.0), None),
        LoadOutcome::Unchanged { version } => ("unchanged", number(version.0), None),
        LoadOutcome::Failed { error, .. } => ("failed", None, Some(error)),
    }
}

fn balance_schema() -> SchemaRef {
    let number = |name: &str| Field::new(name, Arrow::Int64, false);
    let text = |name: &str| Field::new(name, Arrow::Utf8, false);
    Arc::new(Schema::new(vec![
        number("audit_key"),
        text("load_id"),
        text("stage"),
        text("object"),
        number("read"),
        number("loaded"),
        number("unchanged"),
        number("rejected"),
        number("excluded"),
        text("rejected_by"),
        text("excluded_by"),
    ]))
}

fn balances(records: &[&LoadRecord]) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<(&LoadRecord, &Balance)> = records
        .iter()
        .flat_map(|record| record.balances.iter().map(|balance| (*record, balance)))
        .collect();
    let number = |get: fn(&Balance) -> u64| -> ArrayRef {
        let values = rows
            .iter()
            .map(|(_, balance)| i64::try_from(get(balance)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(values))
    };
    let json = |get: fn(&Balance) -> &std::collections::BTreeMap<String, u64>| -> ArrayRef {
        let values = rows
            .iter()
            .map(|(_, b)| serde_json::to_string(get(b)).unwrap_or_default());
        Arc::new(StringArray::from_iter_values(values))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|(record, _)| record.audit_key),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(r, _)| r.load_id.to_string()),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, b)| b.stage.to_string()),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, b)| &b.name),
        )),
        number(|balance| balance.read),
        number(|balance| balance.loaded),
        number(|balance| balance.unchanged),
        number(|balance| balance.rejected),
        number(|balance| balance.excluded),
        json(|balance| &balance.rejected_by),
        json(|balance| &balance.excluded_by),
    ];
    RecordBatch::try_new(balance_schema(), columns)
}
