//! Days and instants that columns of an entity tell, in the warehouse time zone.

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as Arrow, Date32Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Days, NaiveDate, Timelike as _};
use chrono_tz::Tz;
use planisphere_schemas::model::DataType;

use crate::declared::{declared_column, start_of_day};

/// What the days or instants in a column mean; preflight has refused columns of other types.
fn of<A: ArrowPrimitiveType, T>(
    values: &ArrayRef,
    (declared, zone): (DataType, Tz),
    meaning: impl Fn(A::Native) -> Option<T>,
) -> Result<Vec<Option<T>>, ArrowError> {
    let (values, misfits) = declared_column(values, declared, zone)?;
    if let Some(row) = misfits.first() {
        let found = values.data_type();
        return Err(ArrowError::CastError(format!(
            "row {} is no {found}",
            row + 1
        )));
    }
    let values = values.as_primitive::<A>().iter();
    Ok(values.map(|value| value.and_then(&meaning)).collect())
}

/// The days of dates, or of instants in a zone.
///
/// # Errors
/// If a value is none.
pub(crate) fn days(values: &ArrayRef, zone: Tz) -> Result<Vec<Option<NaiveDate>>, ArrowError> {
    let day = Date32Type::to_naive_date_opt;
    of::<Date32Type, _>(values, (DataType::Date, zone), day)
}

/// The seconds since midnight of instants in a zone, as a clock shows them.
///
/// # Errors
/// If a value is none.
pub(crate) fn times_of_day(values: &ArrayRef, zone: Tz) -> Result<Vec<Option<u32>>, ArrowError> {
    of::<TimestampMicrosecondType, _>(values, (DataType::Timestamp, zone), |micros| {
        let at = DateTime::from_timestamp_micros(micros)?;
        Some(at.with_timezone(&zone).num_seconds_from_midnight())
    })
}

/// Instants of look-ups; a date means the end of that day in a zone.
///
/// # Errors
/// If a value is none.
pub(crate) fn instants(column: &ArrayRef, zone: Tz) -> Result<Vec<Option<i64>>, ArrowError> {
    if column.data_type() != &Arrow::Date32 {
        let instant = (DataType::Timestamp, zone);
        return of::<TimestampMicrosecondType, _>(column, instant, Some);
    }
    of::<Date32Type, _>(column, (DataType::Date, zone), |days| {
        let day = Date32Type::to_naive_date_opt(days)?;
        Some(start_of_day(day.checked_add_days(Days::new(1))?, zone)? - 1)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int64Array, TimestampMicrosecondArray};

    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    #[test]
    fn an_instant_is_a_day_in_the_warehouse_zone() {
        let evening = DateTime::parse_from_rfc3339("2025-01-31T16:00:00Z").unwrap();
        let array = TimestampMicrosecondArray::from(vec![Some(evening.timestamp_micros()), None]);
        let array: ArrayRef = Arc::new(array.with_timezone("UTC"));
        let expected = NaiveDate::from_ymd_opt(2025, 2, 1);
        assert_eq!(days(&array, ZONE).unwrap(), [expected, None]);
    }

    #[test]
    fn a_date_is_looked_up_at_its_end() {
        let day = NaiveDate::from_ymd_opt(2025, 2, 1).unwrap();
        let array: ArrayRef = Arc::new(Date32Array::from(vec![Date32Type::from_naive_date(day)]));
        let end = DateTime::parse_from_rfc3339("2025-02-01T15:59:59.999999Z").unwrap();
        assert_eq!(
            instants(&array, ZONE).unwrap(),
            [Some(end.timestamp_micros())]
        );
    }

    #[test]
    fn a_number_is_no_day() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![20_000, 20_260_101]));
        assert!(days(&numbers, ZONE).is_err());
        assert!(instants(&numbers, ZONE).is_err());
    }
}
