//! Rows that could not be loaded: kept with the place and the reason.

mod rejects;
mod tally;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use serde::{Deserialize, Serialize};

pub(crate) use rejects::{Rejecting, Rejects};
pub use tally::RejectTally;
pub(crate) use tally::{RejectSum, exceeds};

/// One row that was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Reject {
    /// The source system.
    pub(crate) source: String,
    /// `extract`, `conform`, `dimension` or `star`.
    pub(crate) stage: String,
    /// The table, entity, dimension or star.
    pub(crate) object: String,
    /// The row's key, parts joined by `|`.
    pub(crate) row_id: String,
    /// A short stable name of the reason.
    pub(crate) reason: String,
    /// What exactly was wrong.
    pub(crate) detail: String,
    /// The row as JSON, as far as it was read.
    pub(crate) row: String,
}

/// A key of several parts as one text: parts joined by `|`, which is escaped inside a part.
pub(crate) fn row_id<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let several = parts.len() > 1;
    let parts: Vec<String> = parts
        .map(|part| match several {
            true => part.replace('\\', "\\\\").replace('|', "\\|"),
            false => part.to_owned(),
        })
        .collect();
    parts.join("|")
}

/// The table of all rejected rows.
pub(crate) const TABLE: &str = "audit_reject";

/// The columns of `audit_reject`.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        text("load_id"),
        text("source_system"),
        text("stage"),
        text("object"),
        text("row_id"),
        text("reason"),
        text("detail"),
        text("row_json"),
        Field::new("audit_key", DataType::Int64, false),
    ]))
}

/// Rejected rows of a staged table of a source, as they lie in the package, as rows of `audit_reject`.
pub(crate) fn staged_batch(
    load_id: &str,
    audit_key: i64,
    (source, table): (&str, &str),
    staged: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let rows = staged.num_rows();
    let same = |text: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            text, rows,
        )))
    };
    let mut columns = vec![same(load_id), same(source), same("extract"), same(table)];
    columns.extend(staged.columns().iter().cloned());
    columns.push(Arc::new(Int64Array::from(vec![audit_key; rows])));
    RecordBatch::try_new(schema(), columns)
}

#[cfg(test)]
mod tests {
    use super::row_id;

    #[test]
    fn different_keys_have_different_row_ids() {
        let id = |parts: &[&str]| row_id(parts.iter().copied());
        assert_ne!(id(&["a|b", "c"]), id(&["a", "b|c"]));
        assert_ne!(id(&["a\\", "b"]), id(&["a", "\\b"]));
        assert_eq!(id(&["a|b"]), "a|b");
        assert_eq!(id(&["a", "b"]), "a|b");
    }
}
