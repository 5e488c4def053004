//! Conformed rows as the rows of a star, before keys are looked up and before anything is merged.
//!
//! ```text
//! present states ─────────────────────────────► rows ┐
//! rebuilt history ──► states ──► periods ──────► rows ┼──► milestones ──► rows of the star
//! changes, and those seen before ──► latest state, or periods ┘
//! ```
//! Changes and histories are dealt out by the ids of the star, and some of them are looked at together.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, Int32Array, RecordBatch};
use chrono::NaiveDate;
use chrono_tz::Tz;
use planisphere_schemas::model::{PERIOD_END, SpecialMember, Star};

use crate::dimension::{Existing, Nature};
use crate::error::{Error, Result};
use crate::register::Register;
use crate::spool::Spooled;

use super::currency::{RateTable, with_reporting};
use super::milestones::{with_columns, with_milestones};
use super::offset::with_bookings;
use super::periods::{dates, period_end};
use super::shares::ShareRoom;
use super::states::states;
use super::told::Told;

/// The column beside the conformed ones with the reason for which a row cannot become a fact.
pub(super) const PROBLEM: &str = "_problem";

/// What the rows of a star are made of.
pub(crate) struct PrepareInput<'a> {
    /// The declaration.
    pub(crate) star: &'a Star,
    /// The columns of the entity that its rows are made of.
    pub(crate) columns: Vec<&'a str>,
    /// What the conformed rows say.
    pub(crate) nature: Nature,
    /// The rates of its currencies, where it has money to convert.
    pub(crate) rates: Option<RateTable>,
    /// What was kept of a stream of changes.
    pub(crate) kept: Option<Kept>,
    /// What changes and histories may keep in memory.
    pub(crate) room: ShareRoom,
    /// The day of the load.
    pub(crate) business_date: NaiveDate,
    /// The warehouse time zone.
    pub(crate) zone: Tz,
    /// The audit key of the load.
    pub(crate) audit_key: i64,
}

/// What was kept of a stream of changes, in the columns of today.
pub(crate) struct Kept {
    /// The rows; columns that are new in the model are null.
    pub(crate) rows: Spooled,
    /// For each column whether it is new in the model.
    pub(crate) is_new: Vec<bool>,
    /// True if any column was added, dropped, moved or retyped.
    pub(crate) reshaped: bool,
}

/// The rows of a star, with what the operator should know of them.
pub(crate) struct Prepared {
    /// The entity's columns and those that the star's periods add.
    pub(crate) rows: Spooled,
    /// Changes that a stream has shown for the first time.
    pub(crate) changes: Option<Spooled>,
    /// The only period that this load speaks of: published rows of others stay as they are.
    pub(crate) period: Option<NaiveDate>,
    /// Ids at the source of rows that are rejected here; what is published of them stays as it is.
    pub(crate) held: Register,
    /// What became of the rows of the entity, where they are not the rows of the star one by one.
    pub(crate) told: Option<Told>,
    /// What the operator should know.
    pub(crate) notices: Vec<String>,
}

/// Makes the rows of a star of the conformed ones.
pub(crate) fn prepare(input: &PrepareInput<'_>, rows: &Spooled) -> Result<Prepared> {
    let room = &input.room;
    if let (Nature::Present, Some(periodic)) = (input.nature, &input.star.periodic) {
        let end = period_end(periodic.every, input.business_date);
        let end = end.unwrap_or(input.business_date);
        let rows = rows.map(&room.memory, |rows| {
            let column = dates(std::iter::repeat_n(end, rows.num_rows()));
            let with_end = with_columns(rows, vec![(PERIOD_END.into(), column)]);
            with_end.map_err(Error::arrow(doing(input.star)))
        })?;
        return Ok(Prepared {
            period: Some(end),
            ..Prepared::of(rows, room)
        });
    }
    let is_present = input.nature == Nature::Present;
    if is_present || (input.nature == Nature::Mined && input.star.periodic.is_none()) {
        return Ok(Prepared::of(rows.clone(), room));
    }
    states(input, rows).map_err(Error::arrow(doing(input.star)))
}

/// What follows from each row by itself: its milestones, and its money in the reporting currency. Returns also how many rows
/// have their milestones out of order.
pub(super) fn row_by_row(
    input: &PrepareInput<'_>,
    rows: RecordBatch,
) -> Result<(RecordBatch, usize)> {
    let star = input.star;
    let (mut rows, mut wrong) = (rows, 0);
    if let Some(milestones) = &star.milestones {
        let with = with_milestones(milestones, &rows, input.zone);
        (rows, wrong) = with.map_err(Error::arrow(doing(star)))?;
    }
    if let (Some(currency), Some(rates)) = (&star.currency, &input.rates) {
        let with = with_reporting((star, currency), &rows, rates, input.zone);
        rows = with.map_err(Error::arrow(doing(star)))?;
    }
    if star.is_offset() {
        let with = with_bookings(&rows, input.business_date, input.audit_key);
        rows = with.map_err(Error::arrow(doing(star)))?;
    }
    Ok((rows, wrong))
}

fn doing(star: &Star) -> String {
    format!("preparing the rows of star '{}'", star.name)
}

impl Prepared {
    pub(super) fn of(rows: Spooled, room: &ShareRoom) -> Self {
        Self {
            rows,
            changes: None,
            period: None,
            held: Register::new(&room.memory, room.least),
            told: None,
            notices: Vec::new(),
        }
    }
}

/// The id by which rejected rows of the source are known: without the period that a snapshot adds, and a key of one column
/// as it is.
pub(crate) fn source_id<'i>(star: &Star, id: &'i str) -> Cow<'i, str> {
    if star.periodic.is_none() {
        return Cow::Borrowed(id);
    }
    let source = id.rsplit_once('|').map_or(id, |(source, _)| source);
    match star.key.len() {
        2 => Cow::Owned(source.replace("\\|", "|").replace("\\\\", "\\")),
        _ => Cow::Borrowed(source),
    }
}

/// True if a published row is of another period than the one that the load speaks of.
pub(crate) fn is_past(id: &str, period: Option<NaiveDate>) -> bool {
    period.is_some_and(|period| {
        let of_row = id.rsplit_once('|').map(|(_, of_row)| of_row);
        of_row != Some(period.to_string().as_str())
    })
}

/// The rows of a published file under the columns of today: of a role that is new, nothing is given in rows that the
/// source no longer has.
pub(crate) fn standing_rows(star: &Star, aligned: &Existing) -> Result<RecordBatch> {
    let groups = star.bridges.iter().map(|bridge| bridge.group_column());
    let roles = star.roles.iter().map(|role| role.key_column());
    let roles: Vec<String> = roles.chain(groups).collect();
    let schema = aligned.rows.schema();
    let fields = schema.fields().iter().zip(&aligned.is_new);
    let columns = fields.zip(aligned.rows.columns());
    let columns = columns.map(|((field, is_new), values)| -> ArrayRef {
        match *is_new && roles.contains(field.name()) {
            true => Arc::new(Int32Array::from(vec![
                SpecialMember::NotGiven.key();
                values.len()
            ])),
            false => Arc::clone(values),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).map_err(Error::arrow(format!(
        "reading the rows of '{}'",
        star.table()
    )))
}
