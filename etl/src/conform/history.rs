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

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use arrow::error::ArrowError;
use planisphere_schemas::model::{History, Source, Table};

use crate::dealt::{Dealing, Dealt};
use crate::dimension::{OPEN_FROM, share_of};
use crate::error::{Error, Result};
use crate::source::{Cell, TextRules, append_cell, column_builder};
use crate::spool::{Spool, Spooled};

use super::chain::{Change, chained};
use super::session::Room;

/// One version of one row: from when, on which basis, and the audited values that differ from today's.
struct Version {
    row: u32,
    from: i64,
    basis: &'static str,
    /// For each audited column: `None` = as today.
    values: Vec<Option<Option<String>>>,
}

/// A table of which an audit table tells the past.
#[derive(Clone, Copy)]
pub(super) struct Audited<'a> {
    pub(super) source: &'a Source,
    pub(super) table: &'a Table,
    pub(super) spec: &'a History,
}

/// What an audit table says and a rebuilt history cannot.
#[derive(Default)]
struct Lost {
    /// Past values that do not fit the type of their column: in how many versions, and one of them.
    misfits: BTreeMap<String, (u64, String)>,
    /// Changes of audited columns that name no row or no instant.
    unplaced: u64,
}

impl Lost {
    /// What an operator has to know of it.
    fn notices(&self, table: &str) -> Vec<String> {
        let misfits = self.misfits.iter().map(|(column, (versions, example))| {
            format!(
                "the history of '{table}': past values of '{column}' do not fit its type, such as '{example}'; {versions} versions have none"
            )
        });
        let unplaced = (self.unplaced > 0).then(|| {
            let number = self.unplaced;
            format!("the history of '{table}': {number} changes name no row or no instant and count for nothing")
        });
        misfits.chain(unplaced).collect()
    }
}

/// What a change takes while the past is rebuilt beside its texts, a version, and an audited value of it.
const BYTES_OF_CHANGE: usize = 200;
const BYTES_OF_VERSION: usize = 100;
const BYTES_OF_VALUE: usize = size_of::<Option<Option<String>>>() + 16;

impl Audited<'_> {
    /// The rows of the table with their past states: its columns, `_valid_from` and `_valid_from_basis`. They are rebuilt in shares
    /// of the keys that fit into memory.
    pub(super) fn versions(
        self,
        (rows, audit): (&Spooled, &Spooled),
        room: &Room<'_>,
    ) -> Result<Spooled> {
        let doing = || Error::arrow(format!("rebuilding the history of '{}'", self.table.name));
        let shares = self.shares((rows, audit), room.settings.memory_bytes / 4);
        let mut lost = Lost::default();
        let none = self.versions_of(
            &RecordBatch::new_empty(rows.schema()),
            &RecordBatch::new_empty(audit.schema()),
            &mut lost,
        );
        let mut versions = Spool::new(none.map_err(doing())?.schema(), room.memory);
        let mut add = |rows: &RecordBatch, audit: &RecordBatch| {
            let found = self.versions_of(rows, audit, &mut lost)?;
            let batch = room.settings.batch_rows.max(1);
            let mut batches = (0..found.num_rows()).step_by(batch);
            batches
                .try_for_each(|at| versions.push(found.slice(at, batch.min(found.num_rows() - at))))
        };
        if shares == 1 {
            let rows = rows.whole().map_err(doing())?;
            add(&rows, &audit.whole().map_err(doing())?).map_err(doing())?;
        } else {
            let rows = dealt(rows, (&self.table.key[0], shares), room).map_err(doing())?;
            let audit = dealt(audit, (&self.spec.parent, shares), room).map_err(doing())?;
            for share in 0..shares as usize {
                let rows = rows.share(share).map_err(doing())?;
                add(&rows, &audit.share(share).map_err(doing())?).map_err(doing())?;
            }
        }
        for notice in lost.notices(&self.table.name) {
            tracing::warn!("{notice}");
        }
        versions.finish().map_err(doing())
    }

    /// How many shares there are of which each is rebuilt in so many bytes.
    fn shares(self, (rows, audit): (&Spooled, &Spooled), bytes: usize) -> u32 {
        let (number, changes) = (rows.num_rows(), audit.num_rows());
        let version = rows.width() + BYTES_OF_VERSION + BYTES_OF_VALUE * self.spec.columns.len();
        let all = 3 * number * rows.width()
            + changes * (4 * audit.width() + BYTES_OF_CHANGE)
            + (number + changes) * version;
        let shares = u32::try_from(all.div_ceil(bytes.max(1))).unwrap_or(u32::MAX);
        shares.clamp(1, 4_096)
    }

    /// Some rows with their past states.
    fn versions_of(
        self,
        rows: &RecordBatch,
        audit: &RecordBatch,
        lost: &mut Lost,
    ) -> std::result::Result<RecordBatch, ArrowError> {
        let changes = changes_by_key((self.table, self.spec), audit, lost)?;
        let keys = text(rows, &self.table.key[0])?;
        let mut versions = Vec::with_capacity(rows.num_rows());
        for row in 0..rows.num_rows() {
            let none = Vec::new();
            let changes = changes.get(keys.value(row)).unwrap_or(&none);
            let number = u32::try_from(row).unwrap_or(u32::MAX);
            versions.extend(versions_of_row(number, changes, self.spec.columns.len()));
        }
        self.assemble(rows, &versions, lost)
    }

    /// The versions of rows as a table.
    fn assemble(
        self,
        rows: &RecordBatch,
        versions: &[Version],
        lost: &mut Lost,
    ) -> std::result::Result<RecordBatch, ArrowError> {
        let take_rows = UInt32Array::from_iter_values(versions.iter().map(|version| version.row));
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(rows.num_columns() + 2);
        for (at, field) in rows.schema().fields().iter().enumerate() {
            let today = take(rows.column(at), &take_rows, None)?;
            let audited = self
                .spec
                .columns
                .iter()
                .position(|name| name == field.name());
            columns.push(match audited {
                Some(column) => self.past((field.name(), column), &today, versions, lost)?,
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

    /// An audited column with its past values; a past text that does not fit the type becomes null, and is told.
    fn past(
        self,
        (name, column): (&str, usize),
        today: &ArrayRef,
        versions: &[Version],
        lost: &mut Lost,
    ) -> std::result::Result<ArrayRef, ArrowError> {
        let Some(declared) = self.table.column(name) else {
            return Ok(Arc::clone(today));
        };
        // the validator asks for declared types here
        let data_type = declared
            .data_type
            .unwrap_or(planisphere_schemas::model::DataType::Text);
        let zone = self.source.time_zone.parse().unwrap_or(chrono_tz::UTC);
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
                let example = || version.values[column].clone().flatten().unwrap_or_default();
                let misfits = lost.misfits.entry(name.to_owned());
                let (number, _) = misfits.or_insert_with(|| (0, example()));
                *number += 1;
            }
        }
        let past = builder.finish()?;
        let known: arrow::array::BooleanArray = versions
            .iter()
            .map(|version| Some(version.values[column].is_some()))
            .collect();
        arrow::compute::kernels::zip::zip(&known, &past, today)
    }
}

/// Rows dealt out to so many shares by a key.
fn dealt(
    rows: &Spooled,
    (key, shares): (&str, u32),
    room: &Room<'_>,
) -> std::result::Result<Dealt, ArrowError> {
    let least = room.settings.memory_bytes / 16;
    let mut dealing = Dealing::new(rows.schema(), room.memory, least);
    for rows in rows.batches() {
        let rows = rows?;
        let keys = text(&rows, key)?;
        let share = |key: Option<&str>| key.map_or(0, |key| share_of(key, shares));
        dealing.push(&rows, &keys.iter().map(share).collect::<Vec<u32>>())?;
    }
    dealing.finish()
}

fn text(batch: &RecordBatch, column: &str) -> Result<StringArray, arrow::error::ArrowError> {
    let index = batch.schema().index_of(column)?;
    Ok(cast(batch.column(index), &DataType::Utf8)?
        .as_string::<i32>()
        .clone())
}

/// The changes of audited fields by the key of the changed row, in the order of time.
fn changes_by_key(
    (table, spec): (&Table, &History),
    audit: &RecordBatch,
    lost: &mut Lost,
) -> Result<HashMap<String, Vec<Change>>, arrow::error::ArrowError> {
    // fields are named as the source names its columns
    let named = |name: &String| {
        table
            .column(name)
            .map_or(name.clone(), |it| it.origin.clone())
    };
    let names: Vec<String> = spec.columns.iter().map(named).collect();
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
        let Some(column) = names.iter().position(|name| *name == field.value(row)) else {
            continue;
        };
        if parent.is_null(row) || at.is_null(row) {
            lost.unplaced += 1;
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
            (a.column, a.at, &a.before, &a.after).cmp(&(b.column, b.at, &b.before, &b.after))
        });
        *changes = chained(changes);
        changes.sort_by_key(|change| (change.at, change.column));
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
