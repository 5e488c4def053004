//! Periodic snapshots: one row for each row of the entity and period.
//!
//! Of a history it is the state at the end of each period, from the first one in which the row was there until it was gone. Of present states it
//! is the state at the business date of the load, for the period that holds it. The period that holds the business date
//! has the state at the end of that day.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, Date32Array, RecordBatch};
use arrow::datatypes::Date32Type;
use arrow::error::ArrowError;
use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use planisphere_schemas::model::{Period, Periodic, key_of_date};

use super::history::{Histories, State};
use crate::declared::{day_of, start_of_day};
use crate::moments::{days, instants};

/// The last day of the period that holds a day.
pub(super) fn period_end(every: Period, day: NaiveDate) -> Option<NaiveDate> {
    match every {
        Period::Day => Some(day),
        Period::Week => {
            let left = 6 - day.weekday().num_days_from_monday();
            day.checked_add_days(Days::new(u64::from(left)))
        }
        Period::Month => {
            let next = day.with_day(1)?.checked_add_months(Months::new(1))?;
            next.pred_opt()
        }
    }
}

/// Days as a column.
pub(super) fn dates(days: impl Iterator<Item = NaiveDate>) -> ArrayRef {
    std::sync::Arc::new(Date32Array::from_iter_values(
        days.map(Date32Type::from_naive_date),
    ))
}

/// A state at the end of a period.
pub(super) struct Snapshot {
    /// Where the state stands in the batch of states.
    pub(super) row: usize,
    /// The last day of the period.
    pub(super) period_end: NaiveDate,
}

/// What the histories were at the end of each period, and the states of rows of which nobody knows when they began.
pub(super) struct Snapshots {
    pub(super) taken: Vec<Snapshot>,
    pub(super) beginless: Vec<usize>,
}

/// Takes the snapshots of all histories up to the business date.
pub(super) fn snapshots(
    periodic: &Periodic,
    states: &RecordBatch,
    histories: &Histories,
    business_date: NaiveDate,
    zone: Tz,
) -> Result<Snapshots, ArrowError> {
    let begins = Edge::of(periodic.begins.as_deref(), states, zone)?;
    let ends = Edge::of(periodic.ends.as_deref(), states, zone)?;
    let mut calendar = Calendar {
        every: periodic.every,
        business_date,
        zone,
        ends: BTreeMap::new(),
    };
    let mut all = Snapshots {
        taken: Vec::new(),
        beginless: Vec::new(),
    };
    for states in histories.values() {
        let told = states.iter().filter(|state| !state.gone);
        let first = told.clone().filter_map(|state| match &begins {
            Some(begins) => begins.days[state.row],
            None => day_of(state.from, zone),
        });
        // of days before the first date key no calendar can say anything
        let first = first.min().filter(|day| key_of_date(*day).is_some());
        let Some(first) = first else {
            all.beginless
                .extend(told.map(|state| state.row).next_back());
            continue;
        };
        let there = |state: &State, until: i64| {
            let begun = begins.as_ref().and_then(|it| it.starts[state.row]);
            let over = ends.as_ref().and_then(|it| it.after[state.row]);
            !state.gone && begun.is_none_or(|at| at < until) && over.is_none_or(|at| at >= until)
        };
        let mut period = period_end(periodic.every, first);
        while let Some((end, until)) = calendar.period(period) {
            let before = states.partition_point(|state| state.from < until);
            let state = before.checked_sub(1).and_then(|at| states.get(at));
            if let Some(state) = state.filter(|state| there(state, until)) {
                all.taken.push(Snapshot {
                    row: state.row,
                    period_end: end,
                });
            }
            let next = end.succ_opt();
            period = next.and_then(|day| period_end(periodic.every, day));
        }
    }
    Ok(all)
}

/// The instants at which the states of periods are taken.
struct Calendar {
    every: Period,
    business_date: NaiveDate,
    zone: Tz,
    ends: BTreeMap<NaiveDate, i64>,
}

impl Calendar {
    /// A period by its last day, with the instant up to which its state is told; `None` after the business date.
    fn period(&mut self, end: Option<NaiveDate>) -> Option<(NaiveDate, i64)> {
        let end = end?;
        if end > period_end(self.every, self.business_date)? {
            return None;
        }
        if let Some(until) = self.ends.get(&end) {
            return Some((end, *until));
        }
        let until = start_of_day(end.min(self.business_date).succ_opt()?, self.zone)?;
        self.ends.insert(end, until);
        Some((end, until))
    }
}

/// A day or instant of each state at which its row begins or ends.
struct Edge {
    days: Vec<Option<NaiveDate>>,
    /// The instant, or the first one of the day.
    starts: Vec<Option<i64>>,
    /// The instant, or the first one after the day.
    after: Vec<Option<i64>>,
}

impl Edge {
    fn of(
        column: Option<&str>,
        states: &RecordBatch,
        zone: Tz,
    ) -> Result<Option<Self>, ArrowError> {
        let Some(name) = column else {
            return Ok(None);
        };
        let values = states.column(states.schema().index_of(name)?);
        let days = days(values, zone)?;
        let is_instant = matches!(
            values.data_type(),
            arrow::datatypes::DataType::Timestamp(..)
        );
        if is_instant {
            let at = instants(values, zone)?;
            return Ok(Some(Self {
                days,
                starts: at.clone(),
                after: at,
            }));
        }
        let start = |day: NaiveDate| start_of_day(day, zone);
        let starts = days.iter().map(|day| day.and_then(start)).collect();
        let next = |day: NaiveDate| start(day.succ_opt()?);
        let after = days.iter().map(|day| day.and_then(next)).collect();
        Ok(Some(Self {
            days,
            starts,
            after,
        }))
    }
}
