//! The physical design of a table: how its rows are cut into files and row groups, and how they are packed.

use planisphere_schemas::warehouse::LoadId;

/// How the files of a table are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Rows in a row group, the unit that a query skips or reads; 122,880 by default.
    pub row_group_rows: usize,
    /// Rows in a file, the unit that a load keeps or replaces; 32 row groups (3,932,160) by default.
    pub file_rows: usize,
    /// Bytes of rows, as they are in memory, after which a row group is full; 64 MiB by default. Wide rows wait for their row group.
    pub row_group_bytes: usize,
    /// Bytes after which a file is full, as they are written; 256 MiB by default. Files are read whole.
    pub file_bytes: u64,
    /// How pages are compressed; zstd at level 1 by default.
    pub codec: Codec,
    /// The order of the rows, written into the files as a promise of the caller; none by default.
    ///
    /// The writer does not sort.
    pub sorted_by: Vec<SortColumn>,
    /// The load that writes: the names of files tell it, so that those of failed loads are known; none by default.
    pub load: Option<LoadId>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            row_group_rows: 122_880,
            file_rows: 32 * 122_880,
            row_group_bytes: 64 << 20,
            file_bytes: 256 << 20,
            codec: Codec::Zstd(1),
            sorted_by: Vec::new(),
            load: None,
        }
    }
}

impl WriteOptions {
    /// The same for files of a load.
    #[must_use]
    pub fn of_load(mut self, load: LoadId) -> Self {
        self.load = Some(load);
        self
    }

    /// The same for a load that may take so many bytes of memory.
    #[must_use]
    pub fn within(mut self, memory: usize) -> Self {
        const SMALLEST: usize = 4 << 20;
        self.row_group_bytes = self.row_group_bytes.min(SMALLEST.max(memory / 16));
        self.file_bytes = self.file_bytes.min(SMALLEST.max(memory / 4) as u64);
        self
    }

    /// The same with rows promised to be in ascending order of these columns, nulls last.
    pub fn sorted_by<'a>(mut self, columns: impl IntoIterator<Item = &'a str>) -> Self {
        self.sorted_by = columns
            .into_iter()
            .map(|column| SortColumn {
                column: column.to_owned(),
                descending: false,
            })
            .collect();
        self
    }
}

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// LZ4: larger files, less work to read.
    Lz4,
    /// Zstandard at a level from 1 to 22.
    Zstd(u8),
}

/// A column by which rows are in order; nulls come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortColumn {
    /// The column.
    pub column: String,
    /// True if the largest value comes first.
    pub descending: bool,
}
