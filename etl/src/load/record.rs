//! The record of one load: what happened, kept in the warehouse whether it was published or not.

use chrono::{DateTime, NaiveDate, Utc};
use planisphere_schemas::warehouse::{LoadId, Warehouse, WarehouseVersion, load_record_path};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::balance::Balance;
use super::process::{Life, Process};
use super::reading::SourceReading;

/// How a load ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum LoadOutcome {
    /// It is running, or its process died; [`LoadRecord::life`] tells which.
    Running,
    /// A version was published.
    Published {
        /// The version.
        version: WarehouseVersion,
    },
    /// Neither the source nor the business date nor the model changed.
    Unchanged {
        /// The version that still stands.
        version: WarehouseVersion,
    },
    /// It failed; nothing was published.
    Failed {
        /// The kind of error.
        kind: String,
        /// The error with its causes.
        error: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

/// What a load did to one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// The table.
    pub table: String,
    /// Rows added.
    pub inserted: u64,
    /// Rows whose values changed in place.
    pub updated: u64,
    /// Versions that ended.
    pub expired: u64,
    /// Rows newly marked as deleted at the source.
    pub deleted: u64,
    /// Rows of the table now.
    pub rows: u64,
    /// Bytes of the table now.
    pub bytes: u64,
}

/// One step and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTime {
    /// The step.
    pub step: String,
    /// Seconds.
    pub seconds: f64,
}

/// The record of one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// The load.
    pub load_id: LoadId,
    /// Which load of the warehouse it is, counted when it began; 0 in records of older programs. Clocks jump, and with them the
    /// ids of loads.
    #[serde(default)]
    pub place: u64,
    /// Its number; rows that it wrote carry it as `audit_key`.
    pub audit_key: i64,
    /// The business date.
    pub business_date: NaiveDate,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: LoadOutcome,
    /// The process that runs it, where that can be told.
    #[serde(default)]
    pub process: Option<Process>,
    /// How the sources were read.
    #[serde(default)]
    pub sources: Vec<SourceReading>,
    /// The proof, for every table, entity, dimension and star.
    pub balances: Vec<Balance>,
    /// What happened to the tables.
    pub changes: Vec<TableChange>,
    /// How long each step took.
    pub steps: Vec<StepTime>,
    /// What the operator should know.
    pub notices: Vec<String>,
}

impl LoadRecord {
    /// The record of a load that begins.
    pub(super) fn begin(
        load_id: LoadId,
        business_date: NaiveDate,
        started_at: DateTime<Utc>,
    ) -> Self {
        Self {
            load_id,
            place: 0,
            audit_key: 0,
            business_date,
            started_at,
            finished_at: None,
            outcome: LoadOutcome::Running,
            process: Process::current(),
            sources: Vec::new(),
            balances: Vec::new(),
            changes: Vec::new(),
            steps: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Notes the end of the load.
    pub(super) fn finish(&mut self, at: DateTime<Utc>, result: &Result<()>) {
        self.finished_at = Some(at);
        if let Err(error) = result {
            self.outcome = LoadOutcome::Failed {
                kind: format!("{:?}", error.kind()),
                error: chain(error),
                hint: error.hint(),
            };
        }
    }

    /// Where the load stands among all loads of its warehouse.
    pub(super) fn order(&self) -> (u64, LoadId) {
        (self.place, self.load_id)
    }

    /// Whether the process of the load lives.
    pub fn life(&self) -> Life {
        self.process.as_ref().map_or(Life::Unknown, Process::life)
    }

    /// True if the load has not ended and its process is known to live.
    pub(super) fn is_running(&self) -> bool {
        self.outcome == LoadOutcome::Running && self.life() == Life::Alive
    }

    /// True if the load failed, or its process is known to have died.
    pub(super) fn came_to_nothing(&self) -> bool {
        match self.outcome {
            LoadOutcome::Failed { .. } => true,
            LoadOutcome::Running => self.life() == Life::Dead,
            _ => false,
        }
    }

    /// How long the load took.
    pub fn seconds(&self) -> f64 {
        let end = self.finished_at.unwrap_or(self.started_at);
        (end - self.started_at)
            .to_std()
            .map_or(0.0, |took| took.as_secs_f64())
    }

    /// Puts the load behind all that the warehouse knows.
    pub(super) async fn take_place(&mut self, warehouse: &Warehouse) -> Result<()> {
        let others = kept_records(warehouse).await?;
        let last = others.iter().map(|record| record.place).max();
        self.place = last.unwrap_or(0) + 1;
        Ok(())
    }

    /// Keeps the record in the warehouse.
    pub(super) async fn write(&self, warehouse: &Warehouse) -> Result<()> {
        let path = load_record_path(self.load_id);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| malformed(&path, &error))?;
        warehouse.put_object(&path, bytes.into()).await?;
        Ok(())
    }
}

/// The records of all loads of a warehouse, in the order in which they began.
///
/// # Errors
/// If the warehouse cannot be read.
pub async fn read_records(warehouse: &Warehouse) -> Result<Vec<LoadRecord>> {
    let mut records = kept_records(warehouse).await?;
    published(warehouse, &mut records).await;
    Ok(records)
}

/// The same as they were written.
async fn kept_records(warehouse: &Warehouse) -> Result<Vec<LoadRecord>> {
    let mut records = Vec::new();
    for path in warehouse.list("_planisphere/loads").await? {
        let Some(bytes) = warehouse.get_object(&path).await? else {
            continue;
        };
        match serde_json::from_slice::<LoadRecord>(&bytes) {
            Ok(record) => records.push(record),
            Err(error) => {
                tracing::warn!(path, %error, "a load record cannot be read and is left out")
            }
        }
    }
    records.sort_by_key(LoadRecord::order);
    Ok(records)
}

/// A load whose version is there was published, even if it was killed before its record could say so.
async fn published(warehouse: &Warehouse, records: &mut [LoadRecord]) {
    let is_told = |record: &LoadRecord| {
        matches!(
            record.outcome,
            LoadOutcome::Published { .. } | LoadOutcome::Unchanged { .. }
        )
    };
    if records.iter().all(is_told) {
        return;
    }
    let versions = match warehouse.versions().await {
        Ok(versions) => versions,
        Err(error) => {
            tracing::warn!(%error, "which loads were published is known from their records alone");
            return;
        }
    };
    for record in records.iter_mut().filter(|record| !is_told(record)) {
        let mut versions = versions.iter();
        if let Some(manifest) = versions.find(|manifest| manifest.load_id == record.load_id) {
            record.outcome = LoadOutcome::Published {
                version: manifest.version,
            };
            record.finished_at = record.finished_at.or(Some(manifest.published_at));
        }
    }
}

/// A load that has not ended, in words; `None` if it has.
pub(crate) fn unfinished(record: &LoadRecord) -> Option<String> {
    if record.outcome != LoadOutcome::Running {
        return None;
    }
    let (id, date) = (record.load_id, record.business_date);
    let process = record.process.as_ref();
    let process = process.map_or_else(|| "its process".to_owned(), ToString::to_string);
    Some(match record.life() {
        Life::Alive => format!("load {id} of {date}: running, {process}"),
        Life::Dead => format!("load {id} of {date}: died before its end, {process}"),
        Life::Unknown => format!("load {id} of {date}: running or died, {process}"),
    })
}

fn malformed(path: &str, error: &serde_json::Error) -> Error {
    Error::Schemas(planisphere_schemas::Error::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let part = next.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = next.source();
    }
    text
}
