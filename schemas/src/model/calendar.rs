//! What the generated calendar holds: its attributes and hierarchies. Those of every calendar come first, those of
//! holidays and retail years follow where they are declared, so that no column moves.

use chrono::NaiveDate;

use super::dimension::{Attribute, Hierarchy, Level, Scd};
use super::generated::CalendarSpec;
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

/// What is known of days where holidays are declared.
const HOLIDAYS: [(&str, &str, &str, DataType); 7] = [
    ("is_holiday", "Holiday", "节假日", DataType::Boolean),
    (
        "holiday_name_en",
        "Holiday name",
        "节日名（英文）",
        DataType::Text,
    ),
    (
        "holiday_name_zh",
        "Holiday name (Chinese)",
        "节日名",
        DataType::Text,
    ),
    ("is_working_day", "Working day", "工作日", DataType::Boolean),
    ("day_type", "Kind of day", "日类型", DataType::Text),
    (
        "day_type_name_en",
        "Kind of day (name)",
        "日类型名（英文）",
        DataType::Text,
    ),
    (
        "day_type_name_zh",
        "Kind of day (Chinese name)",
        "日类型名",
        DataType::Text,
    ),
];

/// The numbers of days where retail years are declared.
const RETAIL: [(&str, &str, &str); 5] = [
    ("retail_year", "Retail year", "零售年"),
    ("retail_quarter", "Retail quarter", "零售季度"),
    ("retail_month", "Retail month", "零售月"),
    ("retail_week", "Retail week", "零售周"),
    (
        "retail_weeks_of_year",
        "Weeks of the retail year",
        "零售年周数",
    ),
];

/// The attributes of a calendar, in the order of the table's columns.
pub(super) fn attributes(spec: &CalendarSpec) -> Vec<Attribute> {
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
        .chain(declared(spec))
        .collect()
}

fn declared(spec: &CalendarSpec) -> impl Iterator<Item = Attribute> {
    let holidays = HOLIDAYS.iter().filter(|_| spec.holidays.is_some());
    let retail = RETAIL.iter().filter(|_| spec.retail.is_some());
    let holidays = holidays.map(|(id, en, zh, data_type)| attribute(id, en, zh, *data_type));
    holidays.chain(retail.map(|(id, en, zh)| attribute(id, en, zh, DataType::Integer)))
}

pub(super) fn attribute(id: &str, en: &str, zh: &str, data_type: DataType) -> Attribute {
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

/// The hierarchies of a calendar: `calendar`, `iso_week`, `fiscal`, and those of what is declared.
pub(super) fn hierarchies(spec: &CalendarSpec) -> Vec<Hierarchy> {
    let day = || called("day", level("date", "Day", "日"));
    let calendar = vec![
        level("year", "Year", "年"),
        named(level("quarter", "Quarter", "季度"), "quarter_name"),
        named(level("month", "Month", "月"), "month_name"),
        day(),
    ];
    let iso = vec![
        called("year", level("iso_year", "ISO year", "ISO 年")),
        called("week", level("iso_week", "ISO week", "ISO 周")),
        day(),
    ];
    let fiscal = vec![
        called("year", level("fiscal_year", "Fiscal year", "财年")),
        called("quarter", level("fiscal_quarter", "Fiscal quarter", "财季")),
        called("month", level("fiscal_month", "Fiscal month", "财月")),
        day(),
    ];
    let mut all = vec![
        hierarchy("calendar", "Calendar", "日历", calendar),
        hierarchy("iso_week", "ISO weeks", "ISO 周历", iso),
        hierarchy("fiscal", "Fiscal calendar", "财务日历", fiscal),
    ];
    if spec.holidays.is_some() {
        let kind = level("day_type", "Kind of day", "日类型");
        let levels = vec![named(kind, "day_type_name"), day()];
        all.push(hierarchy("day_type", "Kinds of days", "日类型", levels));
    }
    if spec.retail.is_some() {
        let levels = vec![
            called("year", level("retail_year", "Retail year", "零售年")),
            called(
                "quarter",
                level("retail_quarter", "Retail quarter", "零售季度"),
            ),
            called("month", level("retail_month", "Retail month", "零售月")),
            called("week", level("retail_week", "Retail week", "零售周")),
            day(),
        ];
        all.push(hierarchy("retail", "Retail calendar", "零售日历", levels));
    }
    all
}

/// A level under another name than that of its key.
pub(super) fn called(name: &str, level: Level) -> Level {
    Level {
        name: name.into(),
        ..level
    }
}

pub(super) fn hierarchy(id: &str, en: &str, zh: &str, levels: Vec<Level>) -> Hierarchy {
    Hierarchy {
        name: id.into(),
        caption: Caption {
            en: en.into(),
            zh: zh.into(),
        },
        levels,
    }
}

pub(super) fn level(key: &str, en: &str, zh: &str) -> Level {
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
        optional: false,
        attributes: vec![],
    }
}

pub(super) fn named(level: Level, attribute: &str) -> Level {
    Level {
        name_en: format!("{attribute}_en"),
        name_zh: format!("{attribute}_zh"),
        ..level
    }
}
