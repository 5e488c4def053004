//! What can go wrong while a cube is asked: one error, its kind, its hint.
//!
//! Every protocol maps [`OlapError::kind`] to its own status; no protocol type appears here.

mod of_engine;

use std::fmt;
use std::time::Duration;

use datafusion::error::DataFusionError;
use planisphere_schemas::ErrorKind;
use planisphere_schemas::document::nearest;

pub(crate) use of_engine::UNKNOWN_OPERATOR;
use of_engine::{engine_kind, operator_text, overflow_text};

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// `NotFound` for names that the version does not know, `Invalid` for all else.
    pub kind: ErrorKind,
    /// Where in the request: `measures[0]`, `axes[1].levels[0]`, `filters[2]`.
    pub place: String,
    /// What is wrong, in plain words.
    pub message: String,
    /// What to do about it, where we know.
    pub hint: Option<String>,
}

impl fmt::Display for QueryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// All faults of one request, in the order in which its parts are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryFaults(Vec<QueryFault>);

impl QueryFaults {
    /// Adds something that makes no sense.
    pub fn invalid(
        &mut self,
        place: impl Into<String>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let (place, message) = (place.into(), message.into());
        self.0.push(QueryFault {
            kind: ErrorKind::Invalid,
            place,
            message,
            hint,
        });
    }

    /// Adds "unknown X 'name'" with the nearest known name, else the known ones.
    pub fn unknown<'a>(
        &mut self,
        place: impl Into<String>,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => Some(format!("did you mean '{near}'?")),
            None => some_of(&known).map(|names| format!("known: {names}")),
        };
        let message = format!("unknown {what} '{name}'");
        self.0.push(QueryFault {
            kind: ErrorKind::NotFound,
            place: place.into(),
            message,
            hint,
        });
    }

    /// Adds a name that does not exist, where the hint is known.
    pub fn missing(
        &mut self,
        place: impl Into<String>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let (place, message) = (place.into(), message.into());
        self.0.push(QueryFault {
            kind: ErrorKind::NotFound,
            place,
            message,
            hint,
        });
    }

    /// True if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the faults.
    pub fn iter(&self) -> impl Iterator<Item = &QueryFault> {
        self.0.iter()
    }

    /// The value if nothing is wrong, else all faults as one error.
    pub fn or<T>(self, value: T) -> Result<T> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(OlapError::Faults { faults: self })
        }
    }

    fn kind(&self) -> ErrorKind {
        if self.0.iter().all(|fault| fault.kind == ErrorKind::NotFound) {
            ErrorKind::NotFound
        } else {
            ErrorKind::Invalid
        }
    }
}

/// Names the nearest known name, else the known ones.
pub(crate) fn near_hint<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => Some(format!("did you mean '{near}'?")),
        None => some_of(&known).map(|names| format!("known: {names}")),
    }
}

fn some_of(known: &[&str]) -> Option<String> {
    const SHOWN: usize = 12;
    let more = if known.len() > SHOWN { ", …" } else { "" };
    let names = known
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    (!known.is_empty()).then(|| names + more)
}

impl fmt::Display for QueryFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// A failure of the OLAP server's own part.
#[derive(Debug, thiserror::Error)]
pub enum OlapError {
    /// One or more faults of a request; all that could be found.
    #[error("{faults}")]
    Faults {
        /// The faults.
        faults: QueryFaults,
    },
    /// The caller built its request on another model than the version has.
    #[error("the model of warehouse version {version} is {actual}, not {asked}")]
    ModelChanged {
        /// The warehouse version.
        version: u64,
        /// Its model hash.
        actual: String,
        /// The hash in the request.
        asked: String,
    },
    /// A page token that belongs to something else.
    #[error("page token is not usable: {reason}")]
    PageToken {
        /// Why not.
        reason: String,
    },
    /// The warehouse could not be opened or pinned.
    #[error("cannot open the warehouse")]
    Warehouse {
        /// The cause.
        #[source]
        source: planisphere_schemas::Error,
    },
    /// The model names a table that the version does not hold.
    #[error("warehouse version {version} has no table {table}")]
    MissingTable {
        /// The warehouse version.
        version: u64,
        /// The table.
        table: String,
    },
    /// A published file is missing or was changed by something else.
    #[error("the warehouse is damaged: of table {table}, {file} {reason}")]
    Damaged {
        /// The table.
        table: String,
        /// The file, as a URL.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A SQL condition or expression of the model that cannot be planned.
    #[error("cannot understand {what}")]
    Expression {
        /// What, with its place in the model.
        what: String,
        /// The cause.
        #[source]
        source: Box<DataFusionError>,
    },
    /// The engine failed.
    #[error("engine failed while {doing}")]
    Engine {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A number left its type.
    #[error("a number does not fit its type while {doing}: {detail}")]
    Overflow {
        /// What was being done.
        doing: String,
        /// What the engine says about it.
        detail: String,
    },
    /// A member of the warehouse has an operator that means nothing.
    #[error("{detail}, which is none of '+', '-' and '~'")]
    Operator {
        /// Which, of which member.
        detail: String,
    },
    /// The query needed more memory than it may have.
    #[error("query {query_id} needs more memory than the limit of {limit_bytes} bytes")]
    Memory {
        /// The query.
        query_id: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// The query gave more rows than it may.
    #[error("query {query_id} gives more than the limit of {limit_rows} rows")]
    RowLimit {
        /// The query.
        query_id: String,
        /// The limit.
        limit_rows: usize,
    },
    /// The query took longer than it may.
    #[error("query {query_id} did not end within {}", seconds(.limit))]
    Deadline {
        /// The query.
        query_id: String,
        /// The limit.
        limit: Duration,
    },
    /// The caller went away or the server shuts down.
    #[error("query {query_id} was cancelled")]
    Cancelled {
        /// The query.
        query_id: String,
    },
    /// A defect of ours.
    #[error("internal error: {reason}")]
    Internal {
        /// What should not have been.
        reason: String,
    },
}

fn seconds(limit: &Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

impl OlapError {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Faults { faults } => faults.kind(),
            Self::PageToken { .. }
            | Self::Operator { .. }
            | Self::Overflow { .. }
            | Self::Expression { .. } => ErrorKind::Invalid,
            Self::ModelChanged { .. } => ErrorKind::Conflict,
            Self::Warehouse { source } => source.kind(),
            Self::Engine { source, .. } => engine_kind(source),
            Self::Memory { .. } | Self::RowLimit { .. } | Self::Deadline { .. } => {
                ErrorKind::ResourceExhausted
            }
            Self::Cancelled { .. } => ErrorKind::Cancelled,
            Self::MissingTable { .. } | Self::Damaged { .. } => ErrorKind::Damaged,
            Self::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// What the caller or operator can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::ModelChanged { .. } => "describe the cube again, or leave the model hash out",
            Self::PageToken { .. } => "start again without a page token",
            Self::Warehouse { source } => return source.hint(),
            Self::MissingTable { .. } => "load the warehouse again, or open an older version",
            Self::Damaged { .. } => {
                "restore the file from a backup, ask an earlier version, or load into a new warehouse folder"
            }
            Self::Expression { .. } => "correct the model and load again",
            Self::Operator { .. } => "mend it at the source, and load",
            Self::Overflow { .. } => "ask for fewer rows per cell, or declare a wider type",
            Self::Memory { .. } => {
                "filter more, ask for fewer levels, or raise [olap] memory_bytes"
            }
            Self::RowLimit { .. } => "filter more, set a limit, or raise [olap] row_limit",
            Self::Deadline { .. } => "filter more, or raise [olap] query_timeout_seconds",
            Self::Faults { .. }
            | Self::Engine { .. }
            | Self::Cancelled { .. }
            | Self::Internal { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// The faults of a request, if that is what this is.
    pub fn faults(&self) -> Option<&QueryFaults> {
        match self {
            Self::Faults { faults } => Some(faults),
            _ => None,
        }
    }

    /// An error of the engine, sorted by what it means; `doing` says what was being done.
    pub fn engine(doing: impl Into<String>, source: DataFusionError) -> Self {
        let doing = doing.into();
        if let Some(detail) = operator_text(&source) {
            return Self::Operator { detail };
        }
        match overflow_text(&source) {
            Some(detail) => Self::Overflow { doing, detail },
            None => Self::Engine {
                doing,
                source: Box::new(source),
            },
        }
    }
}

impl From<planisphere_schemas::Error> for OlapError {
    fn from(source: planisphere_schemas::Error) -> Self {
        Self::Warehouse { source }
    }
}

/// The result of the OLAP server's own part.
pub type Result<T, E = OlapError> = std::result::Result<T, E>;
