//! The generated calendar: one row a day with its names, weeks and fiscal periods.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::{Datelike, NaiveDate};
use planisphere_schemas::model::{CalendarSpec, Dimension, Holidays, SpecialMember, key_of_date};

use super::holiday::holiday_column;
use super::retail::{RetailDay, retail_day};
use super::special::SpecialRow;
use super::{OPEN_FROM, OPEN_TO, arrow_schema};

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_ZH: [&str; 12] = [
    "一月",
    "二月",
    "三月",
    "四月",
    "五月",
    "六月",
    "七月",
    "八月",
    "九月",
    "十月",
    "十一月",
    "十二月",
];
const DAYS_EN: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const DAYS_ZH: [&str; 7] = [
    "星期一",
    "星期二",
    "星期三",
    "星期四",
    "星期五",
    "星期六",
    "星期日",
];
const QUARTERS_EN: [&str; 4] = ["Q1", "Q2", "Q3", "Q4"];
const QUARTERS_ZH: [&str; 4] = ["第一季度", "第二季度", "第三季度", "第四季度"];

/// Builds the calendar's table: special members, then every day of the span.
///
/// # Errors
/// Arrow's, if the columns do not fit the declared schema.
pub(crate) fn build_calendar(
    dimension: &Dimension,
    spec: &CalendarSpec,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let mut special = SpecialMember::ALL;
    special.reverse();
    let mut days: Vec<Day> = special.into_iter().map(Day::Special).collect();
    days.extend(
        spec.from
            .iter_days()
            .take_while(|day| *day <= spec.to)
            .map(Day::Day),
    );
    let holidays = spec.holidays.as_ref().map(Holidays::of).unwrap_or_default();
    let facts = Facts {
        dates: days.iter().map(Day::date).collect(),
        spec,
        holidays,
    };
    let attributes = dimension.attributes.iter();
    let attributes = attributes.map(|attribute| facts.column(&attribute.name));
    let keys = days.iter().map(Day::key).collect();
    let ids = days.iter().map(Day::id).collect();
    generated(dimension, keys, ids, attributes.collect(), audit_key)
}

/// A table of generated members: each has one row for ever, under a key that is durable key too.
pub(super) fn generated(
    dimension: &Dimension,
    keys: Vec<i32>,
    ids: Vec<String>,
    attributes: Vec<ArrayRef>,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let rows = keys.len();
    let keys: ArrayRef = Arc::new(Int32Array::from(keys));
    let mut columns: Vec<ArrayRef> = vec![
        Arc::clone(&keys),
        keys,
        Arc::new(StringArray::from(vec!["planisphere"; rows])),
        Arc::new(StringArray::from(ids)),
    ];
    columns.extend(attributes);
    let instants = |instant: i64| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![instant; rows]).with_timezone("UTC"))
    };
    columns.push(instants(OPEN_FROM));
    columns.push(instants(OPEN_TO));
    columns.push(Arc::new(StringArray::from(vec!["given"; rows])));
    columns.push(Arc::new(BooleanArray::from(vec![true; rows])));
    columns.push(Arc::new(BooleanArray::from(vec![false; rows])));
    columns.push(Arc::new(Int64Array::from(vec![audit_key; rows])));
    RecordBatch::try_new(arrow_schema(dimension), columns)
}

enum Day {
    Special(SpecialMember),
    Day(NaiveDate),
}

impl Day {
    fn key(&self) -> i32 {
        match self {
            Self::Special(special) => SpecialRow::of(*special).key,
            Self::Day(date) => key_of_date(*date).unwrap_or(SpecialMember::InvalidCode.key()),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Special(special) => SpecialRow::of(*special).id.to_owned(),
            Self::Day(date) => date.to_string(),
        }
    }

    fn date(&self) -> Option<NaiveDate> {
        match self {
            Self::Special(_) => None,
            Self::Day(date) => Some(*date),
        }
    }
}

/// The days of a calendar, special members without one, and all that is known of them.
struct Facts<'a> {
    dates: Vec<Option<NaiveDate>>,
    spec: &'a CalendarSpec,
    holidays: Holidays,
}

impl Facts<'_> {
    fn column(&self, name: &str) -> ArrayRef {
        holiday_column(name, &self.dates, &self.holidays)
            .unwrap_or_else(|| attribute_column(name, &self.dates, self.spec))
    }
}

fn attribute_column(name: &str, days: &[Option<NaiveDate>], spec: &CalendarSpec) -> ArrayRef {
    let dates = || days.iter().copied();
    let names = |list: &'static [&'static str], at: fn(NaiveDate) -> u32| -> ArrayRef {
        let values = dates().map(|date| date.map(|date| list[at(date) as usize]));
        Arc::new(StringArray::from_iter(values))
    };
    match name {
        "date" => Arc::new(Date32Array::from_iter(
            dates().map(|date| date.map(epoch_days)),
        )),
        "is_weekend" => {
            let weekend = |date: NaiveDate| date.weekday().num_days_from_monday() >= 5;
            Arc::new(BooleanArray::from_iter(
                dates().map(|date| date.map(weekend)),
            ))
        }
        "quarter_name_en" => names(&QUARTERS_EN, |date| date.month0() / 3),
        "quarter_name_zh" => names(&QUARTERS_ZH, |date| date.month0() / 3),
        "month_name_en" => names(&MONTHS_EN, |date| date.month0()),
        "month_name_zh" => names(&MONTHS_ZH, |date| date.month0()),
        "day_name_en" => names(&DAYS_EN, |date| date.weekday().num_days_from_monday()),
        "day_name_zh" => names(&DAYS_ZH, |date| date.weekday().num_days_from_monday()),
        number => {
            let values = dates().map(|date| date.and_then(|date| number_of(number, date, spec)));
            Arc::new(Int32Array::from_iter(values))
        }
    }
}

fn epoch_days(date: NaiveDate) -> i32 {
    let epoch = chrono::DateTime::UNIX_EPOCH.date_naive();
    i32::try_from(date.signed_duration_since(epoch).num_days()).unwrap_or(i32::MAX)
}

/// A number of a day. The fiscal year is named after the calendar year in which it ends (ISO 8601 weeks).
fn number_of(name: &str, date: NaiveDate, spec: &CalendarSpec) -> Option<i32> {
    let month0 = date.month0();
    let fiscal_month0 = (month0 + 12 - (spec.fiscal_year_starts - 1)) % 12;
    let ends_later = spec.fiscal_year_starts > 1 && month0 + 1 >= spec.fiscal_year_starts;
    let retail = |of: fn(RetailDay) -> i32| retail_day(spec.retail.as_ref()?, date).map(of);
    let number = match name {
        "retail_year" => return retail(|day| day.year),
        "retail_quarter" => return retail(|day| day.quarter),
        "retail_month" => return retail(|day| day.month),
        "retail_week" => return retail(|day| day.week),
        "retail_weeks_of_year" => return retail(|day| day.weeks_of_year),
        "year" => return Some(date.year()),
        "iso_year" => return Some(date.iso_week().year()),
        "fiscal_year" => return Some(date.year() + i32::from(ends_later)),
        "half" => month0 / 6 + 1,
        "quarter" => month0 / 3 + 1,
        "month" => date.month(),
        "day_of_month" => date.day(),
        "day_of_week" => date.weekday().number_from_monday(),
        "day_of_year" => date.ordinal(),
        "iso_week" => date.iso_week().week(),
        "fiscal_quarter" => fiscal_month0 / 3 + 1,
        "fiscal_month" => fiscal_month0 + 1,
        _ => return None,
    };
    i32::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn number(name: &str, date: &str, fiscal_year_starts: u32) -> i32 {
        let from = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        let spec = CalendarSpec {
            from,
            to: from,
            fiscal_year_starts,
            holidays: None,
            retail: None,
        };
        number_of(name, date.parse().unwrap(), &spec).unwrap()
    }

    #[test]
    fn iso_weeks_follow_iso_8601() {
        assert_eq!(number("iso_year", "2021-01-03", 1), 2020);
        assert_eq!(number("iso_week", "2021-01-03", 1), 53);
        assert_eq!(number("iso_week", "2024-12-30", 1), 1);
        assert_eq!(number("iso_year", "2024-12-30", 1), 2025);
    }

    #[test]
    fn fiscal_years_are_named_after_their_end() {
        assert_eq!(number("fiscal_year", "2025-03-31", 4), 2025);
        assert_eq!(number("fiscal_year", "2025-04-01", 4), 2026);
        assert_eq!(number("fiscal_quarter", "2025-04-01", 4), 1);
        assert_eq!(number("fiscal_month", "2025-03-31", 4), 12);
        assert_eq!(number("fiscal_year", "2025-12-31", 1), 2025);
    }
}
