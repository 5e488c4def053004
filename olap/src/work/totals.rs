//! The totals of drill-through: the number of fact rows and the measures over them.

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;

use crate::cells::cell_value;
use crate::error::Result;
use crate::plan::{Planner, ResolvedQuery};
use crate::service::DetailTotal;

/// The number of fact rows, first in the row of totals.
pub(super) fn total_rows(totals: &[RecordBatch]) -> Result<u64> {
    let count = match total(totals, 0)? {
        ScalarValue::Int64(Some(count)) => u64::try_from(count).ok(),
        _ => None,
    };
    count.ok_or_else(|| Planner::internal("drill-through has no count of rows"))
}

fn total(totals: &[RecordBatch], at: usize) -> Result<ScalarValue> {
    let row = totals.iter().find(|batch| batch.num_rows() > 0);
    let row = row.ok_or_else(|| Planner::internal("drill-through has no totals"))?;
    ScalarValue::try_from_array(row.column(at), 0).map_err(Planner::failed)
}

/// The measures asked for, after the number of rows.
pub(super) fn detail_totals(
    query: &ResolvedQuery,
    totals: &[RecordBatch],
) -> Result<Vec<DetailTotal>> {
    let of_rows = query.measures.of_rows();
    let asked = of_rows.asked.iter().enumerate();
    asked
        .map(|(number, name)| {
            let measure = query.measures.get(name);
            let measure = measure.ok_or_else(|| Planner::internal("a measure is lost"))?;
            let value = total(totals, number + 1)?;
            Ok(DetailTotal {
                measure: name.clone(),
                data_type: measure.data_type,
                value: cell_value(&value).map(|value| value.to_string()),
                exactness: query.measures.exactness(name),
            })
        })
        .collect()
}

/// The totals under the names that the question has for them; without any under their own.
pub(super) fn named(totals: Vec<DetailTotal>, names: &[(String, String)]) -> Vec<DetailTotal> {
    if names.is_empty() {
        return totals;
    }
    let of_question = names.iter().filter_map(|(name, own)| {
        let total = totals.iter().find(|total| total.measure == *own)?;
        Some(DetailTotal {
            measure: name.clone(),
            ..total.clone()
        })
    });
    of_question.collect()
}
