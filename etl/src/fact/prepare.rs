//! Conformed rows as the rows of a star, before keys are looked up and before anything is merged.
//!
//! ```text
//! present states ─────────────────────────────► rows ┐
//! rebuilt history ──► states ──► periods ──────► rows ┼──► milestones ──► rows of the star
//! changes, and those seen before ──► latest state, or periods ┘
//! ```

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{concat_batches, filter_record_batch, is_not_null, take_record_batch};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use chrono_tz::Tz;
use planisphere_schemas::model::{PERIOD_END, Periodic, SpecialMember, Star};

use crate::conform::{DELETED, VALID_FROM};
use crate::dimension::{Existing, Nature};
use crate::error::{Error, Result};
use crate::spool::{Memory, Spooled};

use super::currency::{RateTable, with_reporting};
use super::history::{histories, ids, latest, stream};
use super::milestones::{with_columns, with_milestones};
use super::offset::with_bookings;
use super::periods::{dates, period_end, snapshots};
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
    pub(crate) kept: Option<Existing>,
    /// The day of the load.
    pub(crate) business_date: NaiveDate,
    /// The warehouse time zone.
    pub(crate) zone: Tz,
    /// The audit key of the load.
    pub(crate) audit_key: i64,
}

/// The rows of a star, with what the operator should know of them.
pub(crate) struct Prepared {
    /// The entity's columns and those that the star's periods add.
    pub(crate) rows: Spooled,
    /// Changes that a stream has shown for the first time.
    pub(crate) changes: Option<RecordBatch>,
    /// The only period that this load speaks of: published rows of others stay as they are.
    pub(crate) period: Option<NaiveDate>,
    /// Ids at the source of rows that are rejected here; what is published of them stays as it is.
    pub(crate) held: HashSet<String>,
    /// What became of the rows of the entity, where they are not the rows of the star one by one.
    pub(crate) told: Option<Told>,
    /// What the operator should know.
    pub(crate) notices: Vec<String>,
}

/// Makes the rows of a star of the conformed ones. Changes and histories are held in memory on the way, present states not.
pub(crate) fn prepare(
    input: &PrepareInput<'_>,
    rows: &Spooled,
    memory: &Memory,
) -> Result<Prepared> {
    if let (Nature::Present, Some(periodic)) = (input.nature, &input.star.periodic) {
        let end = period_end(periodic.every, input.business_date);
        let end = end.unwrap_or(input.business_date);
        let rows = rows.map(memory, |rows| {
            let column = dates(std::iter::repeat_n(end, rows.num_rows()));
            let with_end = with_columns(rows, vec![(PERIOD_END.into(), column)]);
            with_end.map_err(Error::arrow(doing(input.star)))
        })?;
        return Ok(Prepared {
            period: Some(end),
            ..Prepared::of(rows)
        });
    }
    let is_present = input.nature == Nature::Present;
    if is_present || (input.nature == Nature::Mined && input.star.periodic.is_none()) {
        return Ok(Prepared::of(rows.clone()));
    }
    let rows = rows.whole().map_err(Error::arrow(doing(input.star)))?;
    states(input, &rows).map_err(Error::arrow(doing(input.star)))
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
    fn of(rows: Spooled) -> Self {
        Self {
            rows,
            changes: None,
            period: None,
            held: HashSet::new(),
            told: None,
            notices: Vec::new(),
        }
    }
}

/// The states that changes or a history tell of, for the periods that the star has.
fn states(input: &PrepareInput<'_>, rows: &RecordBatch) -> Result<Prepared, ArrowError> {
    let star = input.star;
    if let (Nature::Mined, Some(periodic)) = (input.nature, &star.periodic) {
        let ends = at_period_ends(input, periodic, rows)?;
        return Ok(Prepared {
            held: ends.held,
            told: Some(Told::of_history(rows, &ends.used, ends.keyless)),
            ..Prepared::of(Spooled::of(ends.rows))
        });
    }
    let (good, bad) = problems(star, rows)?;
    let stream = stream(
        star,
        &input.columns,
        &good,
        input.kept.as_ref().map(|kept| &kept.rows),
        input.audit_key,
    )?;
    let (of_states, held) = match &star.periodic {
        Some(periodic) => {
            let ends = at_period_ends(input, periodic, &stream.states)?;
            (ends.rows, ends.held)
        }
        None => (last_states(input, &stream.states)?, HashSet::new()),
    };
    Ok(Prepared {
        held,
        told: Some(Told::of_stream(&good, &stream.new, &bad)),
        changes: Some(stream.new),
        ..Prepared::of(Spooled::of(together(&of_states, &bad)?))
    })
}

/// The changes that can be kept, and those without a key or an instant, with what is wrong with them.
pub(crate) fn problems(
    star: &Star,
    rows: &RecordBatch,
) -> Result<(RecordBatch, RecordBatch), ArrowError> {
    let ids = ids(star, rows)?;
    let at = is_not_null(rows.column(rows.schema().index_of(VALID_FROM)?))?;
    let good: BooleanArray = (0..rows.num_rows())
        .map(|row| Some(ids.is_valid(row) && at.value(row)))
        .collect();
    let bad = filter_record_batch(rows, &arrow::compute::not(&good)?)?;
    let at = is_not_null(bad.column(bad.schema().index_of(VALID_FROM)?))?;
    let problem = (0..bad.num_rows()).map(|row| (!at.value(row)).then_some("missing_instant"));
    let problem: ArrayRef = Arc::new(StringArray::from_iter(problem));
    let bad = with_columns(&bad, vec![(PROBLEM.into(), problem)])?;
    Ok((filter_record_batch(rows, &good)?, bad))
}

/// The states of histories at the ends of periods.
struct PeriodEnds {
    /// They, the states of rows of which nobody knows when they began, and those without a key.
    rows: RecordBatch,
    /// The ids of rows of which nobody knows when they began.
    held: HashSet<String>,
    /// The states of which any row is made.
    used: HashSet<usize>,
    /// How many have no key.
    keyless: usize,
}

fn at_period_ends(
    input: &PrepareInput<'_>,
    periodic: &Periodic,
    states: &RecordBatch,
) -> Result<PeriodEnds, ArrowError> {
    let histories = histories(input.star, &input.columns, states)?;
    let all = snapshots(
        periodic,
        states,
        &histories,
        input.business_date,
        input.zone,
    )?;
    let taken = || all.taken.iter().map(|snapshot| snapshot.row);
    let used = taken().chain(all.beginless.iter().copied()).collect();
    let taken = rows_at(states, taken().collect())?;
    let ends = dates(all.taken.iter().map(|snapshot| snapshot.period_end));
    let taken = with_columns(&taken, vec![(PERIOD_END.into(), ends)])?;
    let beginless = rows_at(states, all.beginless)?;
    let held = ids(input.star, &beginless)?;
    let held = held.iter().flatten().map(str::to_owned).collect();
    let problem = StringArray::from(vec!["missing_begin"; beginless.num_rows()]);
    let today = dates(std::iter::repeat_n(
        input.business_date,
        beginless.num_rows(),
    ));
    let more = vec![
        (PERIOD_END.into(), today),
        (PROBLEM.into(), Arc::new(problem) as ArrayRef),
    ];
    let beginless = with_columns(&beginless, more)?;
    // rows without a key are left to the look-up of keys, which says so
    let keyless = ids(input.star, states)?;
    let keyless = filter_record_batch(states, &arrow::compute::is_null(&keyless)?)?;
    Ok(PeriodEnds {
        rows: together(&together(&taken, &beginless)?, &keyless)?,
        held,
        used,
        keyless: keyless.num_rows(),
    })
}

fn last_states(input: &PrepareInput<'_>, states: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let last = latest(&histories(input.star, &input.columns, states)?);
    let rows = rows_at(states, last.iter().map(|state| state.row).collect())?;
    let gone: BooleanArray = last.iter().map(|state| Some(state.gone)).collect();
    let at = rows.schema().index_of(DELETED)?;
    let mut columns = rows.columns().to_vec();
    columns[at] = Arc::new(gone);
    RecordBatch::try_new(rows.schema(), columns)
}

fn rows_at(rows: &RecordBatch, at: Vec<usize>) -> Result<RecordBatch, ArrowError> {
    let at = at
        .into_iter()
        .map(|at| u32::try_from(at).unwrap_or(u32::MAX));
    take_record_batch(rows, &UInt32Array::from_iter_values(at))
}

/// Two batches as one, under the columns of both.
fn together(a: &RecordBatch, b: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    if b.num_rows() == 0 {
        return Ok(a.clone());
    }
    let missing = |from: &RecordBatch, to: &RecordBatch| -> Vec<(String, ArrayRef)> {
        let fields = from.schema();
        let fields = fields.fields().iter();
        let fields = fields.filter(|field| to.column_by_name(field.name()).is_none());
        fields
            .map(|field| {
                let nulls = arrow::array::new_null_array(field.data_type(), to.num_rows());
                (field.name().clone(), nulls)
            })
            .collect()
    };
    let a = with_columns(a, missing(b, a))?;
    let b = with_columns(b, missing(&a, b))?;
    let schema = a.schema();
    let order = schema
        .fields()
        .iter()
        .map(|field| b.schema().index_of(field.name()));
    let b = b.project(&order.collect::<Result<Vec<_>, _>>()?)?;
    let b = RecordBatch::try_new(Arc::clone(&schema), b.columns().to_vec())?;
    concat_batches(&schema, [&a, &b])
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
