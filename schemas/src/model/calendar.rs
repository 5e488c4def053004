//! What the generated calendar holds: its attributes and hierarchies, the same in every warehouse.

use chrono::NaiveDate;

use super::dimension::{Attribute, Hierarchy, Level, Scd};
use super::types::{Caption, DataType};

/// The first day that a calendar can hold (date key 1).
pub(super) const FIRST_DAY: NaiveDate = day(1900, 1, 1);
/// The last day that a calendar can hold.
pub(super) const LAST_DAY: NaiveDate = day(2199, 12, 31);

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

const INTEGERS: [(&str, &str, &str); 12] = [
    ("year", "Year", "年"),
    ("half", "Half-year", "半年"),
    ("quarter", "Quarter", "季度"),
    ("month", "Month", "月"),
    ("day_of_month", "Day of month", "日"),
    ("day_of_week", "Day of week", "星期"),
    ("day_of_year", "Day of year", "年内日"),
    ("iso_year", "ISO year", "ISO 年"),
    ("iso_week", "ISO week", "ISO 周"),
    ("fiscal_year", "Fiscal year", "财年"),
    ("fiscal_quarter", "Fiscal quarter", "财季"),
    ("fiscal_month", "Fiscal month", "财月"),
];

const TEXTS: [(&str, &str, &str); 6] = [
    ("quarter_name_en", "Quarter name", "季度名（英文）"),
    ("quarter_name_zh", "Quarter name (Chinese)", "季度名"),
    ("month_name_en", "Month name", "月名（英文）"),
    ("month_name_zh", "Month name (Chinese)", "月名"),
    ("day_name_en", "Day name", "星期名（英文）"),
    ("day_name_zh", "Day name (Chinese)", "星期名"),
];

/// The attributes of a calendar, in the order of the table's columns.
pub(super) fn attributes() -> Vec<Attribute> {
    let date = attribute("date", "Date", "日期", DataType::Date);
    let integers = INTEGERS
        .iter()
        .map(|(id, en, zh)| attribute(id, en, zh, DataType::Integer));
    let texts = TEXTS
        .iter()
        .map(|(id, en, zh)| attribute(id, en, zh, DataType::Text));
    let weekend = attribute("is_weekend", "Weekend", "周末", DataType::Boolean);
    std::iter::once(date)
        .chain(integers)
        .chain(texts)
        .chain([weekend])
        .collect()
}

fn attribute(id: &str, en: &str, zh: &str, data_type: DataType) -> Attribute {
    Attribute {
        name: id.into(),
        caption: Caption {
            en: en.into(),
            zh: zh.into(),
        },
        data_type,
        scd: Scd::Overwrite,
        column: id.into(),
        tags: Vec::new(),
    }
}

/// The hierarchies of a calendar: `calendar`, `iso_week`, `fiscal`.
pub(super) fn hierarchies() -> Vec<Hierarchy> {
    let year = level("year", "Year", "年");
    let quarter = named(level("quarter", "Quarter", "季度"), "quarter_name");
    let month = named(level("month", "Month", "月"), "month_name");
    let date = Level {
        name: "day".into(),
        ..level("date", "Day", "日")
    };
    let iso = vec![
        Level {
            name: "year".into(),
            ..level("iso_year", "ISO year", "ISO 年")
        },
        Level {
            name: "week".into(),
            ..level("iso_week", "ISO week", "ISO 周")
        },
        date.clone(),
    ];
    let fiscal = vec![
        Level {
            name: "year".into(),
            ..level("fiscal_year", "Fiscal year", "财年")
        },
        Level {
            name: "quarter".into(),
            ..level("fiscal_quarter", "Fiscal quarter", "财季")
        },
        Level {
            name: "month".into(),
            ..level("fiscal_month", "Fiscal month", "财月")
        },
        date.clone(),
    ];
    vec![
        hierarchy(
            "calendar",
            "Calendar",
            "日历",
            vec![year, quarter, month, date],
        ),
        hierarchy("iso_week", "ISO weeks", "ISO 周历", iso),
        hierarchy("fiscal", "Fiscal calendar", "财务日历", fiscal),
    ]
}

fn hierarchy(id: &str, en: &str, zh: &str, levels: Vec<Level>) -> Hierarchy {
    Hierarchy {
        name: id.into(),
        caption: Caption {
            en: en.into(),
            zh: zh.into(),
        },
        levels,
    }
}

fn level(key: &str, en: &str, zh: &str) -> Level {
    Level {
        name: key.into(),
        caption: Caption {
            en: en.into(),
            zh: zh.into(),
        },
        key: key.into(),
        name_en: key.into(),
        name_zh: key.into(),
        sort: key.into(),
    }
}

fn named(level: Level, attribute: &str) -> Level {
    Level {
        name_en: format!("{attribute}_en"),
        name_zh: format!("{attribute}_zh"),
        ..level
    }
}
