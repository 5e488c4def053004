//! What can go wrong in a load: one error, its kind, its hint.
//!
//! | kind | what the loader does |
//! |---|---|
//! | Unavailable, ResourceExhausted | the operator may run the load again as it is |
//! | Invalid, NotFound | stop and tell the operator what to mend |
//! | Conflict | stop: another load was first |
//! | Damaged | stop: a published file has to be restored, or the warehouse rebuilt |
//! | Cancelled, Internal | stop; nothing was published |

mod advice;

use std::borrow::Cow;

/// A failure of the ETL. Nothing that failed is ever visible to a reader.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings, model or warehouse.
    #[error(transparent)]
    Schemas(#[from] planisphere_schemas::Error),
    /// The warehouse could not be written.
    #[error(transparent)]
    Write(#[from] crate::warehouse::WriteError),
    /// The model names a source that the settings do not say how to reach.
    #[error(
        "source '{source_name}' of the model has no section [source.{source_name}] in the settings"
    )]
    SourceNotConfigured {
        /// The source.
        source_name: String,
        /// The settings file.
        file: String,
        /// A source of the settings that the model does not have, of a name that is near.
        near: Option<String>,
    },
    /// A source that is asked for by name, but is none of the model.
    #[error("the model has no source '{name}'")]
    UnknownSource {
        /// The name.
        name: String,
        /// The sources of the model.
        known: String,
    },
    /// A source URL that cannot be understood.
    #[error("the url of source '{source_name}' is not usable: {reason}")]
    SourceUrl {
        /// The source.
        source_name: String,
        /// Why not; never with secrets.
        reason: String,
    },
    /// The password file of a source cannot be read.
    #[error("cannot read password_file of source '{source_name}': {path}")]
    PasswordFile {
        /// The source.
        source_name: String,
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A source does not answer.
    #[error("cannot reach source '{source_name}': {reason}")]
    SourceUnreachable {
        /// The source.
        source_name: String,
        /// What it said; never with secrets.
        reason: String,
    },
    /// The moment that a source was read at cannot be seen any more.
    #[error("the snapshot of source '{source_name}' is gone: {reason}")]
    SnapshotLost {
        /// The source.
        source_name: String,
        /// What it said.
        reason: String,
    },
    /// A source that is there, but does not let itself be opened, however often it is asked.
    #[error("cannot open source '{source_name}': {reason}")]
    SourceRefused {
        /// The source.
        source_name: String,
        /// What it said; never with secrets.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The file, folder or database of a source is not there.
    #[error("source '{source_name}' is not there: {reason}")]
    SourceAbsent {
        /// The source.
        source_name: String,
        /// What is not there; never with secrets.
        reason: String,
    },
    /// A table or file of the model is not in the source.
    #[error("source '{source_name}' has no {what} '{name}'{}", .column.as_ref().map(|c| format!(" with column '{c}'")).unwrap_or_default())]
    NotInSource {
        /// The source.
        source_name: String,
        /// `table` or `file`.
        what: &'static str,
        /// The name in the source.
        name: String,
        /// The column that is missing, if the table is there.
        column: Option<String>,
        /// A name that is near.
        near: Option<String>,
    },
    /// Several tables or files of the model are not in the source.
    #[error("{}", .missing.iter().map(advice::with_hint).collect::<Vec<_>>().join("\n"))]
    AllNotInSource {
        /// An [`Error::NotInSource`] for each.
        missing: Vec<Error>,
    },
    /// Reading failed midway; another time it may succeed.
    #[error("reading '{table}' of source '{source_name}' failed: {reason}")]
    Read {
        /// The source.
        source_name: String,
        /// The table or file.
        table: String,
        /// What happened.
        reason: String,
        /// What helps more than doing the same again, where that is known.
        hint: Option<String>,
    },
    /// A table or file that cannot be read until somebody mends it or what the model says of it.
    #[error("'{table}' of source '{source_name}' cannot be read: {reason}")]
    Unreadable {
        /// The source.
        source_name: String,
        /// The table or file.
        table: String,
        /// What is wrong; in a file with its line.
        reason: String,
        /// What to do about it.
        hint: Cow<'static, str>,
    },
    /// A column that shall have the source's own type, in a source that has none.
    #[error(
        "column '{column}' of '{table}' cannot be 'native': source '{source_name}' has no types of its own"
    )]
    NoNativeType {
        /// The source.
        source_name: String,
        /// The table or file.
        table: String,
        /// The column.
        column: String,
    },
    /// The user may not read a table.
    #[error("'{user}' may not read '{table}' of source '{source_name}': {reason}")]
    NotAllowed {
        /// The source.
        source_name: String,
        /// The table.
        table: String,
        /// Who asked.
        user: String,
        /// What the source said.
        reason: String,
    },
    /// A staged table could not be written.
    #[error("cannot write staged table '{table}'")]
    Staging {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// A file of the published version is missing or was changed by something else.
    #[error("the warehouse is damaged: of table {table}, {file} {reason}")]
    Damaged {
        /// The table.
        table: String,
        /// The file, as a URL.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A dimension that has issued all keys that there are.
    #[error("dimension '{dimension}' has no keys left: all {} were issued", i32::MAX - 1)]
    KeysExhausted {
        /// The dimension.
        dimension: String,
    },
    /// A file of a staging package is missing or was changed by something else.
    #[error("the staging package of load {load} is damaged: {file} {reason}")]
    DamagedPackage {
        /// The load that staged it.
        load: planisphere_schemas::warehouse::LoadId,
        /// The file, relative to the warehouse.
        file: String,
        /// What is wrong with it.
        reason: String,
        /// True of a package of an earlier load, false of that of the load itself.
        is_retained: bool,
    },
    /// An expression or query of the model fails on the staged tables.
    #[error("{object} of source '{source_name}' cannot be evaluated")]
    Conform {
        /// The source.
        source_name: String,
        /// The view or entity, with the part that fails.
        object: String,
        /// The engine's error.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },
    /// A join that the model calls to-one multiplied rows.
    #[error(
        "entity '{entity}': the joins turn {before} rows into {after}; a join of an entity finds at most one row"
    )]
    FanOut {
        /// The entity.
        entity: String,
        /// Rows of the driving table.
        before: usize,
        /// Rows after the joins.
        after: usize,
    },
    /// Rows do not add up.
    #[error(
        "{object} does not balance: read {read}, but loaded {loaded} + unchanged {unchanged} + rejected {rejected} + excluded {excluded}"
    )]
    Unbalanced {
        /// The entity or star.
        object: String,
        /// Rows read.
        read: u64,
        /// Rows inserted or changed.
        loaded: u64,
        /// Rows that were there already.
        unchanged: u64,
        /// Rows rejected.
        rejected: u64,
        /// Rows excluded by a named rule.
        excluded: u64,
    },
    /// Too many rows were rejected.
    #[error(
        "'{object}' rejects {rejected} of {read} rows, more than the allowed {limit_permille} per thousand; first {first}"
    )]
    TooManyRejects {
        /// The table, entity, dimension or star.
        object: String,
        /// Rows rejected.
        rejected: u64,
        /// Rows read.
        read: u64,
        /// The limit of the settings.
        limit_permille: u32,
        /// The first of them: its place and what is wrong.
        first: String,
    },
    /// Too many rows were rejected before the table was read to its end.
    #[error(
        "'{object}' was not read to its end: {rejected} of the first {read} rows are rejected, more than the allowed {limit_permille} per thousand of all that it can have; first {first}"
    )]
    TooManyRejectsSoFar {
        /// The table.
        object: String,
        /// Rows rejected.
        rejected: u64,
        /// Rows read.
        read: u64,
        /// The limit of the settings.
        limit_permille: u32,
        /// The first of them: its place and what is wrong.
        first: String,
    },
    /// So many rows are gone that the source itself is in doubt.
    #[error(
        "'{table}': {vanished} of {rows} rows are no longer in the source, more than the allowed {limit_permille} per thousand"
    )]
    TooManyVanished {
        /// The dimension or fact table.
        table: String,
        /// Rows that the source no longer has.
        vanished: u64,
        /// Rows of the published table that were not marked as deleted.
        rows: u64,
        /// The limit of the settings.
        limit_permille: u32,
    },
    /// The changed model needs a rebuild.
    #[error("{object} cannot be changed in place: {reason}")]
    ModelChange {
        /// The dimension or star.
        object: String,
        /// What changed.
        reason: String,
    },
    /// A day before that of the published version.
    #[error("business date {asked} is before {published}, the business date of version {version}")]
    EarlierDate {
        /// The business date of the load.
        asked: chrono::NaiveDate,
        /// The business date of the published version.
        published: chrono::NaiveDate,
        /// The published version.
        version: u64,
    },
    /// A rebuild needs a warehouse that has no version yet.
    #[error("{warehouse} has published versions already")]
    NotEmpty {
        /// The warehouse of the settings.
        warehouse: String,
    },
    /// There is nothing to build a warehouse anew from.
    #[error("{warehouse} retains no staging package of a load that came to a good end")]
    NothingRetained {
        /// The warehouse that was to be built anew.
        warehouse: String,
    },
    /// An Arrow or DataFusion operation of ours failed.
    #[error("{doing} failed")]
    Engine {
        /// What was being done.
        doing: String,
        /// The engine's error.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },
    /// A simulated crash of a drill.
    #[error("stopped at crash point '{point}'")]
    Crash {
        /// The name of the point.
        point: &'static str,
    },
    /// Somebody stopped the load.
    #[error("stopped by {signal}")]
    Stopped {
        /// The signal.
        signal: &'static str,
    },
    /// A background task died.
    #[error("a task died while {doing}")]
    Task {
        /// What was being done.
        doing: &'static str,
    },
}

impl Error {
    /// Wraps an engine error with what was being done.
    pub fn engine(
        doing: impl Into<String>,
    ) -> impl FnOnce(datafusion::error::DataFusionError) -> Self {
        let doing = doing.into();
        move |source| Self::Engine {
            doing,
            source: Box::new(source),
        }
    }

    /// The same of a package that this load has staged itself.
    pub(crate) fn of_own_package(mut self) -> Self {
        if let Self::DamagedPackage { is_retained, .. } = &mut self {
            *is_retained = false;
        }
        self
    }

    /// Wraps an Arrow error with what was being done.
    pub fn arrow(doing: impl Into<String>) -> impl FnOnce(arrow::error::ArrowError) -> Self {
        let doing = doing.into();
        move |source| Self::Engine {
            doing,
            source: Box::new(datafusion::error::DataFusionError::ArrowError(
                Box::new(source),
                None,
            )),
        }
    }
}

/// The result of the ETL.
pub type Result<T, E = Error> = std::result::Result<T, E>;
