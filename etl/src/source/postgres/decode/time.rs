//! Dates, times and instants, from PostgreSQL's epoch (2000-01-01) to Arrow's (1970-01-01).

use std::sync::Arc;

use arrow::datatypes::{
    DataType as Arrow, Date32Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};

use chrono::DateTime;

use crate::source::cell::{FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, Side};
use crate::source::clock::{Clock, DAY};

use super::plain::{Misfit, Primitives, beyond, odd};
use super::{Decoder, MALFORMED, Rules, exactly};

/// Days between the epochs.
const EPOCH_DAYS: i32 = 10_957;
/// Microseconds between the epochs.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY;
/// A time of day.
pub(super) const TIME: Arrow = Arrow::Time64(TimeUnit::Microsecond);
/// A wall clock somewhere.
pub(super) const LOCAL: Arrow = Arrow::Timestamp(TimeUnit::Microsecond, None);

/// An instant.
pub(super) fn instant() -> Arrow {
    Arrow::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

const INFINITE: &str = "infinite";
const BEFORE_CHRIST: &str = "before the year 1";
const BEYOND_ARROW: &str = "beyond what Arrow holds";
const NO_MIDNIGHT: &str = "not at midnight, where a day begins";

#[inline]
fn read_date(raw: &[u8]) -> Result<i32, Misfit> {
    match exactly(raw).map(i32::from_be_bytes) {
        None => Err(odd(MALFORMED)),
        Some(i32::MAX) => Err(beyond(Side::High, INFINITE)),
        Some(i32::MIN) => Err(beyond(Side::Low, INFINITE)),
        Some(days) if days < FIRST_DAY - EPOCH_DAYS => Err(beyond(Side::Low, BEFORE_CHRIST)),
        Some(days) => Ok(days + EPOCH_DAYS),
    }
}

#[inline]
fn read_micros(raw: &[u8]) -> Result<i64, Misfit> {
    match exactly(raw).map(i64::from_be_bytes) {
        None => Err(odd(MALFORMED)),
        Some(i64::MAX) => Err(beyond(Side::High, INFINITE)),
        Some(i64::MIN) => Err(beyond(Side::Low, INFINITE)),
        Some(micros) if micros < FIRST_INSTANT - EPOCH_MICROS => {
            Err(beyond(Side::Low, BEFORE_CHRIST))
        }
        Some(micros) => micros
            .checked_add(EPOCH_MICROS)
            .ok_or(beyond(Side::High, BEYOND_ARROW)),
    }
}

/// A wall clock of the first day may stand for an instant of the year before.
fn after_christ(instant: i64) -> Result<i64, Misfit> {
    match instant < FIRST_INSTANT {
        true => Err(beyond(Side::Low, BEFORE_CHRIST)),
        false => Ok(instant),
    }
}

/// `date`; clamped to 0001-01-01 and 9999-12-31.
pub(super) fn dates(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((FIRST_DAY, LAST_DAY));
    Primitives::<Date32Type, _>::decoder(Arrow::Date32, extremes, read_date)
}

fn instant_extremes(rules: Rules) -> Option<(i64, i64)> {
    rules.clamp.then_some((FIRST_INSTANT, LAST_INSTANT))
}

/// `timestamptz`.
pub(super) fn instants(rules: Rules) -> Decoder {
    Primitives::<TimestampMicrosecondType, _>::decoder(
        instant(),
        instant_extremes(rules),
        read_micros,
    )
}

/// `timestamp` as it is, a wall clock.
pub(super) fn locals(rules: Rules) -> Decoder {
    Primitives::<TimestampMicrosecondType, _>::decoder(LOCAL, instant_extremes(rules), read_micros)
}

/// `timestamp` as an instant: the wall clock of a zone.
pub(super) fn instants_in_zone(rules: Rules) -> Decoder {
    let mut clock = Clock::new(rules.zone);
    Primitives::<TimestampMicrosecondType, _>::decoder(
        instant(),
        instant_extremes(rules),
        move |raw| after_christ(clock.instant(read_micros(raw)?).map_err(odd)?),
    )
}

/// `date` as the instant at which it begins in a zone.
pub(super) fn instants_of_days(rules: Rules) -> Decoder {
    let mut clock = Clock::new(rules.zone);
    Primitives::<TimestampMicrosecondType, _>::decoder(
        instant(),
        instant_extremes(rules),
        move |raw| {
            let midnight = i64::from(read_date(raw)?).checked_mul(DAY);
            let midnight = midnight.ok_or(beyond(Side::High, BEYOND_ARROW))?;
            after_christ(clock.instant(midnight).map_err(odd)?)
        },
    )
}

/// `timestamp` at midnight as the day that it begins.
pub(super) fn days_of_locals(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((FIRST_DAY, LAST_DAY));
    Primitives::<Date32Type, _>::decoder(Arrow::Date32, extremes, |raw| day(read_micros(raw)?))
}

/// `timestamptz` at midnight in a zone as the day that it begins there.
pub(super) fn days_of_instants(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((FIRST_DAY, LAST_DAY));
    let mut clock = Clock::new(rules.zone);
    Primitives::<Date32Type, _>::decoder(Arrow::Date32, extremes, move |raw| {
        let instant = read_micros(raw)?;
        let utc = DateTime::from_timestamp_micros(instant).ok_or(odd(NO_MIDNIGHT))?;
        let wall = utc.with_timezone(&rules.zone).naive_local();
        let local = wall.and_utc().timestamp_micros();
        // a midnight that comes twice is its day's only the first time
        match clock.instant(local) == Ok(instant) {
            true => day(local),
            false => Err(odd(NO_MIDNIGHT)),
        }
    })
}

fn day(local: i64) -> Result<i32, Misfit> {
    match local % DAY {
        0 => i32::try_from(local / DAY).map_err(|_| odd(NO_MIDNIGHT)),
        _ => Err(odd(NO_MIDNIGHT)),
    }
}

/// `time`; 24:00:00 is beyond the last microsecond of a day.
pub(super) fn times(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((0, DAY - 1));
    Primitives::<Time64MicrosecondType, _>::decoder(TIME, extremes, |raw| {
        match exactly(raw).map(i64::from_be_bytes) {
            Some(micros @ 0..DAY) => Ok(micros),
            Some(DAY) => Err(beyond(Side::High, "24:00:00")),
            _ => Err(odd(MALFORMED)),
        }
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chrono::{NaiveDate, NaiveDateTime};

    fn micros(text: &str) -> i64 {
        let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
        wall.and_utc().timestamp_micros()
    }

    #[test]
    fn the_ends_of_time_are_the_days_they_name() {
        let day = |days: i32| NaiveDate::from_epoch_days(days).unwrap().to_string();
        assert_eq!(
            (day(FIRST_DAY), day(LAST_DAY)),
            ("0001-01-01".into(), "9999-12-31".into())
        );
        assert_eq!(
            micros("9999-12-31 23:59:59") / 1_000_000,
            LAST_INSTANT / 1_000_000
        );
    }

    #[test]
    fn the_last_years_of_postgres_are_beyond_arrow() {
        let last = (i64::MAX - 1).to_be_bytes();
        assert_eq!(read_micros(&last).unwrap_err().reason, BEYOND_ARROW);
        assert_eq!(
            read_micros(&i64::MAX.to_be_bytes()).unwrap_err().reason,
            INFINITE
        );
        assert_eq!(read_micros(&0_i64.to_be_bytes()).unwrap(), EPOCH_MICROS);
    }
}
