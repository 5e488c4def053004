//! Money in the reporting currency, by the latest rate at or before the day of the event or close.
//!
//! A sum that lacks the rows without a rate would be silently wrong, so such rows are rejected, and loaded once their rate
//! is there. What a row does not have, an amount or a day of close, it does not have in the reporting currency either.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Decimal128Type, i256};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use chrono_tz::Tz;
use planisphere_schemas::model::{Currency, DataType, Rates, Star};

use crate::conform::DELETED;
use crate::declared::declared_column;
use crate::moments::days;

use super::milestones::with_columns;
use super::prepare::PROBLEM;

/// Digits after the point of rates that are whole numbers.
const WHOLE: i8 = 0;

/// The rates of each currency by their days; `None` where the rows of a day contradict each other or give none.
pub(crate) struct RateTable {
    scale: i8,
    by_currency: HashMap<String, BTreeMap<NaiveDate, Option<i128>>>,
}

impl RateTable {
    /// The rates of an entity's rows.
    pub(crate) fn of(rates: &Rates, rows: &RecordBatch, zone: Tz) -> Result<Self, ArrowError> {
        let column = |name: &str| -> Result<&ArrayRef, ArrowError> {
            Ok(rows.column(rows.schema().index_of(name)?))
        };
        let codes = cast(column(&rates.currency)?, &Arrow::Utf8)?;
        let codes = codes.as_string::<i32>();
        let days = days(column(&rates.date)?, zone)?;
        let values = column(&rates.rate)?;
        let scale = match values.data_type() {
            Arrow::Decimal128(_, scale) => *scale,
            _ => WHOLE,
        };
        let values = cast(values, &Arrow::Decimal128(38, scale))?;
        let values = values.as_primitive::<Decimal128Type>();
        let gone = column(DELETED)?.as_boolean();
        let mut by_currency: HashMap<String, BTreeMap<NaiveDate, Option<i128>>> = HashMap::new();
        for row in (0..rows.num_rows()).filter(|row| !gone.value(*row)) {
            let (true, Some(day)) = (codes.is_valid(row), days[row]) else {
                continue;
            };
            let rate = values.is_valid(row).then(|| values.value(row));
            let rate = rate.filter(|rate| *rate > 0);
            let of_currency = by_currency.entry(codes.value(row).to_owned()).or_default();
            let known = of_currency.entry(day).or_insert(rate);
            if *known != rate {
                *known = None;
            }
        }
        Ok(Self { scale, by_currency })
    }

    /// The latest rate of a currency at or before a day; `None` if there is none, or if nobody can say which.
    fn at(&self, currency: &str, day: NaiveDate) -> Option<i128> {
        let rates = self.by_currency.get(currency)?;
        rates.range(..=day).next_back().and_then(|(_, rate)| *rate)
    }
}

/// The rows with their money in the reporting currency, and with a problem where a rate is missing.
pub(super) fn with_reporting(
    (star, currency): (&Star, &Currency),
    rows: &RecordBatch,
    rates: &RateTable,
    zone: Tz,
) -> Result<RecordBatch, ArrowError> {
    let column = |name: &str| -> Result<&ArrayRef, ArrowError> {
        Ok(rows.column(rows.schema().index_of(name)?))
    };
    let codes = cast(column(&currency.column)?, &Arrow::Utf8)?;
    let codes = codes.as_string::<i32>();
    let mut problems: Vec<Option<String>> = match rows.column_by_name(PROBLEM) {
        Some(known) => {
            let known = known.as_string::<i32>().iter();
            known.map(|it| it.map(str::to_owned)).collect()
        }
        None => vec![None; rows.num_rows()],
    };
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for converted in &currency.converted {
        let (Some(measure), Some(moment)) = (
            star.measure(&converted.measure),
            currency.moment(converted.at),
        ) else {
            continue;
        };
        let DataType::Decimal(precision, scale) = measure.data_type else {
            continue;
        };
        // rows whose amounts do not fit are rejected with their measures
        let (amounts, _) = declared_column(column(&measure.column)?, measure.data_type, zone)?;
        let amounts = amounts.as_primitive::<Decimal128Type>();
        let days = days(column(moment)?, zone)?;
        let converted_amount = |row: usize| -> Result<Option<i128>, &str> {
            let (true, Some(day)) = (amounts.is_valid(row), days[row]) else {
                return Ok(None);
            };
            let amount = amounts.value(row);
            if codes.is_valid(row) && codes.value(row) == currency.reporting {
                return Ok(Some(amount));
            }
            let code = codes.is_valid(row).then(|| codes.value(row));
            let rate = code.and_then(|code| rates.at(code, day));
            let rate = rate.ok_or("missing_rate")?;
            product(amount, rate, (rates.scale, precision))
                .map(Some)
                .ok_or("amount_too_large")
        };
        let amounts = (0..rows.num_rows()).map(|row| match converted_amount(row) {
            Ok(amount) => amount,
            Err(problem) => {
                problems[row].get_or_insert_with(|| problem.to_owned());
                None
            }
        });
        let amounts = Decimal128Array::from_iter(amounts.collect::<Vec<_>>());
        let amounts = amounts.with_precision_and_scale(precision, scale)?;
        columns.push((converted.name.clone(), Arc::new(amounts)));
    }
    let rows = without(rows, PROBLEM)?;
    columns.push((PROBLEM.into(), Arc::new(StringArray::from_iter(problems))));
    with_columns(&rows, columns)
}

fn without(rows: &RecordBatch, name: &str) -> Result<RecordBatch, ArrowError> {
    let kept = (0..rows.num_columns()).filter(|at| rows.schema().field(*at).name() != name);
    rows.project(&kept.collect::<Vec<_>>())
}

/// An amount times a rate, rounded half-even to the digits of the amount; `None` if it has more than `precision` of them.
fn product(amount: i128, rate: i128, (scale, precision): (i8, u8)) -> Option<i128> {
    let exact = i256::from_i128(amount).checked_mul(i256::from_i128(rate))?;
    let unit = i256::from_i128(10).checked_pow(u32::from(scale.unsigned_abs()))?;
    let (whole, rest) = (exact.checked_div(unit)?, exact.checked_rem(unit)?);
    let twice = rest.wrapping_abs().checked_mul(i256::from_i128(2))?;
    let odd = whole.checked_rem(i256::from_i128(2))? != i256::ZERO;
    let up = twice > unit || (twice == unit && odd);
    let away = match (up, exact.is_negative()) {
        (false, _) => i256::ZERO,
        (true, false) => i256::ONE,
        (true, true) => i256::MINUS_ONE,
    };
    let rounded = whole.checked_add(away)?.to_i128()?;
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    (rounded.checked_abs()? < limit).then_some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_rounded_half_even() {
        // 1.0000 at rates with five digits, to four
        let check = |rate, expected| assert_eq!(product(10_000, rate, (5, 18)), Some(expected));
        check(123_445, 12_344);
        check(123_455, 12_346);
        check(123_456, 12_346);
        assert_eq!(product(-10_000, 123_445, (5, 18)), Some(-12_344));
        assert_eq!(product(-10_000, 123_455, (5, 18)), Some(-12_346));
        assert_eq!(product(10_i128.pow(17), 1_000_000, (5, 18)), None);
    }
}
