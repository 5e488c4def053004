//! What counts of the changes that a star has kept: of each change of the source the word of the latest load that showed it.
//!
//! A source may correct a change in its place, and an engineer the expression by which it is read; then a later load says
//! something else of the same member, instant, sequence and row. Changes whose rows nobody can tell stand beside each other.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use planisphere_schemas::model::Star;

use crate::conform::{CHANGE, DELETED, SEQUENCE, VALID_FROM};

use super::schema::AUDIT_KEY;

/// The rows of kept changes in the columns of `map_fact_<star>_changes` that count; these columns of the entity are kept.
pub(super) fn prevailing(
    star: &Star,
    columns: &[&str],
    kept: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let changes = column(kept, CHANGE)?;
    if changes.null_count() == changes.len() {
        return Ok(kept.clone());
    }
    let keys = star.key.iter().filter(|key| !star.derives(key));
    let keys = keys
        .map(String::as_str)
        .chain([VALID_FROM, SEQUENCE, CHANGE]);
    let things = comparable(kept, keys)?;
    let contents = contents(columns, kept)?;
    let loads = column(kept, AUDIT_KEY)?.as_primitive::<Int64Type>();
    let mut latest = HashMap::new();
    let mut identified = HashSet::new();
    for row in (0..kept.num_rows()).filter(|row| changes.is_valid(*row)) {
        let load = latest.entry(things.row(row)).or_insert(i64::MIN);
        *load = loads.value(row).max(*load);
        identified.insert(contents.row(row));
    }
    let counts = |row: usize| match changes.is_valid(row) {
        true => latest.get(&things.row(row)) == Some(&loads.value(row)),
        // a load that knew which one it was has shown it again
        false => !identified.contains(&contents.row(row)),
    };
    let counts: BooleanArray = (0..kept.num_rows()).map(|row| Some(counts(row))).collect();
    filter_record_batch(kept, &counts)
}

/// For each row of what a load shows whether it says anything that is not known of `standing`, what counted until then.
pub(super) fn news(
    columns: &[&str],
    standing: Option<&RecordBatch>,
    shown: &RecordBatch,
) -> Result<BooleanArray, ArrowError> {
    let all: Vec<&RecordBatch> = standing.into_iter().chain([shown]).collect();
    let all = arrow::compute::concat_batches(&shown.schema(), all)?;
    let contents = contents(columns, &all)?;
    let changes = column(&all, CHANGE)?.as_primitive::<Int64Type>();
    let (mut said, mut known) = (HashSet::new(), HashSet::new());
    let earlier = standing.map_or(0, RecordBatch::num_rows);
    let mut new = Vec::with_capacity(shown.num_rows());
    for row in 0..all.num_rows() {
        let content = contents.row(row);
        let change = changes.is_valid(row).then(|| changes.value(row));
        let is_new =
            known.insert((content, change)) && (change.is_some() || !said.contains(&content));
        said.insert(content);
        if row >= earlier {
            new.push(Some(is_new));
        }
    }
    Ok(new.into_iter().collect())
}

/// What changes say, in a form that can be compared.
fn contents(columns: &[&str], rows: &RecordBatch) -> Result<Rows, ArrowError> {
    let own = [VALID_FROM, SEQUENCE, DELETED];
    comparable(rows, columns.iter().copied().chain(own))
}

fn comparable<'a>(
    rows: &RecordBatch,
    names: impl Iterator<Item = &'a str>,
) -> Result<Rows, ArrowError> {
    let columns: Result<Vec<ArrayRef>, ArrowError> =
        names.map(|name| column(rows, name).cloned()).collect();
    let columns = columns?;
    let fields = columns.iter();
    let fields = fields.map(|values| SortField::new(values.data_type().clone()));
    RowConverter::new(fields.collect())?.convert_columns(&columns)
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    Ok(rows.column(rows.schema().index_of(name)?))
}
