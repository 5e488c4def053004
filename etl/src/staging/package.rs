//! The package's manifest and how its tables are opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use planisphere_schemas::model::{Model, Source, Table};
use planisphere_schemas::warehouse::{LoadId, Warehouse, staging_path};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::reject::RejectTally;
use crate::source::known_columns;

use super::reject_file;

/// What one load read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Package {
    /// The load.
    pub(crate) load_id: LoadId,
    /// When extraction began.
    pub(crate) began_at: DateTime<Utc>,
    /// What each source gave.
    pub(crate) sources: BTreeMap<String, SourceCertificate>,
}

/// What was read of one source, under one snapshot.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SourceCertificate {
    /// Which moment of the source, in its own words.
    pub(crate) moment: String,
    /// The tables.
    pub(crate) tables: BTreeMap<String, TableCertificate>,
    /// The columns of the tables, which their files hold too.
    #[serde(skip)]
    pub(crate) schemas: BTreeMap<String, SchemaRef>,
    /// Of packages of earlier loads the columns that the files of the tables hold.
    #[serde(skip)]
    pub(crate) held: BTreeMap<String, BTreeSet<String>>,
}

/// What was read of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCertificate {
    /// Rows that the source gave.
    pub(crate) read: u64,
    /// Rows in the package.
    pub(crate) staged: u64,
    /// Rows that were rejected.
    pub(crate) rejected: u64,
    /// Values that did not fit and became null because the model says so.
    pub(crate) nulled: u64,
    /// Values that did not fit and became the nearest value because the model says so.
    #[serde(default)]
    pub(crate) clamped: u64,
    /// Bytes of the staged files.
    pub(crate) bytes: u64,
    /// The numbers of the staged files.
    #[serde(default)]
    pub(crate) parts: BTreeSet<usize>,
    /// The numbers of the parts beside which rejected rows lie in a file of their own.
    #[serde(default)]
    pub(crate) reject_parts: BTreeSet<usize>,
    /// What the bytes of the staged files add up to, by the numbers of the files.
    #[serde(default)]
    pub(crate) checksums: BTreeMap<usize, String>,
    /// The same of the files of rejected rows.
    #[serde(default)]
    pub(crate) reject_checksums: BTreeMap<usize, String>,
    /// The rejected rows by reason, with an example.
    #[serde(default)]
    pub(crate) rejects: RejectTally,
    /// How often parts were read again.
    #[serde(default)]
    pub(crate) rereads: u64,
}

impl TableCertificate {
    /// Adds the counts of a part.
    pub(crate) fn add(&mut self, part: &Self) {
        self.read += part.read;
        self.staged += part.staged;
        self.rejected += part.rejected;
        self.nulled += part.nulled;
        self.clamped += part.clamped;
        self.bytes += part.bytes;
        self.parts.extend(&part.parts);
        self.reject_parts.extend(&part.reject_parts);
        let own = |sums: &BTreeMap<usize, String>| sums.clone().into_iter();
        self.checksums.extend(own(&part.checksums));
        self.reject_checksums.extend(own(&part.reject_checksums));
        self.rejects.add(&part.rejects);
        self.rereads += part.rereads;
    }
}

/// Where the files of a source lie, relative to the warehouse.
pub(super) fn source_path(load: LoadId, source: &str) -> String {
    format!("{}/{source}", staging_path(load))
}

/// Where the files of a table lie, relative to the warehouse.
fn table_path(load: LoadId, source: &str, table: &str) -> String {
    format!("{}/{table}", source_path(load, source))
}

/// The file of a part, relative to the warehouse.
pub(super) fn part_path(load: LoadId, source: &str, table: &str, part: usize) -> String {
    format!("{}/{part:05}.parquet", table_path(load, source, table))
}

/// The file of the rejected rows of a part, relative to the warehouse.
pub(super) fn reject_path(load: LoadId, source: &str, table: &str, part: usize) -> String {
    format!(
        "{}.rejects/{part:05}.parquet",
        table_path(load, source, table)
    )
}

impl Package {
    /// An empty package of a load.
    pub(crate) fn new(load_id: LoadId, began_at: DateTime<Utc>) -> Self {
        Self {
            load_id,
            began_at,
            sources: BTreeMap::new(),
        }
    }

    /// An empty package with the columns that a model declares; `native` ones are not known without the source.
    pub(crate) fn declared(model: &Model) -> Self {
        let mut package = Self::new(LoadId::generate(), DateTime::UNIX_EPOCH);
        for source in &model.sources {
            let tables = source.tables.iter();
            let schemas = tables.map(|table| (table.name.clone(), known_columns(table)));
            let certificate = SourceCertificate {
                schemas: schemas.collect(),
                ..SourceCertificate::default()
            };
            package.sources.insert(source.name.clone(), certificate);
        }
        package
    }

    /// The columns of a staged table.
    pub(crate) fn staged_schema(&self, source: &str, table: &Table) -> SchemaRef {
        let certificate = self.sources.get(source);
        let schema = certificate.and_then(|certificate| certificate.schemas.get(&table.name));
        schema.cloned().unwrap_or_else(|| Arc::new(Schema::empty()))
    }

    /// What was read of a table.
    pub(crate) fn table(&self, source: &str, table: &str) -> Option<&TableCertificate> {
        self.sources.get(source)?.tables.get(table)
    }

    /// True if the files of a table hold a column; of packages of earlier loads.
    pub(crate) fn holds(&self, source: &str, table: &str, column: &str) -> bool {
        let certificate = self.sources.get(source);
        match certificate.and_then(|certificate| certificate.held.get(table)) {
            Some(held) => held.contains(column),
            // a table without rows says everything that it could say
            None => self.table(source, table).is_some_and(|it| it.staged == 0),
        }
    }

    /// The rows of a table that were rejected when they were read, with the columns `row_id`, `reason`, `detail` and
    /// `row_json`; `None` if there are none.
    pub(crate) async fn rejects(
        &self,
        warehouse: &Warehouse,
        source: &str,
        table: &str,
    ) -> Result<Option<SendableRecordBatchStream>> {
        let parts = self.table(source, table).map(|table| &table.reject_parts);
        let parts = parts.into_iter().flatten();
        let files = parts.map(|part| reject_path(self.load_id, source, table, *part));
        let files: Vec<String> = files.collect();
        if files.is_empty() {
            return Ok(None);
        }
        let doing = format!("reading the rejected rows of '{table}'");
        reject_file::read(warehouse, files, &doing).await.map(Some)
    }

    /// The manifest, relative to the warehouse.
    pub(super) fn manifest_path(load_id: LoadId) -> String {
        format!("{}/package.json", staging_path(load_id))
    }

    /// Writes the manifest: from now on the package exists.
    pub(crate) async fn seal(&self, warehouse: &Warehouse) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| {
            Error::Schemas(planisphere_schemas::Error::Malformed {
                path: Self::manifest_path(self.load_id),
                reason: error.to_string(),
            })
        })?;
        warehouse
            .put_object(&Self::manifest_path(self.load_id), bytes.into())
            .await?;
        Ok(())
    }

    /// Makes the staged tables of a source known to a session under their model names.
    pub(crate) async fn register(
        &self,
        session: &SessionContext,
        warehouse: &Warehouse,
        source: &Source,
    ) -> Result<()> {
        for table in &source.tables {
            self.register_table(session, warehouse, &source.name, table)
                .await?;
        }
        Ok(())
    }

    async fn register_table(
        &self,
        session: &SessionContext,
        warehouse: &Warehouse,
        source: &str,
        table: &Table,
    ) -> Result<()> {
        let path = warehouse.object_path(&table_path(self.load_id, source, &table.name));
        let url = format!("{}{path}/", warehouse.store_url().as_str());
        let schema = self.staged_schema(source, table);
        let options = ParquetReadOptions::default().schema(&schema);
        session
            .register_parquet(table.name.as_str(), url, options)
            .await
            .map_err(Error::engine(format!(
                "opening staged table '{}'",
                table.name
            )))
    }
}
