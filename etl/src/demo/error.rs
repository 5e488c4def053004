//! What can go wrong while a demo database is made or moved forward.

use planisphere_schemas::ErrorKind;

/// A failure of `demo-source`.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The URL names no database that can be written to.
    #[error("cannot write a demo database to '{url}': {reason}")]
    Url {
        /// The URL without its password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to move forward.
    #[error("there is no demo database at {url} to move forward")]
    Missing {
        /// The database.
        url: String,
    },
    /// The database belongs to somebody else.
    #[error("{url} was not made by demo-source ({found}); it was left untouched")]
    NotDemo {
        /// The database.
        url: String,
        /// What was found in it.
        found: String,
    },
    /// The database was made by a program that simulates another world.
    #[error("{url} was made by generator {made_by}, this program has generator {have}")]
    OtherGenerator {
        /// The database.
        url: String,
        /// The generator that made it.
        made_by: i64,
        /// The generator of this program.
        have: i64,
    },
    /// A file or folder cannot be used.
    #[error("cannot {doing} {path}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// SQLite failed.
    #[error("sqlite failed while {doing}")]
    Sqlite {
        /// What was being done, with the object.
        doing: String,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// PostgreSQL failed or cannot be reached.
    #[error("postgres failed while {doing}")]
    Postgres {
        /// What was being done, with the object.
        doing: String,
        /// The cause.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A background task was stopped.
    #[error("the simulation was stopped")]
    Stopped {
        /// The cause.
        #[source]
        source: tokio::task::JoinError,
    },
    /// A row does not fit its table: a defect of ours.
    #[error("a row of {table} has {found} values for {expected} columns")]
    Row {
        /// The table.
        table: &'static str,
        /// Its columns.
        expected: usize,
        /// The values.
        found: usize,
    },
}

impl DemoError {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } => ErrorKind::Invalid,
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::NotDemo { .. } | Self::OtherGenerator { .. } => ErrorKind::Conflict,
            Self::File { .. } => ErrorKind::Unavailable,
            Self::Sqlite { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => ErrorKind::ResourceExhausted,
                Some(rusqlite::ErrorCode::ConstraintViolation) => ErrorKind::Conflict,
                _ => ErrorKind::Unavailable,
            },
            Self::Postgres { source, .. } => postgres_kind(source),
            Self::Stopped { source } if source.is_cancelled() => ErrorKind::Cancelled,
            Self::Stopped { .. } | Self::Row { .. } => ErrorKind::Internal,
        }
    }

    /// What the operator can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { .. } => {
                "use sqlite:PATH, for example sqlite:demo/crm.db, or postgres://user:password@host:5432/database"
            }
            Self::Missing { .. } => "create it first: the same command without --advance-days",
            Self::NotDemo { .. } => {
                "name another file or an empty database; demo-source only ever replaces what it made itself"
            }
            Self::OtherGenerator { .. } => {
                "create the database again: the same command without --advance-days"
            }
            Self::File { .. } => "check the path, its permissions and the space on the disk",
            Self::Sqlite { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "another program writes to the file; try again when it is done"
                }
                Some(rusqlite::ErrorCode::ConstraintViolation) => {
                    "rows were added by hand that the simulation wants to add too; create the database again"
                }
                _ => "check the file, its permissions and the space on the disk",
            },
            Self::Postgres { source, .. } => postgres_hint(source),
            Self::Stopped { .. } | Self::Row { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// The first two characters of the server's error code.
fn class(source: &tokio_postgres::Error) -> Option<&str> {
    source.code().and_then(|code| code.code().get(..2))
}

fn postgres_kind(source: &tokio_postgres::Error) -> ErrorKind {
    match class(source) {
        Some("28" | "42") => ErrorKind::Invalid,
        Some("3D") => ErrorKind::NotFound,
        Some("23" | "2B") => ErrorKind::Conflict,
        Some("53") => ErrorKind::ResourceExhausted,
        _ => ErrorKind::Unavailable,
    }
}

fn postgres_hint(source: &tokio_postgres::Error) -> &'static str {
    match class(source) {
        Some("28") => "check user and password in the URL",
        Some("3D") => "create the database first: createdb NAME",
        Some("42") => "the user needs the right to create tables in the schema",
        Some("23") => {
            "rows were added by hand that the simulation wants to add too; create the database again"
        }
        Some("2B") => "drop the views that were made on the demo tables first",
        Some("53") => "free space or connections on the server",
        _ => "check that the server runs and that host, port and database in the URL are right",
    }
}
