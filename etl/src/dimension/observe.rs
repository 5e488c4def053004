//! Conformed rows as observations of members: business ids, instants, values in their declared types.

use std::collections::HashSet;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{DataType, Dimension, DimensionKind};
use twox_hash::XxHash3_128;

use crate::conform::{BASIS, CHANGE, DELETED, MERGED_INTO, MODIFIED, SEQUENCE, VALID_FROM};
use crate::declared::declared_column;
use crate::error::{Error, Result};
use crate::problems::{Destination, Problems};
use crate::reject::Reject;

use super::{ById, Nature, OPEN_TO};

/// What conformed rows on their way into a dimension are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The declaration.
    pub(crate) dimension: &'a Dimension,
    /// The source system of the entity.
    pub(crate) source_system: &'a str,
    /// What the rows say.
    pub(crate) nature: Nature,
    /// When the snapshot was taken, in microseconds.
    pub(crate) snapshot_at: i64,
    /// The warehouse time zone, in which instants are days.
    pub(crate) zone: Tz,
}

impl<'a> Origin<'a> {
    /// Some of these rows.
    pub(crate) fn of<'b>(self, rows: &'b RecordBatch) -> EntityRows<'b>
    where
        'a: 'b,
    {
        EntityRows {
            dimension: self.dimension,
            source_system: self.source_system,
            rows,
            nature: self.nature,
            snapshot_at: self.snapshot_at,
            zone: self.zone,
        }
    }
}

/// Conformed rows on their way into a dimension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntityRows<'a> {
    /// The declaration.
    pub(crate) dimension: &'a Dimension,
    /// The source system of the entity.
    pub(crate) source_system: &'a str,
    /// The rows.
    pub(crate) rows: &'a RecordBatch,
    /// What they say.
    pub(crate) nature: Nature,
    /// When the snapshot was taken, in microseconds.
    pub(crate) snapshot_at: i64,
    /// The warehouse time zone, in which instants are days.
    pub(crate) zone: Tz,
}

/// The conformed rows of a dimension, column by column.
pub(super) struct Columns {
    /// For each attribute its values in the declared type; last the members that these were merged into.
    pub(super) attributes: Vec<ArrayRef>,
    /// The business ids.
    pub(super) ids: StringArray,
    /// From when each row holds; the snapshot's instant where the source does not say.
    pub(super) from: Vec<i64>,
    /// On which basis.
    pub(super) basis: StringArray,
    /// Which of several changes of one instant is the last.
    pub(super) sequence: Vec<i64>,
    /// Which change of the source each row is; `None` if that cannot be known, and of rows that are no changes.
    pub(super) change: Vec<Option<i64>>,
    /// When each row was last modified, where the source says so.
    pub(super) modified: TimestampMicrosecondArray,
    /// True where the source marks the row as deleted.
    pub(super) deleted: BooleanArray,
}

/// The rows and who they speak of.
pub(super) struct Observations {
    /// The rows.
    pub(super) columns: Columns,
    /// The good rows of each business id in the order of time.
    pub(super) members: ById<Vec<usize>>,
    /// Rows that are rejected here.
    pub(super) rejects: Vec<Reject>,
    /// Their ids.
    pub(super) rejected: HashSet<String>,
}

impl Columns {
    /// Reads the columns in their declared types; also which rows cannot be of any member.
    pub(super) fn read(input: &EntityRows<'_>) -> Result<(Self, Problems)> {
        let dimension = input.dimension;
        let rows = input.rows;
        let doing = || format!("reading the entity of dimension '{}'", dimension.name);
        let column = |name: &str| -> Result<ArrayRef> {
            let index = rows
                .schema()
                .index_of(name)
                .map_err(Error::arrow(doing()))?;
            Ok(rows.column(index).clone())
        };
        let texts = |column: ArrayRef| -> Result<StringArray> {
            let texts = cast(&column, &Arrow::Utf8).map_err(Error::arrow(doing()))?;
            Ok(texts.as_string::<i32>().clone())
        };
        let mut problems = Problems::default();
        let mut attributes = Vec::with_capacity(dimension.attributes.len() + 1);
        for attribute in &dimension.attributes {
            let values = column(&attribute.column)?;
            let (cast, misfits) = declared_column(&values, attribute.data_type, input.zone)
                .map_err(Error::arrow(doing()))?;
            problems.misfits(&attribute.name, attribute.data_type, misfits);
            attributes.push(cast);
        }
        attributes.push(std::sync::Arc::new(texts(column(MERGED_INTO)?)?));
        let instants = |name: &str| -> Result<TimestampMicrosecondArray> {
            let instants = cast(&column(name)?, &DataType::Timestamp.arrow())
                .map_err(Error::arrow(doing()))?;
            Ok(instants.as_primitive::<TimestampMicrosecondType>().clone())
        };
        let from = instants(VALID_FROM)?;
        let is_stream = input.nature == Nature::Changes;
        for row in (0..rows.num_rows()).filter(|row| is_stream && from.is_null(*row)) {
            problems.missing_key(row, "the instant of the change is null");
        }
        let is_late = |row: &usize| from.is_valid(*row) && from.value(*row) >= OPEN_TO;
        for row in (0..rows.num_rows()).filter(|row| is_stream && is_late(row)) {
            problems.named(row, "invalid_instant");
        }
        let ids = texts(column(id_column(dimension))?)?;
        for row in (0..rows.num_rows()).filter(|row| ids.is_null(*row)) {
            problems.missing_key(row, "the business key is null");
        }
        let sequence = cast(&column(SEQUENCE)?, &Arrow::Int64).map_err(Error::arrow(doing()))?;
        let sequence = sequence.as_primitive::<Int64Type>().iter();
        let change = match rows.column_by_name(CHANGE) {
            Some(texts) if is_stream => change_numbers(texts).map_err(Error::arrow(doing()))?,
            _ => vec![None; rows.num_rows()],
        };
        let from = from.iter();
        let columns = Self {
            attributes,
            ids,
            from: from
                .map(|instant| instant.unwrap_or(input.snapshot_at))
                .collect(),
            basis: texts(column(BASIS)?)?,
            change,
            // valid time has ended there: such an instant says nothing
            modified: instants(MODIFIED)?.unary_opt(|at| (at < OPEN_TO).then_some(at)),
            sequence: sequence.map(Option::unwrap_or_default).collect(),
            deleted: column(DELETED)?.as_boolean().clone(),
        };
        Ok((columns, problems))
    }
}

/// Reads the conformed rows of a dimension.
pub(super) fn observe(input: &EntityRows<'_>) -> Result<Observations> {
    let (columns, mut problems) = Columns::read(input)?;
    let is_stream = input.nature == Nature::Changes;
    let members = members(&columns, is_stream, &mut problems);
    let destination = Destination {
        source: input.source_system,
        stage: "dimension",
        object: &input.dimension.name,
    };
    let doing = || format!("reading the entity of dimension '{}'", input.dimension.name);
    let rejects = problems
        .rejects(&destination, input.rows, &columns.ids)
        .map_err(Error::arrow(doing()))?;
    let rejected = rejects.iter().map(|reject| reject.row_id.clone());
    Ok(Observations {
        columns,
        members,
        rejected: rejected.collect(),
        rejects,
    })
}

/// Which changes of the source rows are, as they are kept: hashes of the texts by which the rows are known there.
pub(crate) fn change_numbers(texts: &ArrayRef) -> Result<Vec<Option<i64>>, ArrowError> {
    let texts = cast(texts, &Arrow::Utf8)?;
    let texts = texts.as_string::<i32>().iter();
    let number = |text: &str| {
        let [a, b, c, d, e, f, g, h, ..] = XxHash3_128::oneshot(text.as_bytes()).to_le_bytes();
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    };
    Ok(texts.map(|text| text.map(number)).collect())
}

fn id_column(dimension: &Dimension) -> &str {
    match &dimension.kind {
        DimensionKind::Entity { key, .. } => key,
        _ => "date",
    }
}

/// Groups the rows by business id; a row with the id and instant of another is a problem unless it is a change, of which
/// there may be several.
fn members(columns: &Columns, is_stream: bool, problems: &mut Problems) -> ById<Vec<usize>> {
    let (ids, from) = (&columns.ids, &columns.from);
    let mut members: ById<Vec<usize>> = ById::new();
    let mut seen: HashSet<(&str, i64)> = HashSet::new();
    for (row, instant) in from.iter().enumerate() {
        if problems.has(row) {
            continue;
        }
        if !is_stream && !seen.insert((ids.value(row), *instant)) {
            problems.duplicate_key(row, ids.value(row));
        } else {
            members.entry_ref(ids.value(row)).or_default().push(row);
        }
    }
    for rows in members.values_mut() {
        rows.sort_by_key(|row| from[*row]);
    }
    members
}
