//! Days and instants that columns of an entity tell, in the warehouse time zone.

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::{
    ArrowTemporalType, DataType as Arrow, Date32Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Days, NaiveDate, Timelike as _};
use chrono_tz::Tz;
use planisphere_schemas::model::DataType;

use crate::declared::{declared_column, start_of_day};

/// What the rows of a column tell, and the rows whose values tell nothing of the kind (those are `None` as well).
pub(crate) struct Moments<T> {
    /// One for each row.
    pub(crate) values: Vec<Option<T>>,
    /// Rows in which something stands that is no day or instant.
    pub(crate) misfits: Vec<usize>,
}

impl<T> Moments<T> {
    fn of<A: ArrowTemporalType>(
        values: &ArrayRef,
        (declared, zone): (DataType, Tz),
        meaning: impl Fn(A::Native) -> Option<T>,
    ) -> Result<Self, ArrowError> {
        let (values, misfits) = declared_column(values, declared, zone)?;
        let values = values.as_primitive::<A>().iter();
        Ok(Self {
            values: values.map(|value| value.and_then(&meaning)).collect(),
            misfits,
        })
    }

    /// The values, if all of them could be read.
    ///
    /// # Errors
    /// If one could not.
    pub(crate) fn readable(self) -> Result<Vec<Option<T>>, ArrowError> {
        match self.misfits.first() {
            None => Ok(self.values),
            Some(row) => Err(ArrowError::CastError(format!(
                "{} values are no days or instants, the first in row {}: declare the column as date or timestamp in the \
                 source, where what does not fit is rejected by itself",
                self.misfits.len(),
                row + 1,
            ))),
        }
    }
}

/// The days of dates, or of instants in a zone; of texts as the readers of sources take them.
///
/// # Errors
/// If no value of the column's type is ever a day.
pub(crate) fn days(values: &ArrayRef, zone: Tz) -> Result<Moments<NaiveDate>, ArrowError> {
    let day = Date32Type::to_naive_date_opt;
    Moments::of::<Date32Type>(values, (DataType::Date, zone), day)
}

/// The seconds since midnight of instants in a zone, as a clock shows them.
///
/// # Errors
/// If no value of the column's type is ever an instant.
pub(crate) fn times_of_day(values: &ArrayRef, zone: Tz) -> Result<Moments<u32>, ArrowError> {
    Moments::of::<TimestampMicrosecondType>(values, (DataType::Timestamp, zone), |micros| {
        let at = DateTime::from_timestamp_micros(micros)?;
        Some(at.with_timezone(&zone).num_seconds_from_midnight())
    })
}

/// Instants of look-ups; a date means the end of that day in a zone.
///
/// # Errors
/// If no value of the column's type is ever an instant.
pub(crate) fn instants(column: &ArrayRef, zone: Tz) -> Result<Moments<i64>, ArrowError> {
    if column.data_type() != &Arrow::Date32 {
        let instant = (DataType::Timestamp, zone);
        return Moments::of::<TimestampMicrosecondType>(column, instant, Some);
    }
    Moments::of::<Date32Type>(column, (DataType::Date, zone), |days| {
        let day = Date32Type::to_naive_date_opt(days)?;
        Some(start_of_day(day.checked_add_days(Days::new(1))?, zone)? - 1)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    #[test]
    fn an_instant_is_a_day_in_the_warehouse_zone() {
        let evening = DateTime::parse_from_rfc3339("2025-01-31T16:00:00Z").unwrap();
        let array = TimestampMicrosecondArray::from(vec![Some(evening.timestamp_micros()), None]);
        let array: ArrayRef = Arc::new(array.with_timezone("UTC"));
        let expected = NaiveDate::from_ymd_opt(2025, 2, 1);
        assert_eq!(days(&array, ZONE).unwrap().values, [expected, None]);
    }

    #[test]
    fn a_date_is_looked_up_at_its_end() {
        let day = NaiveDate::from_ymd_opt(2025, 2, 1).unwrap();
        let array: ArrayRef = Arc::new(Date32Array::from(vec![Date32Type::from_naive_date(day)]));
        let end = DateTime::parse_from_rfc3339("2025-02-01T15:59:59.999999Z").unwrap();
        assert_eq!(
            instants(&array, ZONE).unwrap().values,
            [Some(end.timestamp_micros())]
        );
    }

    #[test]
    fn a_text_is_a_day_or_none_and_a_number_never() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            Some("2025-02-01"),
            None,
            Some("soon"),
        ]));
        let told = days(&texts, ZONE).unwrap();
        assert_eq!(
            told.values,
            [NaiveDate::from_ymd_opt(2025, 2, 1), None, None]
        );
        assert_eq!(told.misfits, [2]);
        assert!(told.readable().is_err());
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![20_000, 20_260_101]));
        assert_eq!(days(&numbers, ZONE).unwrap().misfits, [0, 1]);
    }
}
