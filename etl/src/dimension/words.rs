//! What changes of a stream say, as `map_<dimension>_changes` keeps it: of packages of earlier loads that are read again.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};

use crate::conform::MERGED_INTO;
use crate::error::{Error, Result};

use super::evidence::{changes_schema, value_names};
use super::observe::{Columns, EntityRows};

/// The words of the good rows of an entity of changes, as the load with this audit key would have kept them.
///
/// # Errors
/// [`Error::Engine`] if a column cannot be read.
pub(crate) fn words(input: &EntityRows<'_>, audit_key: i64) -> Result<RecordBatch> {
    let doing = || format!("reading the past of dimension '{}'", input.dimension.name);
    let (columns, problems) = Columns::read(input)?;
    let good = (0..columns.ids.len()).filter(|row| !problems.has(*row));
    let good: UInt32Array = good
        .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
        .collect();
    let all = all_words(input, &columns, audit_key);
    all.and_then(|all| take_record_batch(&all, &good))
        .map_err(Error::arrow(doing()))
}

fn all_words(
    input: &EntityRows<'_>,
    columns: &Columns,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let schema = changes_schema(input.dimension);
    let rows = columns.ids.len();
    let names: Vec<&str> = value_names(input.dimension).collect();
    let names = names.join(" ");
    // what is gone says nothing of the values
    let known = columns.deleted.iter().map(|deleted| match deleted {
        Some(true) => MERGED_INTO,
        _ => names.as_str(),
    });
    let ids = columns.ids.iter().map(Option::unwrap_or_default);
    let from = TimestampMicrosecondArray::from(columns.from.clone());
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(ids)),
        Arc::new(from.with_timezone("UTC")),
        Arc::new(columns.basis.clone()),
        Arc::new(Int64Array::from(columns.sequence.clone())),
        Arc::new(StringArray::from_iter_values(known)),
        Arc::new(columns.deleted.clone()),
        Arc::new(Int64Array::from(columns.change.clone())),
    ];
    let (merged, attributes) = match columns.attributes.split_last() {
        Some((merged, attributes)) => (Some(merged), attributes),
        None => (None, &[][..]),
    };
    for values in attributes {
        let nothing = new_null_array(values.data_type(), rows);
        arrays.push(zip(&columns.deleted, &nothing, values)?);
    }
    arrays.extend(merged.cloned());
    arrays.push(Arc::new(Int64Array::from(vec![audit_key; rows])));
    RecordBatch::try_new(schema, arrays)
}

/// Words without those that an earlier row says in the same way, whichever load kept it.
///
/// # Errors
/// If the columns cannot be compared.
pub(crate) fn once_each(words: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let compared = &words.columns()[..words.num_columns() - 1];
    let fields = compared.iter();
    let fields = fields.map(|values| SortField::new(values.data_type().clone()));
    let rows = RowConverter::new(fields.collect())?.convert_columns(compared)?;
    // a change that goes back to what it was says so again, and the later word of the same row is the one that counts
    let mut last = HashSet::new();
    let backwards = (0..words.num_rows()).rev();
    let mut kept: Vec<bool> = backwards.map(|row| last.insert(rows.row(row))).collect();
    kept.reverse();
    let kept = BooleanArray::from(kept);
    arrow::compute::filter_record_batch(words, &kept)
}
