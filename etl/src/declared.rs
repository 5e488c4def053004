//! Values of an entity in the types that stars and dimensions declare: exactly, rounded where docs/sources.md says so, or not at
//! all.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, Decimal128Array};
use arrow::compute::kernels::cmp::neq;
use arrow::compute::{CastOptions, cast, cast_with_options, nullif};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as Arrow, Date32Type, Decimal128Type, Float32Type, Float64Type,
    Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use planisphere_schemas::model::DataType;

use crate::source::{Cell, TextRules, append_cell, column_builder};

/// A column in its declared type, and the rows whose values do not fit (those are null in the result). Days are those of `zone`.
///
/// # Errors
/// If no value of the column's type is ever one of the declared type.
pub(crate) fn declared_column(
    column: &ArrayRef,
    declared: DataType,
    zone: Tz,
) -> Result<(ArrayRef, Vec<usize>), ArrowError> {
    let target = declared.arrow();
    if column.data_type() == &target {
        return Ok((Arc::clone(column), Vec::new()));
    }
    let values = match (column.data_type(), declared) {
        (Arrow::Timestamp(..), DataType::Date) => dates(column, zone)?,
        (Arrow::Date32, DataType::Timestamp) => midnights(column, zone),
        (Arrow::Decimal128(_, from), DataType::Decimal(precision, to)) if *from > to => {
            rounded(column.as_primitive(), from.abs_diff(to), (precision, to))?
        }
        (Arrow::Decimal128(..), DataType::Integer | DataType::Bigint) => whole(column, &target)?,
        (Arrow::Decimal128(..), DataType::Decimal(..)) => safely(column, &target)?,
        (from, DataType::Integer | DataType::Bigint | DataType::Decimal(..))
            if from.is_integer() =>
        {
            safely(column, &target)?
        }
        (_, DataType::Text) => safely(column, &target)?,
        _ => taken(column, declared, zone)?,
    };
    if values.null_count() == column.logical_null_count() {
        return Ok((values, Vec::new()));
    }
    let misfits = (0..column.len()).filter(|row| column.is_valid(*row) && values.is_null(*row));
    let misfits = misfits.collect();
    Ok((values, misfits))
}

/// The type of a model that lies in a warehouse as a type of Arrow.
pub(crate) fn declared_as(arrow: &Arrow) -> Option<DataType> {
    Some(match arrow {
        Arrow::Utf8 => DataType::Text,
        Arrow::Int32 => DataType::Integer,
        Arrow::Int64 => DataType::Bigint,
        Arrow::Decimal128(precision, scale) => DataType::Decimal(*precision, *scale),
        Arrow::Float64 => DataType::Double,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Date32 => DataType::Date,
        Arrow::Timestamp(..) => DataType::Timestamp,
        _ => return None,
    })
}

/// By the engine's cast, with nulls for what does not fit.
fn safely(column: &ArrayRef, target: &Arrow) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    cast_with_options(column, target, &options)
}

/// Whole numbers of decimals without a fraction.
fn whole(column: &ArrayRef, target: &Arrow) -> Result<ArrayRef, ArrowError> {
    let whole = safely(column, target)?;
    let back = safely(&whole, column.data_type())?;
    nullif(&whole, &neq(&back, column)?)
}

/// Decimals with fewer places, rounded half-even.
fn rounded(
    values: &Decimal128Array,
    fewer: u8,
    (precision, scale): (u8, i8),
) -> Result<ArrayRef, ArrowError> {
    let unit = 10_i128.checked_pow(fewer.into());
    let limit = 10_i128.checked_pow(precision.into());
    let (Some(unit), Some(limit)) = (unit, limit) else {
        return Err(ArrowError::InvalidArgumentError(format!(
            "{fewer} digits are too many to round away"
        )));
    };
    let fitting = |value: i128| {
        let rounded = divided_half_even(value, unit);
        (rounded.abs() < limit).then_some(rounded)
    };
    let rounded = values.unary_opt::<_, Decimal128Type>(fitting);
    Ok(Arc::new(
        rounded.with_precision_and_scale(precision, scale)?,
    ))
}

/// The whole number that is nearest to `value / unit`, the even one of two; `unit` is positive and even.
pub(crate) const fn divided_half_even(value: i128, unit: i128) -> i128 {
    let (down, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    let half = unit / 2;
    if rest > half || (rest == half && down % 2 != 0) {
        down + 1
    } else {
        down
    }
}

/// The days of instants.
fn dates(column: &ArrayRef, zone: Tz) -> Result<ArrayRef, ArrowError> {
    let instants = cast(column, &DataType::Timestamp.arrow())?;
    let instants = instants.as_primitive::<TimestampMicrosecondType>();
    let days = instants.unary_opt::<_, Date32Type>(|micros| {
        Some(Date32Type::from_naive_date(day_of(micros, zone)?))
    });
    Ok(Arc::new(days))
}

/// The first instants of days.
fn midnights(column: &ArrayRef, zone: Tz) -> ArrayRef {
    let days = column.as_primitive::<Date32Type>();
    let instants = days.unary_opt::<_, TimestampMicrosecondType>(|days| {
        start_of_day(Date32Type::to_naive_date_opt(days)?, zone)
    });
    Arc::new(instants.with_timezone("UTC"))
}

/// The day of an instant in a zone.
pub(crate) fn day_of(micros: i64, zone: Tz) -> Option<NaiveDate> {
    let instant = DateTime::from_timestamp_micros(micros)?;
    Some(instant.with_timezone(&zone).date_naive())
}

/// The first instant of a day in a zone, in microseconds; also where the clock jumps over midnight.
pub(crate) fn start_of_day(day: NaiveDate, zone: Tz) -> Option<i64> {
    const LONGEST_JUMP_MINUTES: u32 = 180;
    let midnight = day.and_hms_opt(0, 0, 0)?;
    (0..=LONGEST_JUMP_MINUTES).find_map(|minutes| {
        let clock = midnight + TimeDelta::minutes(i64::from(minutes));
        let instant = zone.from_local_datetime(&clock).earliest()?;
        Some(instant.timestamp_micros())
    })
}

/// One value after the other, by the rules of the readers of sources; a double is the one nearest to a text.
fn taken(column: &ArrayRef, declared: DataType, zone: Tz) -> Result<ArrayRef, ArrowError> {
    let rules = TextRules {
        zone,
        pattern: None,
        nearest: true,
    };
    let column = canonical(column)?;
    let cell = cells(&column)?;
    let mut builder = column_builder(declared);
    for row in 0..column.len() {
        let cell = match column.is_valid(row) {
            true => cell(row),
            false => Cell::Null,
        };
        if append_cell(&mut builder, cell, rules).is_err() {
            builder.append_null();
        }
    }
    builder.finish()
}

/// One type for all that hold the same values.
fn canonical(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let to = match column.data_type() {
        Arrow::UInt64 => Arrow::UInt64,
        from if from.is_integer() => Arrow::Int64,
        Arrow::Float16 | Arrow::Float32 => Arrow::Float32,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => Arrow::Utf8,
        Arrow::Decimal128(..) | Arrow::Decimal256(..) => Arrow::Utf8,
        Arrow::Dictionary(_, values) => return canonical(&cast(column, values)?),
        // those without a zone, as `to_timestamp` gives them, are of UTC
        Arrow::Timestamp(..) => DataType::Timestamp.arrow(),
        other => other.clone(),
    };
    cast(column, &to)
}

type CellOf<'a> = Box<dyn Fn(usize) -> Cell<'a> + 'a>;

/// The values of a column as sources give them.
fn cells(column: &ArrayRef) -> Result<CellOf<'_>, ArrowError> {
    Ok(match column.data_type() {
        Arrow::Null => Box::new(|_| Cell::Null),
        Arrow::UInt64 => each::<UInt64Type>(column, Cell::Unsigned),
        Arrow::Int64 => each::<Int64Type>(column, Cell::Integer),
        Arrow::Float32 => each::<Float32Type>(column, Cell::Single),
        Arrow::Float64 => each::<Float64Type>(column, Cell::Real),
        Arrow::Date32 => each::<Date32Type>(column, Cell::Day),
        Arrow::Timestamp(..) => each::<TimestampMicrosecondType>(column, Cell::Instant),
        Arrow::Utf8 => {
            let values = column.as_string::<i32>();
            Box::new(|row| Cell::Text(values.value(row)))
        }
        Arrow::Boolean => {
            let values = column.as_boolean();
            Box::new(|row| Cell::Integer(values.value(row).into()))
        }
        other => {
            return Err(ArrowError::CastError(format!(
                "{other} is never a value of the declared type; cast it in the entity"
            )));
        }
    })
}

fn each<'a, T: ArrowPrimitiveType>(
    column: &'a ArrayRef,
    cell: impl Fn(T::Native) -> Cell<'a> + 'a,
) -> CellOf<'a> {
    let values = column.as_primitive::<T>().values();
    Box::new(move |row| cell(values[row]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use arrow::array::{
        BooleanArray, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::Int32Type;

    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    #[test]
    fn no_whole_number_is_made_of_one_with_a_fraction() {
        let some = [
            Some(12500),
            None,
            Some(-30000),
            Some(1),
            Some(i128::MAX >> 20),
        ];
        let decimals = Decimal128Array::from(some.to_vec());
        let decimals = decimals.with_precision_and_scale(38, 4).unwrap();
        let (whole, misfits) =
            declared_column(&(Arc::new(decimals) as _), DataType::Integer, ZONE).unwrap();
        let whole: Vec<_> = whole.as_primitive::<Int32Type>().iter().collect();
        assert_eq!(whole, [None, None, Some(-3), None, None]);
        assert_eq!(misfits, [0, 3, 4]);
        let doubles =
            Float64Array::from(vec![Some(2.0), Some(2.5), None, Some(f64::NAN), Some(1e15)]);
        let (whole, misfits) =
            declared_column(&(Arc::new(doubles) as _), DataType::Bigint, ZONE).unwrap();
        let whole: Vec<_> = whole.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(
            whole,
            [Some(2), None, None, None, Some(1_000_000_000_000_000)]
        );
        assert_eq!(misfits, [1, 3]);
    }

    #[test]
    fn a_day_begins_after_the_clock_jumped_over_midnight() {
        let day = NaiveDate::from_ymd_opt(2026, 4, 24).unwrap();
        let first = DateTime::parse_from_rfc3339("2026-04-24T01:00:00+03:00").unwrap();
        let start = start_of_day(day, chrono_tz::Africa::Cairo);
        assert_eq!(start, Some(first.timestamp_micros()));
    }

    fn decimals(values: Vec<Option<i128>>, scale: i8) -> ArrayRef {
        let decimals = Decimal128Array::from(values);
        Arc::new(decimals.with_precision_and_scale(38, scale).unwrap())
    }

    #[test]
    fn fewer_places_are_rounded_half_even() {
        let exact = [5, 15, 25, -5, -15, 251, 249, 99_999];
        let exact = decimals(exact.iter().map(|it| Some(*it)).collect(), 3);
        let (money, misfits) = declared_column(&exact, DataType::Decimal(4, 2), ZONE).unwrap();
        let money: Vec<_> = money.as_primitive::<Decimal128Type>().iter().collect();
        let rounded = [0, 2, 2, 0, -2, 25, 25];
        assert_eq!(money[..7], rounded.map(Some));
        assert_eq!((money[7], misfits), (None, vec![7]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.015, 1.025, 2.5, 1e15]));
        let (money, misfits) = declared_column(&floats, DataType::Decimal(18, 2), ZONE).unwrap();
        let money: Vec<_> = money.as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(money, [Some(102), Some(102), Some(250), None]);
        assert_eq!(misfits, [3]);
    }

    #[test]
    fn more_places_keep_the_number_and_every_type_is_asked_of_every_other() {
        let exact = decimals(vec![Some(1005), Some(-10), None], 2);
        let (money, misfits) = declared_column(&exact, DataType::Decimal(18, 4), ZONE).unwrap();
        let money: Vec<_> = money.as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(money, [Some(100_500), Some(-1000), None]);
        assert_eq!(misfits, Vec::<usize>::new());
        let (_, misfits) = declared_column(&exact, DataType::Decimal(4, 3), ZONE).unwrap();
        assert_eq!(misfits, [0]);
        let types = [
            DataType::Text,
            DataType::Integer,
            DataType::Bigint,
            DataType::Decimal(18, 4),
            DataType::Double,
            DataType::Boolean,
            DataType::Date,
            DataType::Timestamp,
        ];
        let ones: ArrayRef = Arc::new(StringArray::from(vec![
            "1",
            "2025-01-31",
            "2025-01-31 00:00:00",
        ]));
        for from in types {
            let (values, _) = declared_column(&ones, from, ZONE).unwrap();
            assert!(values.null_count() < 3, "{from}");
            for to in types {
                assert!(declared_column(&values, to, ZONE).is_ok(), "{from} as {to}");
            }
        }
    }

    #[test]
    fn days_and_instants_are_those_of_the_zone() {
        let evening = DateTime::parse_from_rfc3339("2025-01-31T16:00:00Z").unwrap();
        let evening = evening.timestamp_micros();
        let instants = TimestampMicrosecondArray::from(vec![evening]).with_timezone("UTC");
        let instants: ArrayRef = Arc::new(instants);
        let (days, _) = declared_column(&instants, DataType::Date, ZONE).unwrap();
        let day = NaiveDate::from_ymd_opt(2025, 2, 1).unwrap();
        assert_eq!(
            days.as_primitive::<Date32Type>().value(0),
            Date32Type::from_naive_date(day)
        );
        let (back, _) = declared_column(&days, DataType::Timestamp, ZONE).unwrap();
        assert_eq!(&back, &instants);
        let texts = ["2025-02-01 00:00:00", "2025-01-31T16:00:00Z", "tomorrow"];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let (read, misfits) = declared_column(&texts, DataType::Timestamp, ZONE).unwrap();
        let read = read.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(
            (read.value(0), read.value(1), misfits),
            (evening, evening, vec![2])
        );
    }

    #[test]
    fn a_value_of_another_kind_is_never_guessed() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 2, i64::MAX]));
        for (declared, unfit) in [
            (DataType::Boolean, vec![2, 3]),
            (DataType::Date, vec![0, 1, 2, 3]),
            (DataType::Integer, vec![3]),
            (DataType::Double, vec![3]),
            (DataType::Decimal(2, 1), vec![3]),
        ] {
            let (_, misfits) = declared_column(&numbers, declared, ZONE).unwrap();
            assert_eq!(misfits, unfit, "{declared}");
        }
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.50", "1.55", "x", "1e5"]));
        let (_, misfits) = declared_column(&texts, DataType::Decimal(9, 1), ZONE).unwrap();
        assert_eq!(misfits, [1, 2, 3]);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![20_000]));
        let (_, misfits) = declared_column(&days, DataType::Bigint, ZONE).unwrap();
        assert_eq!(misfits, [0]);
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        let (read, _) = declared_column(&truths, DataType::Integer, ZONE).unwrap();
        assert_eq!(read.as_primitive::<Int32Type>().values(), &[1, 0]);
        let quotients = decimals(vec![Some(1_234_567_890_123_456_789)], 10);
        let (read, _) = declared_column(&quotients, DataType::Double, ZONE).unwrap();
        let nearest: f64 = "123456789.0123456789".parse().unwrap();
        assert_eq!(read.as_primitive::<Float64Type>().values(), &[nearest]);
    }
}
