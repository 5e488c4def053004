//! `calendar:` and `time_of_day:` of a dimension: what its members are generated from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, Weekday};

use crate::document::{Decoder, Faults, Fields, Node};
use crate::model::calendar;
use crate::model::generated::{
    CalendarSpec, HolidaySpec, NamedAfter, RetailEnd, RetailSpec, TimeGrain, TimeOfDaySpec,
};
use crate::model::holidays;
use crate::model::types::Caption;

/// Decodes `calendar:`.
pub(super) fn calendar_spec(node: &Node, faults: &mut Faults) -> CalendarSpec {
    let fallback = CalendarSpec {
        from: NaiveDate::MIN,
        to: NaiveDate::MIN,
        fiscal_year_starts: 1,
        holidays: None,
        retail: None,
    };
    let Some(mut fields) = Fields::of(node, "a calendar", faults) else {
        return fallback;
    };
    let from = fields.need::<NaiveDate>("from");
    let to = fields.need::<NaiveDate>("to");
    let starts = fields.or("fiscal_year_starts", 1_u64);
    let holidays = fields.optional("holidays");
    let holidays = holidays.and_then(|node| holiday_spec(node, fields.faults()));
    let retail = fields.optional("retail");
    let retail = retail.and_then(|node| retail_spec(node, fields.faults()));
    fields.finish();
    let (Some(from), Some(to)) = (from, to) else {
        return fallback;
    };
    if from < calendar::FIRST_DAY || to < from || to > calendar::LAST_DAY {
        let message = format!(
            "a calendar runs from {} at the earliest to {} at the latest, and not backwards",
            calendar::FIRST_DAY,
            calendar::LAST_DAY
        );
        faults.add(&node.place, message);
    }
    CalendarSpec {
        from,
        to,
        fiscal_year_starts: month("fiscal_year_starts", starts, node, faults),
        holidays,
        retail,
    }
}

fn month(field: &str, number: u64, node: &Node, faults: &mut Faults) -> u32 {
    if !(1..=12).contains(&number) {
        faults.add(
            &node.place,
            format!("{field} {number} is not a month from 1 to 12"),
        );
    }
    u32::try_from(number).unwrap_or(1)
}

fn holiday_spec(node: &Node, faults: &mut Faults) -> Option<HolidaySpec> {
    let mut fields = Fields::of(node, "the holidays of a calendar", faults)?;
    let country = fields.optional("country");
    let region = fields.optional("region");
    let days = fields.named("days", |text, node, place, faults| {
        let day = text.parse::<NaiveDate>();
        if day.is_err() {
            faults.add(place, format!("'{text}' is not a date such as 2025-12-31"));
        }
        Some((day.ok()?, Caption::decode(node, faults)?))
    });
    let working_days: BTreeSet<NaiveDate> = fields
        .list::<NaiveDate>("working_days")
        .into_iter()
        .collect();
    let days: BTreeMap<NaiveDate, Caption> = days.into_iter().collect();
    let nothing = country.is_none() && days.is_empty() && working_days.is_empty();
    for day in days.keys().filter(|day| working_days.contains(day)) {
        let message = format!("{day} is declared as a holiday and as a working day");
        fields.faults().add(&node.place, message);
    }
    fields.finish();
    if nothing {
        let message = "the holidays of a calendar lack 'country', 'days' or 'working_days'";
        faults.add(&node.place, message);
    }
    let country = country.and_then(|node| country_code(node, faults));
    let region = region.and_then(|node| region_code(node, country.as_deref(), faults));
    Some(HolidaySpec {
        country,
        region,
        days,
        working_days,
    })
}

fn country_code(node: &Node, faults: &mut Faults) -> Option<String> {
    let code = String::decode(node, faults)?;
    if !holidays::countries().any(|known| known == code) {
        let hint = format!(
            "holidays are known of {}; declare those of others under 'days'",
            holidays::countries().collect::<Vec<_>>().join(", ")
        );
        let message = format!("no holidays are known of country '{code}'");
        faults.add_with_hint(&node.place, message, Some(hint));
    }
    Some(code)
}

fn region_code(node: &Node, country: Option<&str>, faults: &mut Faults) -> Option<String> {
    let code = String::decode(node, faults)?;
    let known = holidays::regions(country.unwrap_or_default());
    if !known.contains(code.as_str()) {
        let message = format!(
            "no holidays of its own are known of region '{code}' of country '{}'",
            country.unwrap_or_default()
        );
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let hint = match known.is_empty() {
            true => "leave 'region' out, and declare its holidays under 'days'".to_owned(),
            false => format!("regions: {known}; declare the holidays of others under 'days'"),
        };
        faults.add_with_hint(&node.place, message, Some(hint));
    }
    Some(code)
}

const PATTERNS: [(&str, [u8; 3]); 3] = [
    ("4-4-5", [4, 4, 5]),
    ("4-5-4", [4, 5, 4]),
    ("5-4-4", [5, 4, 4]),
];

fn retail_spec(node: &Node, faults: &mut Faults) -> Option<RetailSpec> {
    let mut fields = Fields::of(node, "the retail years of a calendar", faults)?;
    fields.required("pattern");
    let pattern = fields.choice("pattern", &PATTERNS);
    let ends = ends();
    let ends: Vec<(&str, (RetailEnd, Weekday))> = ends
        .iter()
        .map(|(word, meaning)| (word.as_str(), *meaning))
        .collect();
    fields.required("ends");
    let ends = fields.choice("ends", &ends);
    let number = fields.need::<u64>("month");
    let named = [
        ("first_day", NamedAfter::FirstDay),
        ("last_day", NamedAfter::LastDay),
    ];
    let named = fields.choice("named_after", &named);
    fields.finish();
    let month = month("month", number?, node, faults);
    // by default after the calendar year in which most of it lies
    let most = match month < 6 {
        true => NamedAfter::FirstDay,
        false => NamedAfter::LastDay,
    };
    let (ends, weekday) = ends?;
    Some(RetailSpec {
        pattern: pattern?,
        weekday,
        ends,
        month,
        named_after: named.unwrap_or(most),
    })
}

/// `last_saturday`, `nearest_sunday` and so on.
fn ends() -> Vec<(String, (RetailEnd, Weekday))> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Mon),
        ("tuesday", Weekday::Tue),
        ("wednesday", Weekday::Wed),
        ("thursday", Weekday::Thu),
        ("friday", Weekday::Fri),
        ("saturday", Weekday::Sat),
        ("sunday", Weekday::Sun),
    ];
    let kinds = [("last", RetailEnd::Last), ("nearest", RetailEnd::Nearest)];
    let all = kinds.iter().flat_map(|(kind, end)| {
        DAYS.iter()
            .map(move |(day, weekday)| (format!("{kind}_{day}"), (*end, *weekday)))
    });
    all.collect()
}

/// Decodes `time_of_day:`.
pub(super) fn time_of_day_spec(node: &Node, faults: &mut Faults) -> TimeOfDaySpec {
    let fallback = TimeOfDaySpec {
        grain: TimeGrain::Minute,
    };
    let Some(mut fields) = Fields::of(node, "a time of day", faults) else {
        return fallback;
    };
    let grains = [("minute", TimeGrain::Minute), ("second", TimeGrain::Second)];
    fields.required("grain");
    let grain = fields.choice("grain", &grains);
    fields.finish();
    TimeOfDaySpec {
        grain: grain.unwrap_or(TimeGrain::Minute),
    }
}
