//! Operational systems as bounded streams of Arrow batches under one snapshot.
//!
//! Nothing behind this module knows SQL dialects or file formats. It is not responsible for what the
//! rows mean: values are only given their declared types, and what does not fit becomes a reject.
//!
//! ```text
//! sqlite | postgres | files ──cells──► BatchBuilder ──► StagedBatch { rows, rejects }
//! ```

mod builder;
mod cell;
mod file;
mod number;
mod postgres;
mod sqlite;

use std::pin::Pin;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::Stream;
use planisphere_schemas::model::{self, Table};
use planisphere_schemas::settings::SourceSettings;

use crate::error::{Error, Result};
use crate::reject::Reject;

pub(crate) use builder::staged_schema;
pub(crate) use cell::{Cell, TextRules, append_cell, column_builder};

/// Rows of one table that fit their declared types, and those that do not.
#[derive(Debug)]
pub(crate) struct StagedBatch {
    /// The rows, in the columns of [`staged_schema`].
    pub(crate) rows: RecordBatch,
    /// Rows that were rejected, with reasons.
    pub(crate) rejects: Vec<Reject>,
    /// Values that did not fit and became null because the column says so.
    pub(crate) nulled: u64,
}

/// A bounded stream: the reader waits while the consumer is busy.
pub(crate) type BatchStream<'a> = Pin<Box<dyn Stream<Item = Result<StagedBatch>> + Send + 'a>>;

/// One operational system.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// Opens one consistent snapshot of everything; nothing that commits later is seen through it.
    async fn open(&self) -> Result<Box<dyn Snapshot>>;
}

/// One moment of a source. Tables are read one after the other; dropping it releases the source.
#[async_trait]
pub(crate) trait Snapshot: Send {
    /// Which moment this is, in the source's own words.
    fn describe(&self) -> String;

    /// Reads the declared columns of one table in batches of at most `batch_rows` rows.
    async fn read(&mut self, table: &Table, batch_rows: usize) -> Result<BatchStream<'_>>;
}

/// Finds the reader for a source's URL.
///
/// # Errors
/// [`Error::SourceUrl`] if no reader knows the URL.
pub(crate) fn connect(model: &model::Source, settings: &SourceSettings) -> Result<Box<dyn Source>> {
    let url = settings.url.expose();
    let name = model.name.clone();
    let zone = model.time_zone.parse().unwrap_or(chrono_tz::UTC);
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(Box::new(sqlite::Sqlite::new(name, path, zone)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Box::new(postgres::Postgres::new(name, settings, zone)?));
    }
    if url.contains("://") {
        let scheme = url.split("://").next().unwrap_or_default();
        let reason = format!("no reader for '{scheme}://'");
        return Err(Error::SourceUrl {
            source_name: name,
            reason,
        });
    }
    Ok(Box::new(file::Files::new(name, url, zone)))
}
