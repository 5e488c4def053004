//! Values as days and instants.
//!
//! Texts as ISO 8601 writes them are read here by hand, since nearly all are; what is written otherwise goes to chrono.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, Timelike as _};

use super::{Cell, Problem};
use crate::source::clock::{Clock, DAY};

/// 0001-01-01, before which years are counted backwards.
pub(crate) const FIRST_DAY: i32 = -719_162;
/// 9999-12-31.
pub(crate) const LAST_DAY: i32 = 2_932_896;
/// The first instant of the first day.
pub(crate) const FIRST_INSTANT: i64 = FIRST_DAY as i64 * DAY;
/// The last instant of the last day.
pub(crate) const LAST_INSTANT: i64 = (LAST_DAY as i64 + 1) * DAY - 1;

const NO_DATE: &str = "not a date of the calendar";
const NO_INSTANT: &str = "not an instant of the calendar";
const BEFORE_CHRIST: &str = "before the year 1";

/// A day, counted from 1970-01-01.
#[inline]
pub(super) fn date(cell: Cell<'_>, pattern: Option<&str>) -> Result<i32, Problem> {
    let days = match cell {
        Cell::Day(days) => days,
        Cell::Text(text) => match (pattern, iso_day_alone(text.as_bytes())) {
            (None, Some(days)) => return Ok(days),
            _ => written_day(text, pattern.unwrap_or("%Y-%m-%d"))?,
        },
        Cell::Wall(micros) if micros.rem_euclid(DAY) == 0 => {
            i32::try_from(micros / DAY).map_err(|_| Problem::odd("out of range"))?
        }
        Cell::NoDay(_) => return Err(Problem::odd(NO_DATE)),
        _ => return Err(Problem::odd("not a date")),
    };
    match days {
        days if days < FIRST_DAY => Err(Problem::beyond(false, BEFORE_CHRIST)),
        days => Ok(days),
    }
}

fn written_day(text: &str, pattern: &str) -> Result<i32, Problem> {
    let day = NaiveDate::parse_from_str(text, pattern).map_err(|_| Problem::odd(NO_DATE))?;
    has_century(text, day.year())?;
    Ok(day.to_epoch_days())
}

/// Refuses years of fewer than four digits: `25` is hardly meant as the year 25.
fn has_century(text: &str, year: i32) -> Result<(), Problem> {
    match (0..1000).contains(&year) && !text.contains(&format!("{year:04}")) {
        true => Err(Problem::odd("a year of fewer than four digits")),
        false => Ok(()),
    }
}

/// An instant, in microseconds from 1970-01-01 00:00 UTC.
#[inline]
pub(super) fn timestamp(
    cell: Cell<'_>,
    pattern: Option<&str>,
    clock: &mut Clock,
) -> Result<i64, Problem> {
    let local = match cell {
        Cell::Instant(micros) => return after_christ(micros),
        Cell::Wall(micros) => micros,
        Cell::Text(text) => match (pattern, iso_wall(text.as_bytes())) {
            (None, Some((local, true))) => return after_christ(local),
            (None, Some((local, false))) => local,
            (Some(pattern), _) => wall_micros(text, NaiveDateTime::parse_from_str(text, pattern))?,
            (None, None) => match zoned(text) {
                Some(instant) => {
                    let wall = wall_micros(text, Ok(instant.naive_local()))?;
                    let offset = i64::from(instant.offset().local_minus_utc());
                    return after_christ(wall - offset * 1_000_000);
                }
                None => written_wall(text)?,
            },
        },
        Cell::NoDay(_) => return Err(Problem::odd(NO_INSTANT)),
        _ => return Err(Problem::odd("not an instant")),
    };
    let local = after_christ(local)?;
    // a wall clock of the first day may stand for an instant of the year before
    after_christ(clock.instant(local).map_err(Problem::odd)?)
}

#[inline]
fn after_christ(micros: i64) -> Result<i64, Problem> {
    if micros < FIRST_INSTANT {
        return Err(Problem::beyond(false, BEFORE_CHRIST));
    }
    Ok(micros)
}

/// An instant that is written with its offset.
fn zoned(text: &str) -> Option<DateTime<FixedOffset>> {
    let zoned = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z")
        .or_else(|_| DateTime::parse_from_rfc3339(text));
    zoned.ok()
}

fn written_wall(text: &str) -> Result<i64, Problem> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
    let naive = naive.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
    wall_micros(text, naive)
}

/// Microseconds of a wall clock that is written so, if it says no more than they hold.
fn wall_micros(text: &str, parsed: chrono::ParseResult<NaiveDateTime>) -> Result<i64, Problem> {
    const LEAP: u32 = 1_000_000_000;
    let wall = parsed.map_err(|_| Problem::odd(NO_INSTANT))?;
    has_century(text, wall.year())?;
    match wall.nanosecond() {
        LEAP.. => Err(Problem::odd("a leap second")),
        nanos if nanos % 1_000 != 0 => Err(Problem::odd("finer than a microsecond")),
        _ => Ok(wall.and_utc().timestamp_micros()),
    }
}

/// The length of `2025-12-31`.
const ISO_DAY: usize = 10;

/// The day that a text begins with as `2025-12-31`, from the year 1; `None` for everything else.
#[inline]
fn iso_day(text: &[u8]) -> Option<i32> {
    let (day, _) = text.split_first_chunk::<ISO_DAY>()?;
    if day[4] != b'-' || day[7] != b'-' {
        return None;
    }
    let year = two(day[0], day[1])? * 100 + two(day[2], day[3])?;
    day_of(year, two(day[5], day[6])?, two(day[8], day[9])?)
}

/// The day that a text is as `2025-12-31`, from the year 1; `None` for everything else.
#[inline]
pub(super) fn iso_day_alone(text: &[u8]) -> Option<i32> {
    if text.len() == ISO_DAY {
        iso_day(text)
    } else {
        None
    }
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// The days from 1970-01-01 to a day of the years 1 to 9999.
#[inline]
pub(crate) fn day_of(year: u32, month: u32, day: u32) -> Option<i32> {
    const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    /// Days before each month.
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let at = usize::try_from(month.checked_sub(1)?).ok()?;
    let leap = u32::from(
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)),
    );
    let days = DAYS.get(at)? + if month == 2 { leap } else { 0 };
    if year == 0 || year > 9999 || day == 0 || day > days {
        return None;
    }
    let past = year - 1;
    let years = past * 365 + past / 4 - past / 100 + past / 400;
    let months = BEFORE[at] + if month > 2 { leap } else { 0 };
    i32::try_from(years + months + day - 1)
        .ok()
        .map(|days| days + FIRST_DAY)
}

/// A wall clock as `2025-12-31 23:59:59[.ffffff…]`, with a space or `T`; true if `Z` or `+00` follows.
#[inline]
pub(super) fn iso_wall(text: &[u8]) -> Option<(i64, bool)> {
    let days = iso_day(text)?;
    let (clock, mut rest) = text.get(ISO_DAY..)?.split_first_chunk::<9>()?;
    let [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else {
        return None;
    };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut fraction = 0;
    if let [b'.', digits @ ..] = rest {
        let count = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if !(1..=9).contains(&count) {
            return None;
        }
        // what is finer than a microsecond takes a closer look
        if digits[..count].iter().skip(6).any(|digit| *digit != b'0') {
            return None;
        }
        let kept = (0..6).map(|at| digits[..count].get(at).map_or(0, |digit| digit - b'0'));
        fraction = kept.fold(0, |sum, digit| sum * 10 + i64::from(digit));
        rest = &digits[count..];
    }
    let utc = match rest {
        [] => false,
        b"Z" | b"+00" => true,
        _ => return None,
    };
    let seconds = i64::from(hour * 3_600 + minute * 60 + second);
    Some((i64::from(days) * DAY + seconds * 1_000_000 + fraction, utc))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_time_are_the_days_they_name() {
        assert_eq!(iso_day(b"0001-01-01"), Some(FIRST_DAY));
        assert_eq!(iso_day(b"9999-12-31"), Some(LAST_DAY));
        assert_eq!(iso_day(b"1970-01-01"), Some(0));
    }

    proptest! {
        #[test]
        fn days_and_clocks_are_those_of_chrono(
            year in 0_u32..=9999, month in 0_u32..=13, day in 0_u32..=32, second in 0_i64..86_400, nanos in 0_u32..1_000_000_000,
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            let known = NaiveDate::from_ymd_opt(i32::try_from(year).unwrap(), month, day).filter(|_| year > 0);
            prop_assert_eq!(iso_day(text.as_bytes()), known.map(|day| day.to_epoch_days()));
            let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            for (fraction, zone) in [("", ""), (&format!(".{nanos:09}")[..], "Z"), (&format!(".{nanos:09}")[..4], "+00")] {
                let text = format!("{text} {clock}{fraction}{zone}");
                let found = iso_wall(text.as_bytes());
                let expected = match zone {
                    "" => written_wall(&text).ok(),
                    _ => zoned(&text).and_then(|at| wall_micros(&text, Ok(at.naive_utc())).ok()),
                };
                prop_assert_eq!(found, expected.filter(|_| known.is_some()).map(|at| (at, !zone.is_empty())), "{}", text);
            }
        }
    }
}
