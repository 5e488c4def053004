//! Days, instants and the business calendar of the simulated company.
//!
//! Not responsible for time zones of a warehouse: everything here is UTC, as the operational database stores it.

use chrono::{Datelike, NaiveDate};

/// A calendar day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Day(pub(crate) i32);

/// An instant in whole seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Stamp(pub(crate) i64);

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// First days of the Chinese New Year that the calendar knows.
const NEW_YEARS: [(i32, u32, u32); 16] = [
    (2020, 1, 25),
    (2021, 2, 12),
    (2022, 2, 1),
    (2023, 1, 22),
    (2024, 2, 10),
    (2025, 1, 29),
    (2026, 2, 17),
    (2027, 2, 6),
    (2028, 1, 26),
    (2029, 2, 13),
    (2030, 2, 3),
    (2031, 1, 23),
    (2032, 2, 11),
    (2033, 1, 31),
    (2034, 2, 19),
    (2035, 2, 8),
];

/// How busy each month is, January first; the year's mean is close to one.
const SEASON: [f64; 12] = [
    0.95, 0.80, 1.05, 1.00, 1.02, 1.05, 0.90, 0.85, 1.05, 1.05, 1.38, 0.95,
];

impl Day {
    /// The day of a calendar date.
    pub(crate) fn of(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }

    /// The calendar date of the day.
    pub(crate) fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or_default()
    }

    /// The day so many days later.
    pub(crate) fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Midnight at which the day begins.
    pub(crate) fn start(self) -> Stamp {
        Stamp(i64::from(self.0) * DAY_SECONDS)
    }

    /// The last second of the day.
    pub(crate) fn end(self) -> Stamp {
        Stamp(self.plus(1).start().0 - 1)
    }

    /// Day of the week, Monday = 0.
    pub(crate) fn weekday(self) -> i32 {
        (self.0 + 3).rem_euclid(7)
    }

    /// How busy the month of this day is.
    pub(crate) fn season(self) -> f64 {
        SEASON[self.date().month0() as usize]
    }

    /// The first day of this month.
    pub(crate) fn first_of_month(self) -> Self {
        let date = self.date();
        self.plus(1 - date.day().cast_signed())
    }

    /// The first day of the next month.
    pub(crate) fn next_month(self) -> Self {
        self.first_of_month().plus(32).first_of_month()
    }

    /// Whether Chinese companies are closed: three days before the new year to eleven after it.
    pub(crate) fn is_new_year_rest(self) -> bool {
        let date = self.date();
        NEW_YEARS
            .iter()
            .filter(|(year, _, _)| *year == date.year())
            .filter_map(|&(year, month, day)| NaiveDate::from_ymd_opt(year, month, day))
            .any(|first| (-3..=11).contains(&(self.0 - Day::of(first).0)))
    }
}

impl Stamp {
    /// The day that the instant lies in.
    pub(crate) fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_SECONDS) as i32)
    }

    /// The instant so many seconds later.
    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The instant so many days later, at the same time of day.
    pub(crate) fn plus_days(self, days: i32) -> Self {
        self.plus_seconds(i64::from(days) * DAY_SECONDS)
    }

    /// Hour, minute and second of the day.
    pub(crate) fn clock(self) -> (u8, u8, u8) {
        let seconds = self.0.rem_euclid(DAY_SECONDS);
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        (hour as u8, minute as u8, (seconds % 60) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::of(text.parse().unwrap_or_default())
    }

    #[test]
    fn months_and_weekdays_follow_the_calendar() {
        assert_eq!(day("2026-11-02").weekday(), 0);
        assert_eq!(day("2024-02-29").first_of_month(), day("2024-02-01"));
        assert_eq!(day("2025-12-31").next_month(), day("2026-01-01"));
        assert_eq!(day("2026-01-01").start().clock(), (0, 0, 0));
        assert_eq!(day("2026-01-01").end().clock(), (23, 59, 59));
    }

    #[test]
    fn new_year_rest_moves_with_the_moon() {
        assert!(day("2025-01-29").is_new_year_rest());
        assert!(!day("2026-01-29").is_new_year_rest());
        assert!(day("2026-02-17").is_new_year_rest());
    }
}
