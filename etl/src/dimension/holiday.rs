//! What is known of days as holidays and working days: the columns of a calendar that declares them.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use chrono::{Datelike, NaiveDate, Weekday};
use planisphere_schemas::model::Holidays;

/// The column of that name; `None` if it is no column of holidays. Days in years that are not known have no values.
pub(super) fn holiday_column(
    name: &str,
    days: &[Option<NaiveDate>],
    holidays: &Holidays,
) -> Option<ArrayRef> {
    let flags = |of: &dyn Fn(NaiveDate) -> Option<bool>| -> ArrayRef {
        let values = days.iter().map(|day| day.and_then(of));
        Arc::new(BooleanArray::from_iter(values))
    };
    let texts = |of: &dyn Fn(NaiveDate) -> Option<String>| -> ArrayRef {
        let values = days.iter().map(|day| day.and_then(of));
        Arc::new(StringArray::from_iter(values))
    };
    let kind = |at: usize| {
        move |day: NaiveDate| kind_of_day(holidays, day).map(|kind| kind[at].to_owned())
    };
    Some(match name {
        "is_holiday" => flags(&|day| {
            let known = holidays.knows(day.year());
            known.then(|| holidays.name(day).is_some())
        }),
        "is_working_day" => flags(&|day| holidays.is_working_day(day)),
        "holiday_name_en" => texts(&|day| holidays.name(day).map(|name| name.en.clone())),
        "holiday_name_zh" => texts(&|day| holidays.name(day).map(|name| name.zh.clone())),
        "day_type" => texts(&kind(0)),
        "day_type_name_en" => texts(&kind(1)),
        "day_type_name_zh" => texts(&kind(2)),
        _ => return None,
    })
}

const WORKING: [&str; 3] = ["working_day", "Working day", "工作日"];
const SHIFTED: [&str; 3] = ["shifted_working_day", "Shifted working day", "调休工作日"];
const HOLIDAY: [&str; 3] = ["holiday", "Holiday", "节假日"];
const WEEKEND: [&str; 3] = ["weekend", "Weekend", "周末"];

/// The key of the kind of day, and its names. A holiday on a weekend is a holiday.
fn kind_of_day(holidays: &Holidays, day: NaiveDate) -> Option<[&'static str; 3]> {
    let worked = holidays.is_working_day(day)?;
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let holiday = holidays.name(day).is_some();
    Some(match (worked, weekend || holiday, holiday) {
        (true, true, _) => SHIFTED,
        (true, false, _) => WORKING,
        (false, _, true) => HOLIDAY,
        (false, _, false) => WEEKEND,
    })
}
