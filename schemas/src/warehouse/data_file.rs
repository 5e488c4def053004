//! One Parquet file of a table, as the Delta log names it.

/// A data file of a table: the unit that a load keeps, adds or takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// The path relative to the table's folder.
    pub path: String,
    /// The size.
    pub bytes: u64,
    /// The number of rows.
    pub rows: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_at_ms: i64,
    /// The Delta statistics (JSON): `numRecords`, `minValues`, `maxValues`, `nullCount`.
    pub stats: String,
}
