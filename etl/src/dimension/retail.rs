//! Retail years: 52 or 53 whole weeks that end on one weekday, in quarters of 13 weeks (4-4-5 and its kin).
//!
//! A 53rd week belongs to the last month of its year, as in the calendar of the National Retail Federation.

use chrono::{Datelike, Days, NaiveDate};
use planisphere_schemas::model::{NamedAfter, RetailEnd, RetailSpec};

const WEEKS_OF_QUARTER: i32 = 13;

/// Where a day stands in its retail year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetailDay {
    /// The name of the year.
    pub(super) year: i32,
    /// 1 to 4.
    pub(super) quarter: i32,
    /// 1 to 12.
    pub(super) month: i32,
    /// 1 to 53.
    pub(super) week: i32,
    /// 52 or 53.
    pub(super) weeks_of_year: i32,
}

/// The place of a day in its retail year.
pub(super) fn retail_day(spec: &RetailSpec, day: NaiveDate) -> Option<RetailDay> {
    let mut years = day.year() - 1..=day.year() + 1;
    let year = years.find(|year| end_of_year(spec, *year).is_some_and(|end| day <= end))?;
    let (before, end) = (end_of_year(spec, year - 1)?, end_of_year(spec, year)?);
    let week0 = weeks(before, day, 1)?;
    let quarter0 = (week0 / WEEKS_OF_QUARTER).min(3);
    let week_of_quarter0 = week0 - quarter0 * WEEKS_OF_QUARTER;
    let [first, second, _] = spec.pattern.map(i32::from);
    let month_of_quarter0 =
        i32::from(week_of_quarter0 >= first) + i32::from(week_of_quarter0 >= first + second);
    let begins_earlier = spec.named_after == NamedAfter::FirstDay && spec.month < 12;
    Some(RetailDay {
        year: year - i32::from(begins_earlier),
        quarter: quarter0 + 1,
        month: quarter0 * 3 + month_of_quarter0 + 1,
        week: week0 + 1,
        weeks_of_year: weeks(before, end, 0)?,
    })
}

/// Whole weeks from one day to another, less so many days.
fn weeks(from: NaiveDate, to: NaiveDate, less: i64) -> Option<i32> {
    i32::try_from((to.signed_duration_since(from).num_days() - less) / 7).ok()
}

/// The last day of the retail year that ends about the end of the month in a calendar year.
fn end_of_year(spec: &RetailSpec, year: i32) -> Option<NaiveDate> {
    const HALF_A_WEEK: u64 = 3;
    let next = match spec.month {
        12 => NaiveDate::from_ymd_opt(year + 1, 1, 1)?,
        month => NaiveDate::from_ymd_opt(year, month + 1, 1)?,
    };
    let end_of_month = next.pred_opt()?;
    let latest = match spec.ends {
        RetailEnd::Last => end_of_month,
        RetailEnd::Nearest => end_of_month.checked_add_days(Days::new(HALF_A_WEEK))?,
    };
    let too_late = latest.weekday().days_since(spec.weekday);
    latest.checked_sub_days(Days::new(u64::from(too_late)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chrono::Weekday;

    const NRF: RetailSpec = RetailSpec {
        pattern: [4, 5, 4],
        weekday: Weekday::Sat,
        ends: RetailEnd::Nearest,
        month: 1,
        named_after: NamedAfter::FirstDay,
    };

    fn at(spec: &RetailSpec, day: &str) -> RetailDay {
        retail_day(spec, day.parse().unwrap()).unwrap()
    }

    /// The first days of the years that the National Retail Federation has published.
    #[test]
    fn years_of_the_national_retail_federation() {
        let published = [
            (2012, "2012-01-29", 53),
            (2013, "2013-02-03", 52),
            (2016, "2016-01-31", 52),
            (2017, "2017-01-29", 53),
            (2018, "2018-02-04", 52),
            (2019, "2019-02-03", 52),
            (2020, "2020-02-02", 52),
            (2021, "2021-01-31", 52),
            (2022, "2022-01-30", 52),
            (2023, "2023-01-29", 53),
            (2024, "2024-02-04", 52),
            (2025, "2025-02-02", 52),
        ];
        for (year, first, weeks_of_year) in published {
            let expected = RetailDay {
                year,
                quarter: 1,
                month: 1,
                week: 1,
                weeks_of_year,
            };
            assert_eq!(at(&NRF, first), expected, "{first}");
            let eve: NaiveDate = first.parse().unwrap();
            let eve = retail_day(&NRF, eve.pred_opt().unwrap()).unwrap();
            assert_eq!((eve.year, eve.month), (year - 1, 12), "before {first}");
        }
        assert_eq!(at(&NRF, "2024-02-03").week, 53);
        assert_eq!(at(&NRF, "2023-02-26").month, 2, "February has four weeks");
        assert_eq!(at(&NRF, "2023-04-01").month, 2, "March has five weeks");
        assert_eq!(at(&NRF, "2023-04-02").month, 3);
    }

    /// Years that end on the last Saturday of September: 2017 and 2023 had 53 weeks, from 25 September 2022 on.
    #[test]
    fn years_that_end_on_a_last_saturday() {
        let spec = RetailSpec {
            pattern: [4, 4, 5],
            ends: RetailEnd::Last,
            month: 9,
            named_after: NamedAfter::LastDay,
            ..NRF
        };
        assert_eq!(
            (at(&spec, "2022-09-25").year, at(&spec, "2022-09-25").week),
            (2023, 1)
        );
        assert_eq!(
            (at(&spec, "2023-09-30").week, at(&spec, "2023-09-30").month),
            (53, 12)
        );
        assert_eq!(
            (at(&spec, "2024-09-28").week, at(&spec, "2024-09-29").year),
            (52, 2025)
        );
    }

    #[test]
    fn names_of_years_that_end_in_winter_leave_none_out() {
        let spec = RetailSpec { month: 12, ..NRF };
        for named_after in [NamedAfter::FirstDay, NamedAfter::LastDay] {
            let spec = RetailSpec {
                named_after,
                ..spec
            };
            let days = NaiveDate::from_ymd_opt(1990, 1, 1)
                .unwrap()
                .iter_days()
                .take(20_000);
            let mut days = days.map(|day| retail_day(&spec, day).unwrap());
            let mut before = days.next().unwrap();
            for day in days {
                let next_week = day.year == before.year && (day.week - before.week) / 2 == 0;
                let next_year = day.year == before.year + 1
                    && (day.week, before.week) == (1, before.weeks_of_year);
                assert!(next_week || next_year, "{before:?} {day:?}");
                before = day;
            }
        }
    }
}
