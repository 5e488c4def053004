//! The generated times of day: one row a minute or second with its hour and part of the day.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, SpecialMember, TimeGrain, TimeOfDaySpec};

use super::calendar::generated;
use super::special::SpecialRow;

const HALVES: [[&str; 2]; 2] = [["AM", "上午"], ["PM", "下午"]];
const PARTS: [[&str; 2]; 4] = [
    ["Night", "凌晨"],
    ["Morning", "上午"],
    ["Afternoon", "下午"],
    ["Evening", "晚上"],
];
const HOURS_OF_PART: u32 = 6;

/// Builds the table: special members, then every minute or second from midnight on, with keys from 1.
///
/// # Errors
/// Arrow's, if the columns do not fit the declared schema.
pub(crate) fn build_time_of_day(
    dimension: &Dimension,
    spec: TimeOfDaySpec,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let mut special = SpecialMember::ALL;
    special.reverse();
    let seconds = (0..spec.grain.members()).map(|at| at * spec.grain.seconds());
    let special_rows = special.map(|special| (SpecialRow::of(special), None));
    let rows: Vec<(i32, String, Option<u32>)> = special_rows
        .into_iter()
        .map(|(row, at)| (row.key, row.id.to_owned(), at))
        .chain(seconds.map(|at| (key_of(spec, at), clock(spec, at), Some(at))))
        .collect();
    let times: Vec<Option<u32>> = rows.iter().map(|row| row.2).collect();
    let attributes = dimension.attributes.iter();
    let attributes = attributes.map(|attribute| column(&attribute.name, &times, spec));
    let keys: Vec<i32> = rows.iter().map(|row| row.0).collect();
    let ids = rows.into_iter().map(|row| row.1).collect();
    generated(dimension, keys, ids, attributes.collect(), audit_key)
}

/// The key of the minute or second that holds an instant of the day, in seconds since midnight.
pub(crate) fn key_of(spec: TimeOfDaySpec, second: u32) -> i32 {
    i32::try_from(second / spec.grain.seconds() + 1).unwrap_or(i32::MAX)
}

/// `07:05`, or `07:05:09`.
fn clock(spec: TimeOfDaySpec, second: u32) -> String {
    let (hour, minute) = (second / 3600, second / 60 % 60);
    match spec.grain {
        TimeGrain::Minute => format!("{hour:02}:{minute:02}"),
        TimeGrain::Second => format!("{hour:02}:{minute:02}:{:02}", second % 60),
    }
}

fn column(name: &str, times: &[Option<u32>], spec: TimeOfDaySpec) -> ArrayRef {
    let texts = |of: &dyn Fn(u32) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter(times.iter().map(|at| at.map(of))))
    };
    let numbers = |of: &dyn Fn(u32) -> u32| -> ArrayRef {
        let values = times
            .iter()
            .map(|at| at.map(of).and_then(|n| i32::try_from(n).ok()));
        Arc::new(Int32Array::from_iter(values))
    };
    let half = |at: u32| at / 3600 / 12;
    let part = |at: u32| at / 3600 / HOURS_OF_PART;
    match name {
        "time" => texts(&|at| clock(spec, at)),
        "hour_name" => texts(&|at| format!("{:02}:00", at / 3600)),
        "half_day_name_en" => texts(&|at| HALVES[half(at) as usize][0].into()),
        "half_day_name_zh" => texts(&|at| HALVES[half(at) as usize][1].into()),
        "day_part_name_en" => texts(&|at| PARTS[part(at) as usize][0].into()),
        "day_part_name_zh" => texts(&|at| PARTS[part(at) as usize][1].into()),
        "hour" => numbers(&|at| at / 3600),
        "minute" => numbers(&|at| at / 60 % 60),
        "second" => numbers(&|at| at % 60),
        "half_day" => numbers(&|at| half(at) + 1),
        "day_part" => numbers(&|at| part(at) + 1),
        _ => Arc::new(Int32Array::from(vec![None::<i32>; times.len()])),
    }
}
