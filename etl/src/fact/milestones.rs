//! Accumulating snapshots: durations between milestones, the last one reached, and what stands in the place of a
//! milestone without a day.
//!
//! A milestone without a day was skipped if a later one was reached, or if the process has ended: its day is not applicable.
//! Otherwise it has not yet arrived. A re-opened process has the days that the source gives now. Where a later milestone
//! lies before an earlier one, both keep their days, and the duration between them stays empty and is told.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{DurationUnit, LAST_MILESTONE, Milestones, SpecialMember};

use crate::moments::{days, instants};

const MICROS_OF_AN_HOUR: i64 = 3_600_000_000;

/// The column beside the conformed ones with the special members that a role takes where its own value says less.
pub(super) fn special_column(role: &str) -> String {
    format!("_special_{role}")
}

/// The rows with the columns that follow from the milestones, and how many rows have them out of order.
pub(super) fn with_milestones(
    milestones: &Milestones,
    rows: &RecordBatch,
    zone: Tz,
) -> Result<(RecordBatch, usize), ArrowError> {
    let reached: Vec<Vec<Option<i64>>> = milestones
        .steps
        .iter()
        .map(|step| moments(milestones.durations, column(rows, &step.column)?, zone))
        .collect::<Result<_, _>>()?;
    let last: Vec<Option<usize>> = (0..rows.num_rows())
        .map(|row| reached.iter().rposition(|moments| moments[row].is_some()))
        .collect();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    let names = last
        .iter()
        .map(|last| last.map(|at| milestones.steps[at].name.as_str()));
    columns.push((
        LAST_MILESTONE.into(),
        Arc::new(StringArray::from_iter(names)),
    ));
    let mut out_of_order = vec![false; rows.num_rows()];
    for (from, to) in milestones.spans() {
        let at = |name: &str| milestones.steps.iter().position(|step| step.name == name);
        let (Some(from_at), Some(to_at)) = (at(&from.name), at(&to.name)) else {
            continue;
        };
        let pairs = reached[from_at].iter().zip(&reached[to_at]);
        let durations = pairs.zip(&mut out_of_order).map(|((from, to), wrong)| {
            let duration = ((*to)? - (*from)?).div_euclid(length(milestones.durations));
            *wrong |= duration < 0;
            i32::try_from(duration)
                .ok()
                .filter(|duration| *duration >= 0)
        });
        let durations = Int32Array::from_iter(durations);
        columns.push((milestones.duration(from, to), Arc::new(durations)));
    }
    let ended = ended(milestones, rows)?;
    for (at, step) in milestones.steps.iter().enumerate() {
        let special = (0..rows.num_rows()).map(|row| {
            let skipped = last[row].is_some_and(|last| at < last);
            let over = ended
                .as_ref()
                .is_some_and(|it| it.is_valid(row) && it.value(row));
            match reached[at][row] {
                Some(_) => None,
                None if skipped || over => Some(SpecialMember::NotApplicable.key()),
                None => Some(SpecialMember::NotYetArrived.key()),
            }
        });
        let special = Int32Array::from_iter(special);
        columns.push((special_column(&step.role()), Arc::new(special)));
    }
    let wrong = out_of_order.iter().filter(|wrong| **wrong).count();
    Ok((with_columns(rows, columns)?, wrong))
}

/// Days since 1970, or instants in microseconds.
fn moments(
    unit: DurationUnit,
    values: &ArrayRef,
    zone: Tz,
) -> Result<Vec<Option<i64>>, ArrowError> {
    match unit {
        DurationUnit::Hours => instants(values, zone),
        DurationUnit::Days => {
            let epoch = chrono::DateTime::UNIX_EPOCH.date_naive();
            let number = |day: chrono::NaiveDate| day.signed_duration_since(epoch).num_days();
            let days = days(values, zone)?;
            Ok(days.into_iter().map(|day| day.map(number)).collect())
        }
    }
}

fn length(unit: DurationUnit) -> i64 {
    match unit {
        DurationUnit::Days => 1,
        DurationUnit::Hours => MICROS_OF_AN_HOUR,
    }
}

fn ended(milestones: &Milestones, rows: &RecordBatch) -> Result<Option<BooleanArray>, ArrowError> {
    let Some(name) = &milestones.ended else {
        return Ok(None);
    };
    let values = column(rows, name)?;
    if !matches!(values.data_type(), Arrow::Boolean | Arrow::Null) {
        let message = format!(
            "column '{name}' is {}, not true or false",
            values.data_type()
        );
        return Err(ArrowError::CastError(message));
    }
    let values = cast(values, &Arrow::Boolean)?;
    Ok(Some(values.as_boolean().clone()))
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    Ok(rows.column(rows.schema().index_of(name)?))
}

/// A batch with further columns at its end.
pub(super) fn with_columns(
    rows: &RecordBatch,
    more: Vec<(String, ArrayRef)>,
) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<Arc<Field>> = rows.schema().fields().to_vec().clone();
    let mut columns = rows.columns().to_vec();
    for (name, values) in more {
        fields.push(Arc::new(Field::new(name, values.data_type().clone(), true)));
        columns.push(values);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Whether the process of a row has ended, of a column of these values.
    fn check(values: ArrayRef) -> Result<Vec<Option<bool>>, ArrowError> {
        let milestones = Milestones {
            steps: Vec::new(),
            durations: DurationUnit::Days,
            ended: Some("over".into()),
        };
        let rows = RecordBatch::try_from_iter([("over", values)])?;
        let ended = ended(&milestones, &rows)?.map(|it| it.iter().collect());
        Ok(ended.unwrap_or_default())
    }

    #[test]
    fn only_truth_says_whether_a_process_has_ended() {
        let known = vec![Some(true), None, Some(false)];
        let values = Arc::new(BooleanArray::from(known.clone()));
        assert_eq!(check(values).unwrap(), known);
        let texts = Arc::new(StringArray::from(vec!["true", "Closed Won"]));
        let error = check(texts).unwrap_err().to_string();
        assert!(
            error.contains("'over' is Utf8, not true or false"),
            "{error}"
        );
    }
}
