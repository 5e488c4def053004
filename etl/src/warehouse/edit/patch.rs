//! Columns with new values in some rows.

use arrow::array::{Array as _, ArrayRef, MutableArrayData, RecordBatch, make_array};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

/// Rows in a decoded batch.
const BATCH: usize = 16_384;

/// The rows of a file, batch by batch.
pub(super) fn batches(
    bytes: Bytes,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>>, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(BATCH);
    builder.build()
}

/// A row and the new row that takes its place.
pub(super) type Patch = (usize, usize);

/// A column with the values of new rows in their places; both have the same type.
pub(super) fn patched(
    old: &ArrayRef,
    new: &ArrayRef,
    patches: &[Patch],
) -> Result<ArrayRef, ArrowError> {
    let (old, new) = (old.to_data(), new.to_data());
    let mut values = MutableArrayData::new(vec![&old, &new], false, old.len());
    let mut done = 0;
    for (row, new) in patches {
        values.try_extend(0, done, *row)?;
        values.try_extend(1, *new, new + 1)?;
        done = row + 1;
    }
    values.try_extend(0, done, old.len())?;
    Ok(make_array(values.freeze()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn rows_take_their_values() {
        let old: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
        let new: ArrayRef = Arc::new(Int64Array::from(vec![Some(20), None]));
        let expected: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(20), Some(3)]));
        assert_eq!(&patched(&old, &new, &[(0, 1), (1, 0)]).unwrap(), &expected);
        let old: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let new: ArrayRef = Arc::new(StringArray::from(vec!["long text"]));
        let expected: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "long text"]));
        assert_eq!(&patched(&old, &new, &[(2, 0)]).unwrap(), &expected);
    }
}
