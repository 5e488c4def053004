//! A published warehouse version, opened: its manifest, its model and its tables, shared by all readers.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnv;
use futures::StreamExt as _;

use super::connect::Warehouse;
use super::ids::WarehouseVersion;
use super::manifest::Manifest;
use super::table::PinnedTable;
use crate::Result;
use crate::model::Model;

/// How many logs are replayed at the same time.
const OPEN_AT_ONCE: usize = 8;

/// A pinned version. Cheap to clone; later loads do not touch what it reads.
#[derive(Debug, Clone)]
pub struct PinnedWarehouse {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    warehouse: Warehouse,
    manifest: Manifest,
    tables: BTreeMap<String, PinnedTable>,
}

impl Warehouse {
    /// Opens a published version, the latest by default.
    ///
    /// # Errors
    /// [`crate::Error::NoVersion`] if there is none, [`crate::Error::NewerFormat`],
    /// [`crate::Error::UnsupportedTable`], and failures of the store or of a table's log.
    pub async fn open(&self, version: Option<WarehouseVersion>) -> Result<PinnedWarehouse> {
        let version = match version {
            Some(version) => version,
            None => self
                .latest_version()
                .await?
                .ok_or_else(|| self.no_version(None))?,
        };
        let manifest = self.manifest(version).await?;
        let tables = self.open_tables(&manifest).await?;
        let inner = Inner {
            warehouse: self.clone(),
            manifest,
            tables,
        };
        Ok(PinnedWarehouse {
            inner: Arc::new(inner),
        })
    }

    /// Opens all tables, a few at a time, and each to its end: replays that are dropped half-way leave work
    /// behind that a stopping runtime cuts off with a panic. The first table in order of name that fails is told.
    async fn open_tables(&self, manifest: &Manifest) -> Result<BTreeMap<String, PinnedTable>> {
        let opened: Vec<Result<(String, PinnedTable)>> =
            futures::stream::iter(manifest.tables.clone())
                .map(|(name, entry)| async move {
                    let table = PinnedTable::open(self, &name, &entry).await?;
                    Ok((name, table))
                })
                .buffered(OPEN_AT_ONCE)
                .collect()
                .await;
        opened.into_iter().collect()
    }
}

impl PinnedWarehouse {
    /// The warehouse that the version belongs to.
    pub fn warehouse(&self) -> &Warehouse {
        &self.inner.warehouse
    }

    /// The number of the version.
    pub fn version(&self) -> WarehouseVersion {
        self.inner.manifest.version
    }

    /// The manifest of the version.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The model under which the version was loaded.
    pub fn model(&self) -> &Model {
        &self.inner.manifest.model
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&PinnedTable> {
        self.inner.tables.get(name)
    }

    /// All tables, in order of name.
    pub fn tables(&self) -> impl Iterator<Item = &PinnedTable> {
        self.inner.tables.values()
    }

    /// Makes the warehouse's object store known to a DataFusion runtime; scans look it up there.
    pub fn register_store(&self, runtime: &RuntimeEnv) {
        self.inner.warehouse.register_store(runtime);
    }
}
