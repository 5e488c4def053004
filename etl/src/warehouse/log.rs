//! The Delta log of one table: its states, and the one step that adds a version to it.
//!
//! A version is written only if it directly follows the state that it was worked out against; there is no second
//! try with the same actions, since they hold for that state only.

use chrono::Utc;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{
    CommitBuilder, CommitProperties, TableReference, TransactionError,
};
use deltalake_core::kernel::{Action, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use planisphere_schemas::warehouse::{LoadId, TableEntry, Warehouse};
use serde_json::json;

use super::error::{Result, WriteError};
use super::plan::FilePlan;

/// The log of a table as one load writes it.
#[derive(Debug, Clone)]
pub(crate) struct TableLog<'a> {
    pub(crate) warehouse: &'a Warehouse,
    pub(crate) table: &'a str,
    pub(crate) load: LoadId,
}

impl TableLog<'_> {
    /// The latest state; `None` if there is no table yet.
    pub(crate) async fn latest(&self) -> Result<Option<DeltaTableState>> {
        Ok(self.warehouse.delta_table(self.table, None).await?)
    }

    /// The state that a manifest names.
    pub(crate) async fn at(&self, entry: &TableEntry) -> Result<Option<DeltaTableState>> {
        let version = Some(entry.delta_version);
        Ok(self.warehouse.delta_table(&entry.path, version).await?)
    }

    /// Says whether the state is the very commit of this load.
    pub(crate) async fn ends_with_this_load(&self, state: &DeltaTableState) -> Result<bool> {
        let log = self.warehouse.log_store(self.table)?;
        let written = state
            .transaction_version(log.as_ref(), self.load)
            .await
            .map_err(|source| self.failed("reading the transactions of", source))?;
        Ok(written.is_some_and(|version| u64::try_from(version) == Ok(state.version())))
    }

    /// Writes the version that follows `latest`, or version 0 of a new log, and returns its number.
    pub(crate) async fn write(
        &self,
        latest: Option<&DeltaTableState>,
        actions: Vec<Action>,
        plan: &FilePlan<'_>,
    ) -> Result<u64> {
        let log = self.warehouse.log_store(self.table)?;
        let mode = if plan.remove.is_empty() {
            SaveMode::Append
        } else {
            SaveMode::Overwrite
        };
        let operation = DeltaOperation::Write {
            mode,
            partition_by: None,
            predicate: None,
        };
        let commit = CommitBuilder::from(self.properties(latest, plan))
            .with_actions(actions)
            .build(
                latest.map(|state| state as &dyn TableReference),
                log,
                operation,
            );
        let failed = |source| self.not_written(latest, source);
        let prepared = commit.into_prepared_commit_future().await.map_err(failed)?;
        let written = prepared.await.map_err(failed)?;
        let version = written.version;
        if let Err(error) = written.await {
            // the commit stands; a checkpoint only makes opening faster
            tracing::warn!(table = self.table, version, %error, "no checkpoint could be written");
        }
        Ok(version)
    }

    /// The load as application transaction, whose version is the Delta version that it writes, and as user
    /// metadata.
    fn properties(
        &self,
        latest: Option<&DeltaTableState>,
        plan: &FilePlan<'_>,
    ) -> CommitProperties {
        let version = latest.map_or(0, |state| state.version() + 1);
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        let load = self.load.to_string();
        let now = Some(Utc::now().timestamp_millis());
        let transaction = Transaction::new_with_last_update(&load, version, now);
        let metrics = json!({
            "numFiles": plan.add.len().to_string(),
            "numRemovedFiles": plan.remove.len().to_string(),
            "numOutputRows": plan.add.iter().map(|file| file.rows).sum::<u64>().to_string(),
            "numOutputBytes": plan.add.iter().map(|file| file.bytes).sum::<u64>().to_string(),
        });
        CommitProperties::default()
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transaction(transaction)
            .with_metadata([
                ("userMetadata".to_owned(), json!(load)),
                ("operationMetrics".to_owned(), metrics),
            ])
    }

    fn not_written(&self, latest: Option<&DeltaTableState>, source: DeltaTableError) -> WriteError {
        match source {
            DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_) | TransactionError::CommitConflict(_),
            } => WriteError::Conflict {
                table: self.table.to_owned(),
                version: latest.map_or(0, DeltaTableState::version),
            },
            other => self.failed("committing", other),
        }
    }

    /// The error for what was being done to the table.
    pub(crate) fn failed(&self, doing: &str, source: DeltaTableError) -> WriteError {
        WriteError::Delta {
            doing: format!("{doing} table {}", self.table),
            source: Box::new(source),
        }
    }
}
