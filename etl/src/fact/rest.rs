//! Published rows that are written otherwise than they are: those that are gone, and those whose keys are others today.

use std::sync::Arc;

use arrow::array::{AsArray as _, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use super::rekey::Rekeyed;
use super::schema::{AUDIT_KEY, DELETED_AT_SOURCE};
use super::standing::Rest;

/// Published rows under their keys of today, with the marks of those that are gone and the audit key of this load where
/// anything of them changes; and for each row whether it does.
///
/// # Errors
/// If the rows lack a column.
pub(crate) fn rewritten(
    rekeyed: &Rekeyed,
    rest: &[Rest],
    audit_key: i64,
) -> Result<(RecordBatch, BooleanArray), ArrowError> {
    let gone: BooleanArray = rest.iter().map(|rest| Some(*rest == Rest::Gone)).collect();
    let moves = BooleanArray::from(rekeyed.moves.clone());
    let changed = arrow::compute::or(&gone, &moves)?;
    let rows = &rekeyed.rows;
    let mut columns = rows.columns().to_vec();
    let deleted = rows.schema().index_of(DELETED_AT_SOURCE)?;
    columns[deleted] = Arc::new(arrow::compute::or(columns[deleted].as_boolean(), &gone)?);
    let audit = rows.schema().index_of(AUDIT_KEY)?;
    let today = Int64Array::new_scalar(audit_key);
    columns[audit] = zip(&changed, &today, &columns[audit])?;
    Ok((RecordBatch::try_new(rows.schema(), columns)?, changed))
}

/// For each row whether it keeps its place among the days.
pub(crate) fn is_same_day(
    old: &RecordBatch,
    new: &RecordBatch,
    day: Option<&str>,
) -> Result<BooleanArray, ArrowError> {
    let Some(day) = day else {
        return Ok(vec![true; new.num_rows()].into());
    };
    let key = |rows: &RecordBatch| -> Result<_, ArrowError> {
        let column = rows.column(rows.schema().index_of(day)?);
        Ok(column.as_primitive::<Int32Type>().values().clone())
    };
    let (old, new) = (key(old)?, key(new)?);
    let same = old.iter().zip(&*new).map(|(old, new)| Some(old == new));
    Ok(same.collect())
}
