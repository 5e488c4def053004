//! The holidays of countries, from the table in `schemas/holidays/`, together with those that a model declares.
//!
//! A year is known if the table covers it or the model declares holidays in it. Of other years nothing is said: a day
//! of which nobody knows is no ordinary day.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate, Weekday};

use super::generated::HolidaySpec;
use super::types::Caption;

const COUNTRIES: &str = include_str!("../../holidays/countries.tsv");
const DAYS: &str = include_str!("../../holidays/days.tsv");
const NAMES: &str = include_str!("../../holidays/names.tsv");

/// What a name ends with if the holiday is taken on another day than its own.
const OBSERVED: (&str, &str) = (" (observed)", "（补假）");

/// The countries of the table, by their codes of ISO 3166.
pub(super) fn countries() -> impl Iterator<Item = &'static str> + Clone {
    COUNTRIES.lines().filter_map(|line| line.split('\t').next())
}

/// The parts of a country that have holidays of their own in the table.
pub(super) fn regions(country: &str) -> BTreeSet<&'static str> {
    let rows = rows().filter(|row| row.country == country);
    rows.map(|row| row.region)
        .filter(|region| !region.is_empty())
        .collect()
}

/// The years that the table covers.
fn span(country: &str) -> Option<RangeInclusive<i32>> {
    COUNTRIES.lines().find_map(|line| {
        let mut parts = line.split('\t');
        let found = parts.next() == Some(country);
        let mut year = || parts.next()?.parse::<i32>().ok();
        let years = year()?..=year()?;
        found.then_some(years)
    })
}

/// One line of the table.
struct Row {
    country: &'static str,
    region: &'static str,
    day: NaiveDate,
    worked: bool,
    names: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    DAYS.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        Some(Row {
            country: parts.next()?,
            region: parts.next()?,
            day: parts.next()?.parse().ok()?,
            worked: parts.next()? == "working",
            names: parts.next()?,
        })
    })
}

/// The holidays and shifted working days of one calendar.
#[derive(Debug, Default)]
pub struct Holidays {
    years: BTreeSet<i32>,
    named: BTreeMap<NaiveDate, Caption>,
    working: BTreeSet<NaiveDate>,
}

impl Holidays {
    /// Everything that is known to a declaration; what the model says itself goes before the table.
    pub fn of(spec: &HolidaySpec) -> Self {
        let mut all = Self::default();
        if let Some(country) = &spec.country {
            all.years.extend(span(country).into_iter().flatten());
            all.take_table(country, spec.region.as_deref().unwrap_or_default());
        }
        for (day, name) in &spec.days {
            all.years.insert(day.year());
            all.working.remove(day);
            all.named.insert(*day, name.clone());
        }
        all.working.extend(&spec.working_days);
        all
    }

    fn take_table(&mut self, country: &str, region: &str) {
        let names: BTreeMap<&str, &str> = NAMES
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .collect();
        let here =
            |row: &Row| row.country == country && (row.region.is_empty() || row.region == region);
        for row in rows().filter(here) {
            if row.worked {
                self.working.insert(row.day);
            } else {
                // rows of a region come after those of the whole country and say everything anew
                self.named.insert(row.day, caption(&names, row.names));
            }
        }
    }

    /// True if it is known which days of the year are holidays.
    pub fn knows(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// The name of the holiday of a day.
    pub fn name(&self, day: NaiveDate) -> Option<&Caption> {
        self.named.get(&day)
    }

    /// True if a day is worked; `None` in years that are not known, unless the model says so.
    pub fn is_working_day(&self, day: NaiveDate) -> Option<bool> {
        if self.working.contains(&day) {
            return Some(true);
        }
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.knows(day.year())
            .then(|| !weekend && !self.named.contains_key(&day))
    }

    /// The years of a span that are not known, as runs of years.
    pub fn unknown_years(&self, from: NaiveDate, to: NaiveDate) -> Vec<RangeInclusive<i32>> {
        let mut runs: Vec<RangeInclusive<i32>> = Vec::new();
        for year in (from.year()..=to.year()).filter(|year| !self.knows(*year)) {
            match runs.last_mut() {
                Some(run) if *run.end() == year - 1 => *run = *run.start()..=year,
                _ => runs.push(year..=year),
            }
        }
        runs
    }
}

fn caption(names: &BTreeMap<&str, &str>, written: &str) -> Caption {
    let in_chinese = written.split("; ").map(|name| {
        let plain = name.strip_suffix(OBSERVED.0);
        let suffix = plain.map_or("", |_| OBSERVED.1);
        let plain = plain.unwrap_or(name);
        format!("{}{suffix}", names.get(plain).unwrap_or(&plain))
    });
    Caption {
        en: written.to_owned(),
        zh: in_chinese.collect::<Vec<_>>().join("；"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(country: &str, region: Option<&str>) -> Holidays {
        Holidays::of(&HolidaySpec {
            country: Some(country.into()),
            region: region.map(str::to_owned),
            ..HolidaySpec::default()
        })
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_line_of_the_table_is_read_and_every_name_has_its_chinese() {
        assert_eq!(rows().count(), DAYS.lines().count());
        let names: BTreeSet<&str> = NAMES.lines().filter_map(|l| l.split('\t').next()).collect();
        for row in rows().filter(|row| !row.worked) {
            for name in row.names.split("; ") {
                assert!(
                    names.contains(name.strip_suffix(OBSERVED.0).unwrap_or(name)),
                    "{name}"
                );
            }
        }
        assert!(countries().all(|country| span(country).is_some()));
    }

    #[test]
    fn shifted_days_of_china_are_worked() {
        let china = of("CN", None);
        assert_eq!(
            china.is_working_day(day("2026-02-14")),
            Some(true),
            "a Saturday"
        );
        assert_eq!(
            china.is_working_day(day("2026-02-20")),
            Some(false),
            "a Friday"
        );
        assert_eq!(china.name(day("2026-02-17")).unwrap().zh, "春节");
        assert_eq!(china.is_working_day(day("2031-05-06")), None);
        assert_eq!(
            china.unknown_years(day("2025-01-01"), day("2030-12-31")),
            [2027..=2030]
        );
    }

    #[test]
    fn a_region_adds_its_own_days() {
        let corpus_christi = day("2026-06-04");
        assert!(of("DE", None).name(corpus_christi).is_none());
        let bavaria = of("DE", Some("BY"));
        assert_eq!(bavaria.name(corpus_christi).unwrap().zh, "基督圣体节");
        assert!(bavaria.name(day("2026-10-03")).is_some());
        assert!(regions("DE").contains("BY") && regions("US").is_empty());
    }

    #[test]
    fn what_the_model_says_goes_before_the_table() {
        let mut spec = HolidaySpec {
            country: Some("CN".into()),
            ..HolidaySpec::default()
        };
        let name = Caption::of_id("works_outing");
        spec.days.insert(day("2026-02-14"), name.clone());
        spec.days.insert(day("2040-03-01"), name.clone());
        spec.working_days.insert(day("2026-05-02"));
        spec.working_days.insert(day("2044-03-01"));
        let all = Holidays::of(&spec);
        assert_eq!(all.is_working_day(day("2026-02-14")), Some(false));
        assert_eq!(all.is_working_day(day("2026-05-02")), Some(true));
        assert_eq!(
            all.is_working_day(day("2040-03-02")),
            Some(true),
            "the year is known"
        );
        assert_eq!(all.is_working_day(day("2044-03-01")), Some(true));
        assert_eq!(all.is_working_day(day("2044-03-02")), None);
        assert_eq!(all.name(day("2040-03-01")), Some(&name));
    }
}
