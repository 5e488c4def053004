//! The states that changes or a history tell of, for the periods that a star has, made share by share.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, is_not_null, take_record_batch};
use arrow::error::ArrowError;
use planisphere_schemas::model::{PERIOD_END, Periodic, Star};

use crate::conform::{DELETED, VALID_FROM};
use crate::dimension::Nature;
use crate::register::Register;
use crate::spool::{Memory, Spool, Spooled, bytes_of};

use super::history::{histories, ids, latest, stream};
use super::milestones::with_columns;
use super::periods::{Snapshot, dates, snapshots};
use super::prepare::{PROBLEM, PrepareInput, Prepared};
use super::shares::{ShareRoom, Shares};
use super::told::Told;

/// The states that changes or a history tell of, for the periods that the star has.
pub(super) fn states(input: &PrepareInput<'_>, rows: &Spooled) -> Result<Prepared, ArrowError> {
    let kept = input.kept.as_ref().map(|kept| &kept.rows);
    let all: Vec<&Spooled> = std::iter::once(rows).chain(kept).collect();
    let shares = Shares::of(input.star, &all, &input.room)?;
    let mut made = Made::new(&input.room);
    for share in 0..shares.len() {
        let rows = shares.rows(0, share)?;
        match (input.nature, &input.star.periodic) {
            (Nature::Mined, Some(periodic)) => {
                let none = rows.slice(0, 0);
                let ends = at_period_ends(input, periodic, (&rows, &none), &mut made)?;
                let told = Told::of_history(&rows, &ends.used, ends.keyless);
                made.told.add(told);
            }
            _ => {
                let kept = kept.map(|_| shares.rows(1, share)).transpose()?;
                of_stream(input, &rows, kept.as_ref(), &mut made)?;
            }
        }
    }
    made.finish(rows, &input.room)
}

/// The rows of a star while they are made, share by share.
struct Made {
    memory: Memory,
    /// None before the first share.
    rows: Option<Spool>,
    changes: Option<Spool>,
    held: Register,
    told: Told,
}

impl Made {
    fn new(room: &ShareRoom) -> Self {
        Self {
            memory: room.memory.clone(),
            rows: None,
            changes: None,
            held: Register::new(&room.memory, room.least),
            told: Told::default(),
        }
    }

    fn add(&mut self, rows: RecordBatch) -> Result<(), ArrowError> {
        let new = || Spool::new(rows.schema(), &self.memory);
        self.rows.get_or_insert_with(new).push(rows)
    }

    fn finish(self, rows: &Spooled, room: &ShareRoom) -> Result<Prepared, ArrowError> {
        let made = self.rows.map(Spool::finish).transpose()?;
        Ok(Prepared {
            held: self.held,
            told: Some(self.told),
            changes: self.changes.map(Spool::finish).transpose()?,
            ..Prepared::of(made.unwrap_or_else(|| rows.clone()), room)
        })
    }
}

/// The states of a share of a stream.
fn of_stream(
    input: &PrepareInput<'_>,
    rows: &RecordBatch,
    kept: Option<&RecordBatch>,
    made: &mut Made,
) -> Result<(), ArrowError> {
    let star = input.star;
    let (good, bad) = problems(star, rows)?;
    let stream = stream(star, &input.columns, &good, kept, input.audit_key)?;
    made.told.add(Told::of_stream(&good, &stream.new, &bad));
    match &star.periodic {
        Some(periodic) => {
            at_period_ends(input, periodic, (&stream.states, &bad), made)?;
        }
        None => {
            let last = last_states(input, &stream.states)?;
            made.add(together(&last, &bad)?)?;
        }
    }
    let new = || Spool::new(stream.new.schema(), &made.memory);
    made.changes.get_or_insert_with(new).push(stream.new)
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

/// What the states of histories at the ends of periods are made of.
struct PeriodEnds {
    /// The states of which any row is made.
    used: HashSet<usize>,
    /// How many have no key.
    keyless: usize,
}

/// Adds the states at the ends of periods, behind them those of rows of which nobody knows when they began, those without a key and
/// the bad rows. Of rows of which nobody knows when they began the ids are noted.
fn at_period_ends(
    input: &PrepareInput<'_>,
    periodic: &Periodic,
    (states, bad): (&RecordBatch, &RecordBatch),
    made: &mut Made,
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
    let beginless = beginless(input, states, all.beginless)?;
    for id in ids(input.star, &beginless)?.iter().flatten() {
        made.held.put(made.held.key(id), 1)?;
    }
    // rows without a key are left to the look-up of keys, which says so
    let keyless = ids(input.star, states)?;
    let keyless = filter_record_batch(states, &arrow::compute::is_null(&keyless)?)?;
    let behind = together(&together(&beginless, &keyless)?, bad)?;
    let nothing = behind.slice(0, 0);
    let some = input.room.least / (bytes_of(states) / states.num_rows().max(1)).max(1);
    let mut pieces = all.taken.chunks(some.max(1)).peekable();
    let mut last = ended(states, &[])?;
    while let Some(piece) = pieces.next() {
        last = ended(states, piece)?;
        if pieces.peek().is_some() {
            made.add(together(&last, &nothing)?)?;
        }
    }
    made.add(together(&last, &behind)?)?;
    Ok(PeriodEnds {
        used,
        keyless: keyless.num_rows(),
    })
}

/// States with the ends of their periods.
fn ended(states: &RecordBatch, taken: &[Snapshot]) -> Result<RecordBatch, ArrowError> {
    let rows = rows_at(states, taken.iter().map(|snapshot| snapshot.row).collect())?;
    let ends = dates(taken.iter().map(|snapshot| snapshot.period_end));
    with_columns(&rows, vec![(PERIOD_END.into(), ends)])
}

/// States of rows of which nobody knows when they began, with what is wrong with them.
fn beginless(
    input: &PrepareInput<'_>,
    states: &RecordBatch,
    rows: Vec<usize>,
) -> Result<RecordBatch, ArrowError> {
    let beginless = rows_at(states, rows)?;
    let rows = beginless.num_rows();
    let problem: ArrayRef = Arc::new(StringArray::from(vec!["missing_begin"; rows]));
    let today = dates(std::iter::repeat_n(input.business_date, rows));
    with_columns(
        &beginless,
        vec![(PERIOD_END.into(), today), (PROBLEM.into(), problem)],
    )
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use arrow::array::{Int64Array, TimestampMicrosecondArray};
    use arrow::util::pretty::pretty_format_batches;
    use chrono::NaiveDate;

    use super::*;
    use crate::conform::{CHANGE, SEQUENCE};
    use crate::fact::prepare::prepare;

    /// One change a day of three rows, then one without an instant and one without a key.
    fn changes() -> RecordBatch {
        let day = |day: i64| (20_089 + day) * 86_400_000_000;
        let rows = || 0..12_i64;
        let ids = rows().map(|row| (row < 11).then(|| format!("r{}", row % 3)));
        let at = rows().map(|row| (row != 10).then(|| day(row)));
        let at = TimestampMicrosecondArray::from_iter(at).with_timezone("UTC");
        let note = rows().map(|row| Some(format!("note {row}")));
        let gone: BooleanArray = rows().map(|row| Some(row == 6)).collect();
        let columns: [(&str, ArrayRef); 7] = [
            ("id", Arc::new(StringArray::from_iter(ids))),
            ("amount", Arc::new(Int64Array::from_iter_values(rows()))),
            ("note", Arc::new(StringArray::from_iter(note))),
            (VALID_FROM, Arc::new(at)),
            (SEQUENCE, Arc::new(Int64Array::from_iter_values(rows()))),
            (DELETED, Arc::new(gone)),
            (CHANGE, Arc::new(Int64Array::from_iter_values(rows()))),
        ];
        let columns = columns.into_iter();
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true)))
            .unwrap()
    }

    /// The rows of a star in any order, as texts, and how many changes are new.
    fn told(star: &Star, least: usize) -> (Vec<String>, usize) {
        let input = PrepareInput {
            star,
            columns: vec!["id", "amount"],
            nature: Nature::Changes,
            rates: None,
            kept: None,
            room: ShareRoom {
                memory: Memory::new(0),
                least,
            },
            business_date: NaiveDate::from_ymd_opt(2025, 1, 20).unwrap(),
            zone: chrono_tz::UTC,
            audit_key: 1,
        };
        let prepared = prepare(&input, &Spooled::of(changes())).unwrap();
        let told = prepared.told.unwrap();
        assert_eq!((told.read, told.loaded, told.rejected), (12, 10, 2));
        let rows = prepared.rows.whole().unwrap();
        let at = ["id", "amount", PROBLEM].map(|name| rows.schema().index_of(name).unwrap());
        let rows = pretty_format_batches(&[rows.project(&at).unwrap()]).unwrap();
        let mut rows: Vec<String> = rows.to_string().lines().map(str::to_owned).collect();
        rows.sort();
        (rows, prepared.changes.unwrap().num_rows())
    }

    #[test]
    fn states_are_the_same_however_few_are_looked_at_together() {
        let periodic = serde_json::json!({"every": "day"});
        for (periodic, expected) in [
            (serde_json::Value::Null, 3 + 2),
            (periodic, 17 + 19 + 18 + 2),
        ] {
            let star = serde_json::from_value(serde_json::json!({
                "name": "state", "caption": {"en": "state", "zh": "state"}, "grain": "one", "kind": "transaction",
                "entity": "e", "key": ["id"], "roles": [], "degenerate": [], "measures": [], "periodic": periodic
            }));
            let star: Star = star.unwrap();
            let all = told(&star, 1 << 20);
            // four lines are those of the frame
            assert_eq!((all.0.len(), all.1), (expected + 4, 10), "{:#?}", all.0);
            for least in [1, 400, 3_000] {
                assert_eq!(told(&star, least), all);
            }
        }
    }
}
