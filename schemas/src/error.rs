//! What can go wrong in the shared contract: one error, its kind, its hint.
//!
//! Both programs map [`ErrorKind`] to their own world: `etl` to retry or ask the operator, `olap` to a gRPC status.

use crate::document::Faults;

/// The short closed list of what an error means to whoever handles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller's input is wrong: a model file, a setting, a request.
    Invalid,
    /// A named thing does not exist.
    NotFound,
    /// Somebody else was first, or the state does not allow it.
    Conflict,
    /// A system that is needed does not answer; trying again can help.
    Unavailable,
    /// A limit on memory, rows or time was reached.
    ResourceExhausted,
    /// The caller went away or a shutdown began.
    Cancelled,
    /// Published data is missing or was changed by something else.
    Damaged,
    /// A defect of ours.
    Internal,
}

/// A failure of the shared contract: settings, model or warehouse.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One or more faults in settings or model files, each with its place.
    #[error("{faults}")]
    Faults {
        /// Every fault that was found, in file order.
        faults: Faults,
    },
    /// A file or folder could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The path as the user named it, resolved.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A warehouse URL that cannot be understood.
    #[error("warehouse url '{url}' is not usable: {reason}")]
    WarehouseUrl {
        /// The URL as given, without secrets.
        url: String,
        /// Why not.
        reason: String,
    },
    /// No version was ever published, or not the one that was asked for.
    #[error("warehouse {url} has no published version{}", .version.map(|v| format!(" {v}")).unwrap_or_default())]
    NoVersion {
        /// The warehouse.
        url: String,
        /// The version that was asked for; `None` for "the latest".
        version: Option<u64>,
    },
    /// A manifest written by a newer program.
    #[error("warehouse version {version} needs reader version {needed}, this program has {have}")]
    NewerFormat {
        /// The warehouse version.
        version: u64,
        /// What its manifest asks for.
        needed: u32,
        /// What this program can read.
        have: u32,
    },
    /// A manifest in a format of a newer program.
    #[error(
        "warehouse version {version} is written in format {format}, this program knows formats up to {known}"
    )]
    UnknownFormat {
        /// The warehouse version.
        version: u64,
        /// The format of its manifest.
        format: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// A manifest after which only a newer program may publish.
    #[error("warehouse version {version} needs writer version {needed}, this program has {have}")]
    NewerWriter {
        /// The warehouse version.
        version: u64,
        /// What its manifest asks for.
        needed: u32,
        /// What this program can write.
        have: u32,
    },
    /// Another load published the same version number first.
    #[error("warehouse version {version} was published by another load")]
    AlreadyPublished {
        /// The version number that both wanted.
        version: u64,
    },
    /// A manifest or record that is not what we write.
    #[error("{path} cannot be understood: {reason}")]
    Malformed {
        /// The object.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A Delta table that this program does not read.
    #[error("table {table} uses {feature}, which this program does not read")]
    UnsupportedTable {
        /// The table.
        table: String,
        /// The Delta feature.
        feature: String,
    },
    /// The object store failed.
    #[error("object store failed while {doing}")]
    Store {
        /// What was being done, with the object.
        doing: String,
        /// The cause.
        #[source]
        source: object_store::Error,
    },
    /// Delta failed.
    #[error("delta failed while {doing}")]
    Delta {
        /// What was being done, with the table.
        doing: String,
        /// The cause.
        #[source]
        source: Box<deltalake_core::DeltaTableError>,
    },
}

impl Error {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Faults { .. } | Self::WarehouseUrl { .. } => ErrorKind::Invalid,
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::InvalidData => {
                ErrorKind::Invalid
            }
            Self::Read { .. } => ErrorKind::Unavailable,
            Self::NoVersion { .. } => ErrorKind::NotFound,
            Self::AlreadyPublished { .. } => ErrorKind::Conflict,
            Self::NewerFormat { .. }
            | Self::UnknownFormat { .. }
            | Self::NewerWriter { .. }
            | Self::UnsupportedTable { .. } => ErrorKind::Invalid,
            Self::Malformed { .. } => ErrorKind::Damaged,
            Self::Store { source, .. } if is_full_disk(source) => ErrorKind::ResourceExhausted,
            Self::Store { source, .. } => match source {
                object_store::Error::NotFound { .. } => ErrorKind::NotFound,
                object_store::Error::AlreadyExists { .. } => ErrorKind::Conflict,
                _ => ErrorKind::Unavailable,
            },
            Self::Delta { source, .. } if is_full_disk(source) => ErrorKind::ResourceExhausted,
            Self::Delta { .. } => ErrorKind::Unavailable,
        }
    }

    /// What the operator can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Faults { .. } => None,
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::InvalidData => {
                Some("save the file as UTF-8 text".into())
            }
            Self::Read { .. } => Some("check the path and its permissions".into()),
            Self::WarehouseUrl { .. } => {
                Some("use a folder, a file:// URL or memory:// for [warehouse] url".into())
            }
            Self::NoVersion { version: None, .. } => {
                Some("run 'planisphere-etl load' first".into())
            }
            Self::NoVersion { .. } => {
                Some("'planisphere-etl history' lists the published versions".into())
            }
            Self::NewerFormat { .. } | Self::UnknownFormat { .. } => {
                Some("upgrade planisphere, or open an older version".into())
            }
            Self::NewerWriter { .. } => {
                Some("upgrade planisphere on the machine that loads".into())
            }
            Self::AlreadyPublished { .. } => {
                Some("another load is at work on this warehouse; run this one again".into())
            }
            Self::Malformed { .. } => {
                Some("the object was changed by something else; restore it from a backup".into())
            }
            Self::UnsupportedTable { .. } => Some("rewrite the table without that feature".into()),
            Self::Store { source, .. } if is_full_disk(source) => Some(FULL_DISK_HINT.into()),
            Self::Delta { source, .. } if is_full_disk(source) => Some(FULL_DISK_HINT.into()),
            Self::Store { .. } | Self::Delta { .. } => {
                Some("check that the warehouse folder exists, is writable and has space".into())
            }
        }
    }
}

/// What helps against a full disk.
pub const FULL_DISK_HINT: &str = "the disk of the warehouse is full, or a quota or a limit on the size of files is reached: make room, then run it again";

/// True if an error, or one of its causes, is that no space is left where it was to be written.
pub fn is_full_disk(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    // some libraries keep only the words of what an io error wraps
    const WORDS: [&str; 2] = ["No space left on device", "File too large"];
    has_cause(error, &[FileTooLarge, QuotaExceeded, StorageFull], &WORDS)
}

/// True if an error, or one of its causes, is that nobody lets a file be written where it was to be: who mends that has
/// to change rights or names.
pub fn is_forbidden(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{NotADirectory, PermissionDenied, ReadOnlyFilesystem};
    const WORDS: [&str; 3] = [
        "Permission denied",
        "Not a directory",
        "Read-only file system",
    ];
    has_cause(
        error,
        &[NotADirectory, PermissionDenied, ReadOnlyFilesystem],
        &WORDS,
    )
}

fn has_cause(
    error: &(dyn std::error::Error + 'static),
    kinds: &[std::io::ErrorKind],
    words: &[&str],
) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        let said = error.to_string();
        io.is_some_and(|error| kinds.contains(&error.kind()))
            || words.iter().any(|words| said.contains(words))
    })
}

/// The result of the shared contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;
