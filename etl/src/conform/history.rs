//! Past states of rows, rebuilt from an audit table with one row a changed field.
//!
//! A row's value of an audited column at time t is the `after` of the last change up to t, else the
//! `before` of the first change after t, else what stands today. Columns that are not audited stand as
//! today in every version. The first version reaches back to the beginning of time.
//!
//! ```text
//! created ──── change 1 ──── change 2 ──── today
//!    [ version 0 )[ version 1  )[ version 2 …
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{cast, concat_batches, take};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;
use planisphere_schemas::model::{History, Source, Table};

use crate::dimension::OPEN_FROM;
use crate::error::{Error, Result};
use crate::source::{Cell, TextRules, append_cell, column_builder};

/// All rows of a table as one batch.
pub(super) async fn collect(session: &SessionContext, table: &str) -> Result<RecordBatch> {
    let failed = || Error::engine(format!("reading staged table '{table}'"));
    let frame = session.table(table).await.map_err(failed())?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.map_err(failed())?;
    concat_batches(&schema, &batches).map_err(Error::arrow(format!("reading '{table}'")))
}

/// One change of one audited field.
struct Change {
    at: i64,
    column: usize,
    before: Option<String>,
    after: Option<String>,
}

/// One version of one row: from when, on which basis, and the audited values that differ from today's.
struct Version {
    row: u32,
    from: i64,
    basis: &'static str,
    /// For each audited column: `None` = as today.
    values: Vec<Option<Option<String>>>,
}

/// The rows of a table with their past states: its columns, `_valid_from` and `_valid_from_basis`.
pub(super) fn versions(
    source: &Source,
    table: &Table,
    spec: &History,
    rows: &RecordBatch,
    audit: &RecordBatch,
) -> Result<RecordBatch> {
    let doing = || format!("rebuilding the history of '{}'", table.name);
    let changes = changes_by_key(spec, audit).map_err(Error::arrow(doing()))?;
    let keys = text(rows, &table.key[0]).map_err(Error::arrow(doing()))?;
    let mut versions = Vec::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        let none = Vec::new();
        let changes = changes.get(keys.value(row)).unwrap_or(&none);
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        versions.extend(versions_of_row(number, changes, spec.columns.len()));
    }
    assemble(source, table, spec, rows, &versions).map_err(Error::arrow(doing()))
}

fn text(batch: &RecordBatch, column: &str) -> Result<StringArray, arrow::error::ArrowError> {
    let index = batch.schema().index_of(column)?;
    Ok(cast(batch.column(index), &DataType::Utf8)?
        .as_string::<i32>()
        .clone())
}

/// The changes of audited fields by the key of the changed row, in the order of time.
fn changes_by_key(
    spec: &History,
    audit: &RecordBatch,
) -> Result<HashMap<String, Vec<Change>>, arrow::error::ArrowError> {
    let parent = text(audit, &spec.parent)?;
    let field = text(audit, &spec.field)?;
    let (before, after) = (text(audit, &spec.before)?, text(audit, &spec.after)?);
    let at = audit.column(audit.schema().index_of(&spec.at)?);
    let at = at.as_primitive::<TimestampMicrosecondType>().clone();
    let value = |array: &StringArray, row: usize| {
        (array.is_valid(row) && !array.value(row).is_empty()).then(|| array.value(row).to_owned())
    };
    let mut changes: HashMap<String, Vec<Change>> = HashMap::new();
    for row in 0..audit.num_rows() {
        let Some(column) = spec
            .columns
            .iter()
            .position(|name| name == field.value(row))
        else {
            continue;
        };
        if parent.is_null(row) || at.is_null(row) {
            continue;
        }
        let change = Change {
            at: at.value(row),
            column,
            before: value(&before, row),
            after: value(&after, row),
        };
        changes
            .entry(parent.value(row).to_owned())
            .or_default()
            .push(change);
    }
    for changes in changes.values_mut() {
        changes.sort_by(|a, b| {
            (a.at, a.column, &a.before, &a.after).cmp(&(b.at, b.column, &b.before, &b.after))
        });
    }
    Ok(changes)
}

fn versions_of_row(row: u32, changes: &[Change], columns: usize) -> Vec<Version> {
    let mut starts: Vec<i64> = changes.iter().map(|change| change.at).collect();
    starts.dedup();
    let first = Version {
        row,
        from: OPEN_FROM,
        basis: "open",
        values: state_at(changes, columns, i64::MIN),
    };
    let later = starts.into_iter().map(|at| Version {
        row,
        from: at,
        basis: "audit",
        values: state_at(changes, columns, at),
    });
    std::iter::once(first).chain(later).collect()
}

/// The audited values at an instant; the last state stands as today, whatever the audit says.
fn state_at(changes: &[Change], columns: usize, at: i64) -> Vec<Option<Option<String>>> {
    (0..columns)
        .map(|column| {
            let mut of_column = changes.iter().filter(|change| change.column == column);
            let (mut last, mut next) = (None, None);
            for change in of_column.by_ref() {
                if change.at <= at {
                    last = Some(change);
                } else {
                    next = Some(change);
                    break;
                }
            }
            match (last, next) {
                (Some(_), None) | (None, None) => None,
                (Some(change), Some(_)) => Some(change.after.clone()),
                (None, Some(change)) => Some(change.before.clone()),
            }
        })
        .collect()
}

fn assemble(
    source: &Source,
    table: &Table,
    spec: &History,
    rows: &RecordBatch,
    versions: &[Version],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let take_rows = UInt32Array::from_iter_values(versions.iter().map(|version| version.row));
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(rows.num_columns() + 2);
    for (at, field) in rows.schema().fields().iter().enumerate() {
        let today = take(rows.column(at), &take_rows, None)?;
        let audited = spec.columns.iter().position(|name| name == field.name());
        columns.push(match audited {
            Some(column) => past(source, table, field.name(), column, &today, versions)?,
            None => today,
        });
    }
    let from = TimestampMicrosecondArray::from_iter_values(versions.iter().map(|v| v.from));
    columns.push(Arc::new(from.with_timezone("UTC")));
    let basis = versions.iter().map(|version| version.basis);
    columns.push(Arc::new(StringArray::from_iter_values(basis)));
    let mut fields: Vec<Field> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    let instant = planisphere_schemas::model::DataType::Timestamp.arrow();
    fields.push(Field::new("_valid_from", instant, false));
    fields.push(Field::new("_valid_from_basis", DataType::Utf8, false));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// An audited column with its past values; a past text that does not fit the type becomes null.
fn past(
    source: &Source,
    table: &Table,
    name: &str,
    column: usize,
    today: &ArrayRef,
    versions: &[Version],
) -> Result<ArrayRef, arrow::error::ArrowError> {
    let Some(declared) = table.column(name) else {
        return Ok(Arc::clone(today));
    };
    // the validator asks for declared types here
    let data_type = declared
        .data_type
        .unwrap_or(planisphere_schemas::model::DataType::Text);
    let zone = source.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let rules = TextRules {
        zone,
        pattern: declared.pattern.as_deref(),
        nearest: true,
    };
    let mut builder = column_builder(data_type);
    for version in versions {
        let cell = match &version.values[column] {
            Some(Some(text)) => Cell::Text(text),
            Some(None) | None => Cell::Null,
        };
        if append_cell(&mut builder, cell, rules).is_err() {
            builder.append_null();
        }
    }
    let past = builder.finish()?;
    let known: arrow::array::BooleanArray = versions
        .iter()
        .map(|version| Some(version.values[column].is_some()))
        .collect();
    arrow::compute::kernels::zip::zip(&known, &past, today)
}
