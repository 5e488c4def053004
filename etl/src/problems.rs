//! Conformed rows that cannot become members or facts: which, why, and as rejects.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use planisphere_schemas::model::DataType;

use crate::conform::json_rows;
use crate::reject::Reject;

/// What the rows were read for.
pub(crate) struct Destination<'a> {
    /// The source system that the rows come from.
    pub(crate) source: &'a str,
    /// `dimension` or `star`.
    pub(crate) stage: &'static str,
    /// The dimension or star.
    pub(crate) object: &'a str,
}

/// Row numbers with their problems; the first problem of a row counts.
#[derive(Default)]
pub(crate) struct Problems(BTreeMap<usize, Problem>);

struct Problem {
    reason: String,
    detail: String,
}

impl Problems {
    /// True if the row has a problem.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.0.contains_key(&row)
    }

    /// Rows whose value of a column does not fit its declared type.
    pub(crate) fn misfits(&mut self, name: &str, data_type: DataType, rows: Vec<usize>) {
        for row in rows {
            self.add(
                row,
                format!("invalid_{name}"),
                format!("{name} is not {data_type}"),
            );
        }
    }

    /// A row with a problem that has a name.
    pub(crate) fn named(&mut self, row: usize, reason: &str) {
        let detail = match reason {
            "missing_instant" => "the instant of the change is null",
            "invalid_instant" => "the change is of 9999-12-31 or later, where valid time has ended",
            "missing_begin" => "nothing says since when the row is there",
            "missing_rate" => {
                "no rate of the currency is known at the day, or rates contradict each other"
            }
            "amount_too_large" => "the amount in the reporting currency has too many digits",
            "missing_weight" => "the weight of the member is null",
            "negative_weight" => "the weight of the member is negative",
            _ => "the row cannot become a fact",
        };
        self.add(row, reason.into(), detail.into());
    }

    /// A row without a key.
    pub(crate) fn missing_key(&mut self, row: usize, detail: &str) {
        self.add(row, "missing_key".into(), detail.into());
    }

    /// A row whose key another row has taken.
    pub(crate) fn duplicate_key(&mut self, row: usize, id: &str) {
        self.add(row, "duplicate_key".into(), format!("'{id}' occurs twice"));
    }

    fn add(&mut self, row: usize, reason: String, detail: String) {
        self.0.entry(row).or_insert(Problem { reason, detail });
    }

    /// The problems as rejects, in the order of the rows; `ids` names every row of the batch.
    ///
    /// # Errors
    /// If a row cannot be written as JSON.
    pub(crate) fn rejects(
        &self,
        destination: &Destination<'_>,
        rows: &RecordBatch,
        ids: &StringArray,
    ) -> Result<Vec<Reject>, ArrowError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let at = UInt64Array::from_iter_values(self.0.keys().map(|row| *row as u64));
        let json = json_rows(&take_record_batch(rows, &at)?)?;
        let rejects = self
            .0
            .iter()
            .zip(json)
            .map(|((row, problem), json)| Reject {
                source: destination.source.to_owned(),
                stage: destination.stage.into(),
                object: destination.object.to_owned(),
                row_id: match ids.is_valid(*row) {
                    true => ids.value(*row).to_owned(),
                    false => String::new(),
                },
                reason: problem.reason.clone(),
                detail: problem.detail.clone(),
                row: json,
            });
        Ok(rejects.collect())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::ArrayRef;
    use std::sync::Arc;

    #[test]
    fn the_first_problem_of_a_row_is_its_reason() {
        let ids = StringArray::from(vec![Some("a"), None, Some("a")]);
        let column: ArrayRef = Arc::new(ids.clone());
        let rows = RecordBatch::try_from_iter([("id", column)]).unwrap();
        let mut problems = Problems::default();
        problems.misfits("amount", DataType::Integer, vec![1]);
        problems.missing_key(1, "the key is null");
        problems.duplicate_key(2, "a");
        assert!(!problems.has(0) && problems.has(1) && problems.has(2));
        let destination = Destination {
            source: "crm",
            stage: "star",
            object: "sales",
        };
        let rejects = problems.rejects(&destination, &rows, &ids).unwrap();
        let shown: Vec<_> = rejects
            .iter()
            .map(|reject| (&*reject.row_id, &*reject.reason, &*reject.row))
            .collect();
        assert_eq!(
            shown,
            [
                ("", "invalid_amount", "{}"),
                ("a", "duplicate_key", r#"{"id":"a"}"#)
            ]
        );
    }
}
