//! Hashes of rows, by which a row is compared with what is published of it.

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use twox_hash::XxHash3_128;

/// Rows that are hashed at once.
const CHUNK: usize = 65_536;

/// Appends a hash of each row's values in these columns.
///
/// # Errors
/// If a column has a type without an order.
pub(crate) fn hash_columns(
    (values, rows): (&[&ArrayRef], usize),
    seed: u64,
    hashes: &mut Vec<u128>,
) -> Result<(), ArrowError> {
    if values.is_empty() {
        hashes.resize(hashes.len() + rows, 0);
        return Ok(());
    }
    let fields = values.iter().map(|v| SortField::new(v.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    for from in (0..rows).step_by(CHUNK) {
        let length = CHUNK.min(rows - from);
        let slices: Vec<ArrayRef> = values.iter().map(|v| v.slice(from, length)).collect();
        let rows = converter.convert_columns(&slices)?;
        hashes.extend(
            rows.iter()
                .map(|row| XxHash3_128::oneshot_with_seed(seed, row.data())),
        );
    }
    Ok(())
}
