//! Staged values as texts that PostgreSQL reads, so that the server itself can say whether they are its own.

use anyhow::{Result, bail};
use arrow::array::{Array, AsArray as _, StructArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};

const DAY: i64 = 86_400_000_000;

/// A literal in SQL; null is `NULL`.
pub(crate) fn quoted(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        None => "NULL".to_owned(),
    }
}

/// The text of a value, as the input function of its type reads it; `None` is null.
pub(crate) fn text(array: &dyn Array, row: usize) -> Result<Option<String>> {
    if array.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Decimal256(..) => array.as_primitive::<Decimal256Type>().value_as_string(row),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => hexadecimal(array.as_binary::<i32>().value(row)),
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Time64(_) => time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let (day, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
            let zone = if zone.is_some() { "+00" } else { "" };
            let (date, era) = split_era(&date(day));
            format!("{date} {}{zone}{era}", time(rest))
        }
        DataType::List(_) => list(array, row)?,
        DataType::Struct(_) => structure(array.as_struct(), row)?,
        other => bail!("no literals of {other}"),
    }))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{digits}")
}

fn split_era(date: &str) -> (String, &'static str) {
    match date.strip_suffix(" BC") {
        Some(date) => (date.to_owned(), " BC"),
        None => (date.to_owned(), ""),
    }
}

/// Days since 1970 as a date of the Gregorian calendar, whatever the year.
fn date(days: i64) -> String {
    const CYCLE: i64 = 146_097;
    // years are counted from March, so that leap days are last
    let shifted = days + 719_468;
    let (cycle, day) = (shifted.div_euclid(CYCLE), shifted.rem_euclid(CYCLE));
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = cycle * 400 + year + i64::from(month <= 2);
    match year > 0 {
        true => format!("{year:04}-{month:02}-{day:02}"),
        false => format!("{:04}-{month:02}-{day:02} BC", 1 - year),
    }
}

/// Microseconds of a day, or more, as a clock.
fn time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!(
        "{hour:02}:{minute:02}:{second:02}.{:06}",
        micros % 1_000_000
    )
}

/// An array, or a multirange, whose ranges stand bare.
fn list(array: &dyn Array, row: usize) -> Result<String> {
    let items = array.as_list::<i32>().value(row);
    let mut texts = Vec::new();
    for at in 0..items.len() {
        texts.push(
            match (text(items.as_ref(), at)?, is_range(items.data_type())) {
                (None, _) => "NULL".to_owned(),
                (Some(range), true) => range,
                (Some(item), false) => escaped(&item),
            },
        );
    }
    Ok(format!("{{{}}}", texts.join(",")))
}

fn escaped(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn names(data_type: &DataType) -> Vec<&str> {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| field.name().as_str()).collect(),
        _ => Vec::new(),
    }
}

fn is_range(data_type: &DataType) -> bool {
    names(data_type).contains(&"lower_inclusive")
}

/// A range, an interval, a time with its offset, or a row.
fn structure(array: &StructArray, row: usize) -> Result<String> {
    let field = |at: usize| text(array.column(at).as_ref(), row);
    let number = |at: usize| -> Result<i64> { Ok(field(at)?.unwrap_or_default().parse()?) };
    Ok(match names(array.data_type()).as_slice() {
        ["months", "days", "microseconds"] => {
            let micros = number(2)?;
            let (sign, left) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
            let (seconds, rest) = (left / 1_000_000, left % 1_000_000);
            format!(
                "{} months {} days {sign}{}:{:02}:{:02}.{rest:06}",
                number(0)?,
                number(1)?,
                seconds / 3_600,
                seconds / 60 % 60,
                seconds % 60,
            )
        }
        ["time", "seconds_east"] => {
            let east = number(1)?;
            let sign = if east < 0 { '-' } else { '+' };
            let offset = time(east.abs() * 1_000_000);
            format!("{}{sign}{}", field(0)?.unwrap_or_default(), &offset[..8])
        }
        [_, _, "lower_inclusive", "upper_inclusive", "empty"] => {
            if field(4)?.as_deref() == Some("true") {
                return Ok("empty".to_owned());
            }
            let end = |at: usize| -> Result<String> {
                Ok(field(at)?.map(|text| escaped(&text)).unwrap_or_default())
            };
            let is_closed =
                |at: usize| -> Result<bool> { Ok(field(at)?.as_deref() == Some("true")) };
            let open = if is_closed(2)? { '[' } else { '(' };
            let close = if is_closed(3)? { ']' } else { ')' };
            format!("{open}{},{}{close}", end(0)?, end(1)?)
        }
        fields => {
            let all = (0..fields.len()).map(field).collect::<Result<Vec<_>>>()?;
            let texts: Vec<String> = all
                .iter()
                .map(|text| text.as_deref().map(escaped).unwrap_or_default())
                .collect();
            format!("({})", texts.join(","))
        }
    })
}
