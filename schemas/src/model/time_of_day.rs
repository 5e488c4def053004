//! What a time of day dimension holds: its attributes and hierarchies.

use super::calendar::{attribute, called, hierarchy, level, named};
use super::dimension::{Attribute, Hierarchy};
use super::generated::{TimeGrain, TimeOfDaySpec};
use super::types::DataType;

const ATTRIBUTES: [(&str, &str, &str, DataType); 11] = [
    ("time", "Time of day", "时刻", DataType::Text),
    ("hour", "Hour", "小时", DataType::Integer),
    ("hour_name", "Hour (name)", "小时名", DataType::Text),
    ("minute", "Minute", "分钟", DataType::Integer),
    ("second", "Second", "秒", DataType::Integer),
    ("half_day", "Half of the day", "半日", DataType::Integer),
    (
        "half_day_name_en",
        "Half of the day (name)",
        "半日名（英文）",
        DataType::Text,
    ),
    (
        "half_day_name_zh",
        "Half of the day (Chinese name)",
        "半日名",
        DataType::Text,
    ),
    ("day_part", "Part of the day", "时段", DataType::Integer),
    (
        "day_part_name_en",
        "Part of the day (name)",
        "时段名（英文）",
        DataType::Text,
    ),
    (
        "day_part_name_zh",
        "Part of the day (Chinese name)",
        "时段名",
        DataType::Text,
    ),
];

/// The attributes, in the order of the table's columns.
pub(super) fn attributes(spec: TimeOfDaySpec) -> Vec<Attribute> {
    ATTRIBUTES
        .iter()
        .filter(|(id, ..)| spec.grain == TimeGrain::Second || *id != "second")
        .map(|(id, en, zh, data_type)| attribute(id, en, zh, *data_type))
        .collect()
}

/// The hierarchies: `time`, and the parts and halves of the day above it.
pub(super) fn hierarchies(spec: TimeOfDaySpec) -> Vec<Hierarchy> {
    let below = |first: Option<_>| {
        let hour = level("hour", "Hour", "小时");
        let hour = super::dimension::Level {
            name_en: "hour_name".into(),
            name_zh: "hour_name".into(),
            ..hour
        };
        let mut levels: Vec<_> = first.into_iter().chain([hour]).collect();
        match spec.grain {
            TimeGrain::Minute => levels.push(called("minute", level("time", "Minute", "分钟"))),
            TimeGrain::Second => levels.extend([
                level("minute", "Minute", "分钟"),
                called("second", level("time", "Second", "秒")),
            ]),
        }
        levels
    };
    let part = named(
        level("day_part", "Part of the day", "时段"),
        "day_part_name",
    );
    let half = named(
        level("half_day", "Half of the day", "半日"),
        "half_day_name",
    );
    vec![
        hierarchy("time", "Time of day", "时刻", below(None)),
        hierarchy("day_part", "Parts of the day", "时段", below(Some(part))),
        hierarchy("half_day", "Halves of the day", "半日", below(Some(half))),
    ]
}
