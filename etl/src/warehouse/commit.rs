//! Makes a table consist of exactly the files that a load wants, as one Delta commit.
//!
//! The commit is worked out against the latest state of the log, not against the published one: whatever a dead
//! load committed beyond the published version is taken back by the same commit. Committing the same files twice
//! is the same as once. Not responsible for publishing: readers see nothing before the manifest names the version.

use std::collections::HashSet;

use arrow::datatypes::Schema;
use deltalake_core::kernel::{Action, MetadataExt as _, StructType};
use deltalake_core::table::state::DeltaTableState;
use planisphere_schemas::warehouse::{
    DataFile, LoadId, TableEntry, Warehouse, data_files, schema_hash,
};

use super::create::{delta_schema, metadata, protocol};
use super::error::{Result, WriteError};
use super::log::TableLog;
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
    log: TableLog<'a>,
    published: Option<&'a TableEntry>,
    rearranged: HashSet<String>,
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
        let log = TableLog {
            warehouse,
            table,
            load,
        };
        Self {
            log,
            published,
            rearranged: HashSet::new(),
        }
    }

    /// The same, where files with these paths go and come that hold the same rows.
    #[must_use]
    pub fn rearranging(mut self, paths: HashSet<String>) -> Self {
        self.rearranged = paths;
        self
    }

    /// Makes the table consist of these files under this schema.
    ///
    /// Files of the published version that are not among them leave the table; columns may be added, any other
    /// change of the schema needs every file written anew.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if another load commits at the same moment,
    /// [`WriteError::IncompatibleSchema`], and failures of the log.
    pub async fn commit(&self, schema: &Schema, files: &[DataFile]) -> Result<Committed> {
        let schema =
            delta_schema(schema).map_err(|source| self.log.failed("converting", source))?;
        self.check_published(&schema, files).await?;
        let latest = self.log.latest().await?;
        let attempt = match &latest {
            Some(state) => self.change(state, &schema, files).await,
            None => self.create(&schema, files).await,
        };
        match attempt {
            Err(WriteError::Conflict { .. }) => self.recognise(&schema, files, attempt).await,
            other => other,
        }
    }

    /// Takes back what dead loads committed to a table that this load does not touch, and returns the entry for
    /// the manifest; `None` if the table was never published.
    ///
    /// # Errors
    /// What [`Self::commit`] returns.
    pub async fn take_back(&self) -> Result<Option<TableEntry>> {
        let Some(latest) = self.log.latest().await? else {
            return Ok(None);
        };
        let Some(published) = self.published else {
            self.change(&latest, latest.schema().as_ref(), &[]).await?;
            return Ok(None);
        };
        if latest.version() == published.delta_version {
            return Ok(Some(published.clone()));
        }
        let Some(state) = self.log.at(published).await? else {
            return Ok(Some(published.clone()));
        };
        let files = data_files(self.log.table, &state)?;
        let schema = state.schema();
        let committed = self.change(&latest, schema.as_ref(), &files).await?;
        Ok(Some(committed.entry))
    }

    /// Refuses a schema that published files which stay cannot be read with.
    async fn check_published(&self, schema: &StructType, files: &[DataFile]) -> Result<()> {
        let state = match self.published {
            Some(entry) => self.log.at(entry).await?,
            None => None,
        };
        let Some(state) = state.filter(|state| state.schema().as_ref() != schema) else {
            return Ok(());
        };
        let wanted: HashSet<_> = files.iter().map(|file| file.path.as_str()).collect();
        let stays = |file: &DataFile| wanted.contains(file.path.as_str());
        match data_files(self.log.table, &state)?.iter().any(stays) {
            true => check_evolution(self.log.table, state.schema().as_ref(), schema),
            false => Ok(()),
        }
    }

    async fn create(&self, schema: &StructType, files: &[DataFile]) -> Result<Committed> {
        let plan = FilePlan::between(&[], files);
        let failed = |source| self.log.failed("creating", source);
        let mut actions = vec![
            Action::Protocol(protocol().map_err(failed)?),
            Action::Metadata(metadata(schema).map_err(failed)?),
        ];
        actions.extend(plan.actions(&self.rearranged));
        let version = self.log.write(None, actions, &plan).await?;
        Ok(self.committed(version, schema, files, CommitOutcome::Created, &plan))
    }

    async fn change(
        &self,
        latest: &DeltaTableState,
        schema: &StructType,
        files: &[DataFile],
    ) -> Result<Committed> {
        let present = data_files(self.log.table, latest)?;
        let plan = FilePlan::between(&present, files);
        let same_schema = is_same(latest.schema().as_ref(), schema);
        if plan.is_empty() && same_schema {
            let version = latest.version();
            return Ok(self.committed(version, schema, files, CommitOutcome::Unchanged, &plan));
        }
        let mut actions = Vec::new();
        if !same_schema {
            let changed = latest.metadata().clone().with_schema(schema);
            let failed = |source| self.log.failed("changing the schema of", source);
            actions.push(Action::Metadata(changed.map_err(|e| failed(e.into()))?));
        }
        actions.extend(plan.actions(&self.rearranged));
        let version = self.log.write(Some(latest), actions, &plan).await?;
        Ok(self.committed(version, schema, files, CommitOutcome::Committed, &plan))
    }

    /// Looks again after a conflict: the answer to our own commit may have been lost on the way. If the log ends
    /// with this very load and these very files, it was ours.
    async fn recognise(
        &self,
        schema: &StructType,
        files: &[DataFile],
        attempt: Result<Committed>,
    ) -> Result<Committed> {
        let Some(latest) = self.log.latest().await? else {
            return attempt;
        };
        let present = data_files(self.log.table, &latest)?;
        let plan = FilePlan::between(&present, files);
        let same = plan.is_empty() && is_same(latest.schema().as_ref(), schema);
        if same && self.log.ends_with_this_load(&latest).await? {
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
                path: self.log.table.to_owned(),
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
}

/// True if both have the same columns in the same order, which equal schemas need not have.
fn is_same(one: &StructType, other: &StructType) -> bool {
    one == other
        && one
            .fields()
            .map(|it| it.name())
            .eq(other.fields().map(|it| it.name()))
}
