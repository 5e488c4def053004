//! Wall clocks of a zone as instants, fast for many of the same days.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Days whose offsets are remembered: those of some eleven years lie beside each other.
const KNOWN_DAYS: usize = 4096;

/// A zone that remembers the offsets of the days that it was asked about.
pub(crate) struct Clock {
    zone: Tz,
    /// A day and its offset, at the day's place modulo the length.
    known: Vec<(i64, i64)>,
}

impl Clock {
    /// A clock of a zone.
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            known: Vec::new(),
        }
    }

    /// The instant of a wall clock; the earlier one where a clock went back.
    ///
    /// # Errors
    /// Why there is none.
    #[inline]
    pub(super) fn instant(&mut self, local: i64) -> Result<i64, &'static str> {
        if self.zone == Tz::UTC {
            return Ok(local);
        }
        let day = local.div_euclid(DAY);
        match self.known.get(place(day)) {
            Some((known, offset)) if *known == day => Ok(local - offset),
            _ => self.look_up(local, day),
        }
    }

    fn look_up(&mut self, local: i64, day: i64) -> Result<i64, &'static str> {
        if let Some(offset) = self.offset_of_day(day) {
            self.known.resize(KNOWN_DAYS, (i64::MAX, 0));
            self.known[place(day)] = (day, offset);
            return Ok(local - offset);
        }
        let wall = wall(local).ok_or("beyond the calendar")?;
        match self.zone.from_local_datetime(&wall).earliest() {
            Some(instant) => Ok(instant.timestamp_micros()),
            None => Err("a wall clock that the zone jumps over"),
        }
    }

    /// The offset that holds through a whole local day, in microseconds.
    fn offset_of_day(&self, day: i64) -> Option<i64> {
        let offset = |local: i64| {
            let found = self.zone.offset_from_local_datetime(&wall(local)?);
            Some(i64::from(found.single()?.fix().local_minus_utc()) * 1_000_000)
        };
        let quarters = (0..=4).map(|quarter| offset(day * DAY + quarter * (DAY / 4) - quarter / 4));
        let mut offsets = quarters.collect::<Option<Vec<i64>>>()?;
        offsets.dedup();
        match offsets.as_slice() {
            [offset] => Some(*offset),
            _ => None,
        }
    }
}

/// Where a day is remembered.
#[inline]
fn place(day: i64) -> usize {
    usize::try_from(day.rem_euclid(KNOWN_DAYS as i64)).unwrap_or(0)
}

fn wall(local: i64) -> Option<NaiveDateTime> {
    DateTime::UNIX_EPOCH
        .naive_utc()
        .checked_add_signed(TimeDelta::microseconds(local))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_clock_agrees_with_its_zone_on_every_hour_of_a_year() {
        for zone in [
            chrono_tz::Europe::Berlin,
            chrono_tz::America::New_York,
            chrono_tz::Asia::Shanghai,
            chrono_tz::UTC,
        ] {
            let mut clock = Clock::new(zone);
            for hour in 0..366 * 24 * 2 {
                let local = 1_704_067_200_000_000_i64 + hour * (DAY / 48);
                let earliest = zone.from_local_datetime(&wall(local).unwrap()).earliest();
                let expected = earliest.map(|instant| instant.timestamp_micros());
                assert_eq!(clock.instant(local).ok(), expected, "{zone} {local}");
            }
        }
    }
}
