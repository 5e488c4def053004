//! Makes a table consist of exactly the files that a load wants, as one Delta commit.
//!
//! The commit is worked out against the latest state of the log, not against the published one: whatever a dead
//! load committed beyond the published version is taken back by the same commit. Committing the same files twice
//! is the same as once. Not responsible for publishing: readers see nothing before the manifest names the version.

use std::collections::HashSet;

use arrow::datatypes::Schema;
use chrono::Utc;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{
    CommitBuilder, CommitProperties, TableReference, TransactionError,
};
use deltalake_core::kernel::{Action, MetadataExt as _, StructType, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use planisphere_schemas::warehouse::{
    DataFile, LoadId, TableEntry, Warehouse, data_files, schema_hash,
};
use serde_json::json;

use super::create::{delta_schema, metadata, protocol};
use super::error::{Result, WriteError};
use super::plan::{FilePlan, check_evolution};

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The table was created.
    Created,
    /// A version was added to the table's log.
    Committed,
    /// The table consisted of these files already; nothing was written.
    Unchanged,
}

/// A table after its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The table as the manifest shall name it.
    pub entry: TableEntry,
    /// What was done.
    pub outcome: CommitOutcome,
    /// Files that joined the table.
    pub files_added: usize,
    /// Files that left the table.
    pub files_removed: usize,
}

/// The commit of one table by one load.
#[derive(Debug, Clone)]
pub struct TableCommit<'a> {
    warehouse: &'a Warehouse,
    table: &'a str,
    load: LoadId,
    published: Option<&'a TableEntry>,
}

impl<'a> TableCommit<'a> {
    /// A commit of a table by a load; `published` is the table's entry in the version that the load builds upon,
    /// `None` if the table is new.
    pub fn new(
        warehouse: &'a Warehouse,
        table: &'a str,
        load: LoadId,
        published: Option<&'a TableEntry>,
    ) -> Self {
        Self {
            warehouse,
            table,
            load,
            published,
        }
    }

    /// Makes the table consist of these files under this schema.
    ///
    /// Files of the published version that are not among them leave the table; columns may be added, any other
    /// change of the schema needs every file written anew.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if another load commits at the same moment,
    /// [`WriteError::IncompatibleSchema`], and failures of the log.
    pub async fn commit(
        &self,
        schema: &Schema,
        files: &[DataFile],
    ) -> std::result::Result<Committed, WriteError> {
        let schema = delta_schema(schema).map_err(|source| self.failed("converting", source))?;
        self.check_published(&schema, files).await?;
        let latest = self.warehouse.delta_table(self.table, None).await?;
        let attempt = match &latest {
            Some(state) => self.change(state, &schema, files).await,
            None => self.create(&schema, files).await,
        };
        match attempt {
            // the answer to our own commit may have been lost on the way
            Err(WriteError::Conflict { .. }) => self.recognise(&schema, files, attempt).await,
            other => other,
        }
    }

    /// Takes back what dead loads committed to a table that this load does not touch, and returns the entry for
    /// the manifest; `None` if the table was never published.
    ///
    /// # Errors
    /// What [`Self::commit`] returns.
    pub async fn take_back(&self) -> std::result::Result<Option<TableEntry>, WriteError> {
        let Some(latest) = self.warehouse.delta_table(self.table, None).await? else {
            return Ok(None);
        };
        let Some(published) = self.published else {
            self.change(&latest, latest.schema().as_ref(), &[]).await?;
            return Ok(None);
        };
        if latest.version() == published.delta_version {
            return Ok(Some(published.clone()));
        }
        let Some(state) = self.published_state().await? else {
            return Ok(Some(published.clone()));
        };
        let files = data_files(self.table, &state)?;
        let committed = self
            .change(&latest, state.schema().as_ref(), &files)
            .await?;
        Ok(Some(committed.entry))
    }

    /// Refuses a schema that published files which stay cannot be read with.
    async fn check_published(&self, schema: &StructType, files: &[DataFile]) -> Result<()> {
        let Some(state) = self.published_state().await? else {
            return Ok(());
        };
        if state.schema().as_ref() == schema {
            return Ok(());
        }
        let wanted: HashSet<_> = files.iter().map(|file| file.path.as_str()).collect();
        let stays = data_files(self.table, &state)?
            .iter()
            .any(|file| wanted.contains(file.path.as_str()));
        match stays {
            true => check_evolution(self.table, state.schema().as_ref(), schema),
            false => Ok(()),
        }
    }

    async fn published_state(&self) -> Result<Option<DeltaTableState>> {
        match self.published {
            Some(entry) => Ok(self
                .warehouse
                .delta_table(&entry.path, Some(entry.delta_version))
                .await?),
            None => Ok(None),
        }
    }

    async fn create(&self, schema: &StructType, files: &[DataFile]) -> Result<Committed> {
        let plan = FilePlan::between(&[], files);
        let begin = || {
            Ok([
                Action::Protocol(protocol()?),
                Action::Metadata(metadata(schema)?),
            ])
        };
        let mut actions = Vec::from(begin().map_err(|source| self.failed("creating", source))?);
        actions.extend(plan.actions());
        let version = self.write(None, actions, &plan).await?;
        Ok(self.committed(version, schema, files, CommitOutcome::Created, &plan))
    }

    async fn change(
        &self,
        latest: &DeltaTableState,
        schema: &StructType,
        files: &[DataFile],
    ) -> Result<Committed> {
        let present = data_files(self.table, latest)?;
        let plan = FilePlan::between(&present, files);
        let same_schema = latest.schema().as_ref() == schema;
        if plan.is_empty() && same_schema {
            let version = latest.version();
            return Ok(self.committed(version, schema, files, CommitOutcome::Unchanged, &plan));
        }
        let mut actions = Vec::new();
        if !same_schema {
            let changed = latest.metadata().clone().with_schema(schema);
            let changed =
                changed.map_err(|source| self.failed("changing the schema of", source.into()))?;
            actions.push(Action::Metadata(changed));
        }
        actions.extend(plan.actions());
        let version = self.write(Some(latest), actions, &plan).await?;
        Ok(self.committed(version, schema, files, CommitOutcome::Committed, &plan))
    }

    /// Writes the next version of the log, or version 0 of a new one; never a later one than that.
    async fn write(
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
        let failed = |source| self.commit_failed(latest, source);
        let written = commit.into_prepared_commit_future().await.map_err(failed)?;
        let written = written.await.map_err(failed)?;
        let version = written.version;
        if let Err(error) = written.await {
            // the commit stands; a checkpoint only makes opening faster
            tracing::warn!(table = self.table, version, %error, "no checkpoint could be written");
        }
        Ok(version)
    }

    /// The load as application transaction (its version is the Delta version that the load writes) and as
    /// user metadata; no second try, since the actions hold for one state of the log only.
    fn properties(
        &self,
        latest: Option<&DeltaTableState>,
        plan: &FilePlan<'_>,
    ) -> CommitProperties {
        let version = latest.map_or(0, |state| state.version() + 1);
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        let now = Utc::now().timestamp_millis();
        let load = self.load.to_string();
        let bytes: u64 = plan.add.iter().map(|file| file.bytes).sum();
        let rows: u64 = plan.add.iter().map(|file| file.rows).sum();
        let metrics = json!({
            "numFiles": plan.add.len().to_string(),
            "numRemovedFiles": plan.remove.len().to_string(),
            "numOutputRows": rows.to_string(),
            "numOutputBytes": bytes.to_string(),
        });
        CommitProperties::default()
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transaction(Transaction::new_with_last_update(
                &load,
                version,
                Some(now),
            ))
            .with_metadata([
                ("userMetadata".to_owned(), json!(load)),
                ("operationMetrics".to_owned(), metrics),
            ])
    }

    /// Looks again after a conflict: if the log ends with this very load and these very files, the commit that
    /// seemed to fail was ours.
    async fn recognise(
        &self,
        schema: &StructType,
        files: &[DataFile],
        attempt: Result<Committed>,
    ) -> Result<Committed> {
        let Some(latest) = self.warehouse.delta_table(self.table, None).await? else {
            return attempt;
        };
        let log = self.warehouse.log_store(self.table)?;
        let ours = latest
            .transaction_version(log.as_ref(), self.load)
            .await
            .map_err(|source| self.failed("reading the transactions of", source))?;
        let present = data_files(self.table, &latest)?;
        let plan = FilePlan::between(&present, files);
        let at_tip = ours.is_some_and(|version| u64::try_from(version) == Ok(latest.version()));
        if at_tip && plan.is_empty() && latest.schema().as_ref() == schema {
            let outcome = CommitOutcome::Committed;
            return Ok(self.committed(latest.version(), schema, files, outcome, &plan));
        }
        attempt
    }

    fn committed(
        &self,
        delta_version: u64,
        schema: &StructType,
        files: &[DataFile],
        outcome: CommitOutcome,
        plan: &FilePlan<'_>,
    ) -> Committed {
        Committed {
            entry: TableEntry {
                path: self.table.to_owned(),
                delta_version,
                schema_hash: schema_hash(schema),
                row_count: files.iter().map(|file| file.rows).sum(),
                bytes: files.iter().map(|file| file.bytes).sum(),
            },
            outcome,
            files_added: plan.add.len(),
            files_removed: plan.remove.len(),
        }
    }

    fn commit_failed(
        &self,
        latest: Option<&DeltaTableState>,
        source: DeltaTableError,
    ) -> WriteError {
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

    fn failed(&self, doing: &str, source: DeltaTableError) -> WriteError {
        WriteError::Delta {
            doing: format!("{doing} table {}", self.table),
            source: Box::new(source),
        }
    }
}
