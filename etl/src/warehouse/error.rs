//! What can go wrong while a table is written or committed.

use datafusion::error::DataFusionError;
use deltalake_core::DeltaTableError;
use parquet::errors::ParquetError;
use planisphere_schemas::{Error, ErrorKind, FULL_DISK_HINT, is_full_disk};

/// A failure to write a table of the warehouse.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The warehouse could not be read or reached.
    #[error(transparent)]
    Warehouse(#[from] Error),
    /// A column's type has no place in a star table.
    #[error("column {column} of table {table} has type {data_type}, which star tables do not hold")]
    UnsupportedType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its Arrow type.
        data_type: String,
    },
    /// The rows lack a column of the table, or the sort order names one that does not exist.
    #[error("table {table} needs column {column}, which is not there")]
    MissingColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The rows have a column in another type than the table.
    #[error("column {column} of table {table} is {found}, not {expected}")]
    ColumnType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type of the table.
        expected: String,
        /// The type of the rows.
        found: String,
    },
    /// A column that is never null holds nulls.
    #[error("column {column} of table {table} holds {nulls} nulls, but must hold none")]
    NullValue {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many.
        nulls: usize,
    },
    /// The rows could not be produced.
    #[error("rows for table {table} could not be produced")]
    Rows {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: DataFusionError,
    },
    /// A Parquet file could not be encoded or stored.
    #[error("file {path} of table {table} could not be written")]
    File {
        /// The table.
        table: String,
        /// The file, relative to the table's folder.
        path: String,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// The schema changes in a way that files which stay cannot follow.
    #[error("column {column} of table {table} {change}, while older files of the table stay")]
    IncompatibleSchema {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What happens to it.
        change: String,
    },
    /// Another load committed to the table at the same moment.
    #[error("table {table} was changed by another load after its version {version}")]
    Conflict {
        /// The table.
        table: String,
        /// The Delta version that the commit was to follow.
        version: u64,
    },
    /// The Delta log could not be written.
    #[error("delta failed while {doing}")]
    Delta {
        /// What was being done, with the table.
        doing: String,
        /// The cause.
        #[source]
        source: Box<DeltaTableError>,
    },
}

impl WriteError {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Warehouse(error) => error.kind(),
            Self::UnsupportedType { .. } | Self::IncompatibleSchema { .. } => ErrorKind::Invalid,
            Self::MissingColumn { .. } | Self::ColumnType { .. } | Self::NullValue { .. } => {
                ErrorKind::Internal
            }
            Self::Rows { source, .. } => match source.find_root() {
                DataFusionError::ResourcesExhausted(_) => ErrorKind::ResourceExhausted,
                _ => ErrorKind::Internal,
            },
            Self::File { .. } | Self::Delta { .. } if is_full_disk(self) => {
                ErrorKind::ResourceExhausted
            }
            Self::File { .. } | Self::Delta { .. } => ErrorKind::Unavailable,
            Self::Conflict { .. } => ErrorKind::Conflict,
        }
    }

    /// What the operator can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Warehouse(error) => error.hint(),
            Self::UnsupportedType { .. } => {
                Some("declare the column as one of the types of the model".into())
            }
            Self::IncompatibleSchema { .. } => {
                Some("rebuild the table, so that every file is written anew".into())
            }
            Self::File { .. } | Self::Delta { .. } if is_full_disk(self) => {
                Some(FULL_DISK_HINT.into())
            }
            Self::File { .. } | Self::Delta { .. } => {
                Some("check that the warehouse is writable and has space, then load again".into())
            }
            Self::Conflict { .. } => {
                Some("another load is at work on this warehouse; run this one again".into())
            }
            Self::MissingColumn { .. }
            | Self::ColumnType { .. }
            | Self::NullValue { .. }
            | Self::Rows { .. } => None,
        }
    }
}

/// The result of writing a table.
pub(crate) type Result<T, E = WriteError> = std::result::Result<T, E>;
