//! What a generated dimension is generated from: days, holidays, retail years, times of day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::types::Caption;

/// The span of the generated calendar, and what is known of its days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarSpec {
    /// The first day, 1900-01-01 or later.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The month in which the fiscal year starts, 1 to 12.
    pub fiscal_year_starts: u32,
    /// The holidays and working days, where declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<HolidaySpec>,
    /// The years of 52 or 53 weeks, where declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retail: Option<RetailSpec>,
}

/// Which days are holidays and which are worked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HolidaySpec {
    /// The code of ISO 3166 whose holidays the table of the project gives.
    pub country: Option<String>,
    /// The part of it whose own holidays count too.
    pub region: Option<String>,
    /// Holidays that the model itself declares.
    pub days: BTreeMap<NaiveDate, Caption>,
    /// Days that are worked although they are holidays or on a weekend.
    pub working_days: BTreeSet<NaiveDate>,
}

/// Years of 52 or 53 whole weeks that end on one weekday, in quarters of 13 weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetailSpec {
    /// The weeks of the three months of a quarter.
    pub pattern: [u8; 3],
    /// The weekday on which years end.
    pub weekday: Weekday,
    /// Which of these weekdays it is.
    pub ends: RetailEnd,
    /// The month at whose end years end, 1 to 12.
    pub month: u32,
    /// The day of the year that gives it its name.
    pub named_after: NamedAfter,
}

/// Which weekday ends a retail year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetailEnd {
    /// The last one of the month.
    Last,
    /// The one nearest to the last day of the month.
    Nearest,
}

/// The day of a year that gives it its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedAfter {
    /// The calendar year in which it begins.
    FirstDay,
    /// The calendar year in which it ends.
    LastDay,
}

/// The members of a time of day dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeOfDaySpec {
    /// How fine it is.
    pub grain: TimeGrain,
}

/// How fine times of day are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeGrain {
    /// One member a minute, keys 1 to 1440.
    Minute,
    /// One member a second, keys 1 to 86400.
    Second,
}

impl TimeGrain {
    /// How many seconds one member lasts.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Second => 1,
        }
    }

    /// How many members a day has.
    pub fn members(self) -> u32 {
        24 * 60 * 60 / self.seconds()
    }
}
