//! A column of decoded rows as cells. What a cell cannot hold exactly is known not to fit.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryArray, Date32Array, Float32Array, Float64Array,
    Int64Array, StringArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Float32Type, Float64Type, Int64Type, TimeUnit, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use planisphere_schemas::model::DataType;

use crate::source::Cell;
use crate::source::clock::Clock;
use crate::source::number;

/// The rows of one column.
pub(super) enum View {
    /// Texts, and numbers with all of their digits.
    Text(StringArray),
    /// Digits of decimals that shall become doubles.
    Digits(StringArray),
    /// Whole numbers.
    Integer(Int64Array),
    /// Whole numbers that may be beyond `i64`.
    Unsigned(UInt64Array),
    /// Floats.
    Real(Float64Array),
    /// Floats of 32 bits or fewer.
    Single(Float32Array),
    /// Bytes.
    Bytes(BinaryArray),
    /// Days.
    Day(Date32Array),
    /// Wall clocks and instants.
    Moment(Vec<Moment>),
    /// No values.
    Nothing,
}

/// A point in time.
pub(super) enum Moment {
    Null,
    Wall(i64),
    Instant(i64),
    /// One that microseconds or calendars do not hold.
    Unfit(String),
}

/// True for types that a view can be made of.
pub(super) fn is_known(data_type: &Arrow) -> bool {
    match data_type {
        Arrow::Dictionary(_, values) => is_known(values),
        Arrow::Null | Arrow::Boolean | Arrow::Date32 | Arrow::Date64 => true,
        Arrow::Timestamp(..) | Arrow::Time32(_) | Arrow::Time64(_) => true,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => true,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => true,
        other => other.is_numeric(),
    }
}

impl View {
    /// A view of a column that shall become the declared type.
    ///
    /// # Errors
    /// If Arrow cannot give it another form.
    pub(super) fn of(
        array: &ArrayRef,
        declared: Option<DataType>,
        clock: &mut Clock,
    ) -> Result<Self, ArrowError> {
        if let Arrow::Dictionary(_, values) = array.data_type() {
            return Self::of(&cast(array, values)?, declared, clock);
        }
        let is = |data_type: &Arrow| cast(array, data_type);
        Ok(match array.data_type() {
            Arrow::Null => Self::Nothing,
            Arrow::Timestamp(..) => Self::Moment(moments(array, clock)?),
            // a day that is kept in milliseconds may have some
            Arrow::Date64 => {
                let wall = is(&Arrow::Timestamp(TimeUnit::Millisecond, None))?;
                Self::Moment(moments(&wall, clock)?)
            }
            Arrow::Date32 => Self::Day(array.as_primitive::<Date32Type>().clone()),
            Arrow::Float64 if declared != Some(DataType::Text) => {
                Self::Real(array.as_primitive::<Float64Type>().clone())
            }
            Arrow::Float16 | Arrow::Float32 if declared != Some(DataType::Text) => {
                Self::Single(is(&Arrow::Float32)?.as_primitive::<Float32Type>().clone())
            }
            decimals if decimals.is_decimal() && declared == Some(DataType::Double) => {
                Self::Digits(is(&Arrow::Utf8)?.as_string::<i32>().clone())
            }
            numbers if numbers.is_unsigned_integer() => {
                Self::Unsigned(is(&Arrow::UInt64)?.as_primitive::<UInt64Type>().clone())
            }
            numbers if numbers.is_integer() => {
                Self::Integer(is(&Arrow::Int64)?.as_primitive::<Int64Type>().clone())
            }
            Arrow::FixedSizeBinary(_) | Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => {
                Self::Bytes(is(&Arrow::Binary)?.as_binary::<i32>().clone())
            }
            _ => Self::Text(is(&Arrow::Utf8)?.as_string::<i32>().clone()),
        })
    }

    /// The value in a row.
    pub(super) fn cell(&self, row: usize) -> Cell<'_> {
        let null = match self {
            Self::Text(values) | Self::Digits(values) => values.is_null(row),
            Self::Integer(values) => values.is_null(row),
            Self::Unsigned(values) => values.is_null(row),
            Self::Real(values) => values.is_null(row),
            Self::Single(values) => values.is_null(row),
            Self::Bytes(values) => values.is_null(row),
            Self::Day(values) => values.is_null(row),
            Self::Moment(_) => false,
            Self::Nothing => true,
        };
        if null {
            return Cell::Null;
        }
        match self {
            Self::Text(values) => Cell::Text(values.value(row)),
            Self::Integer(values) => Cell::Integer(values.value(row)),
            Self::Unsigned(values) => Cell::Unsigned(values.value(row)),
            Self::Digits(values) => digits(values.value(row)),
            Self::Real(values) => real(values.value(row)),
            Self::Single(values) => match values.value(row) {
                value if value.is_finite() => Cell::Single(value),
                value => real(value.into()),
            },
            Self::Bytes(values) => bytes(values.value(row)),
            Self::Day(values) => Cell::Day(values.value(row)),
            Self::Moment(moments) => match &moments[row] {
                Moment::Null => Cell::Null,
                Moment::Wall(wall) => Cell::Wall(*wall),
                Moment::Instant(instant) => Cell::Instant(*instant),
                Moment::Unfit(text) => Cell::Unfit(text),
            },
            Self::Nothing => Cell::Null,
        }
    }
}

/// A float; what is no number is no value of a table of figures.
fn real(value: f64) -> Cell<'static> {
    match value {
        value if value.is_nan() => Cell::Unfit("NaN"),
        f64::INFINITY => Cell::Unfit("Infinity"),
        f64::NEG_INFINITY => Cell::Unfit("-Infinity"),
        value => Cell::Real(value),
    }
}

/// The digits of a number that a double holds, or not.
fn digits(text: &str) -> Cell<'_> {
    match text
        .parse()
        .is_ok_and(|value| number::is_said_by(text, value))
    {
        true => Cell::Text(text),
        false => Cell::Unfit(text),
    }
}

/// Writers of old do not mark texts as such.
fn bytes(value: &[u8]) -> Cell<'_> {
    match std::str::from_utf8(value) {
        Ok(text) => Cell::Text(text),
        Err(_) => Cell::Bytes(value),
    }
}

fn moments(array: &ArrayRef, clock: &mut Clock) -> Result<Vec<Moment>, ArrowError> {
    let Arrow::Timestamp(unit, zone) = array.data_type() else {
        return Ok(Vec::new());
    };
    let counts = cast(array, &Arrow::Int64)?;
    let counts = counts.as_primitive::<Int64Type>();
    let mut moments = Vec::with_capacity(counts.len());
    for (row, count) in counts.iter().enumerate() {
        let moment = match (count, count.and_then(|count| microseconds(count, *unit))) {
            (None, _) => Some(Moment::Null),
            (_, None) => None,
            (_, Some(micros)) if zone.is_some() => Some(Moment::Instant(micros)),
            (_, Some(wall)) => clock.instant(wall).ok().map(|_| Moment::Wall(wall)),
        };
        moments.push(match moment {
            Some(moment) => moment,
            None => Moment::Unfit(shown(array, row)),
        });
    }
    Ok(moments)
}

/// The same count in microseconds; `None` if there is none.
fn microseconds(count: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => count.checked_mul(1_000_000),
        TimeUnit::Millisecond => count.checked_mul(1000),
        TimeUnit::Microsecond => Some(count),
        TimeUnit::Nanosecond => (count % 1000 == 0).then_some(count / 1000),
    }
}

fn shown(array: &ArrayRef, row: usize) -> String {
    let without_zone = match array.data_type() {
        Arrow::Timestamp(unit, Some(_)) => cast(array, &Arrow::Timestamp(*unit, None)),
        _ => Ok(Arc::clone(array)),
    };
    let text = without_zone.and_then(|array| array_value_to_string(&array, row));
    text.unwrap_or_else(|_| "an instant beyond the calendar".into())
}
