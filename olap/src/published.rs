//! Published versions of the warehouse on disk, pinned once and shared by all queries.
//!
//! While the newest version cannot be opened, the one before it goes on being served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::execution::runtime_env::RuntimeEnv;
use planisphere_schemas::model::Model;
use planisphere_schemas::warehouse::{PinnedWarehouse, Warehouse, WarehouseVersion};

use crate::error::{OlapError, Result};
use crate::kept::Kept;
use crate::stars::{Stars, StarsSource};

/// How many versions stay open; older ones are opened anew when asked for.
const KEPT_OPEN: usize = 4;

/// One version with what is computed of it once.
struct Published {
    warehouse: PinnedWarehouse,
    kept: Kept,
}

impl Stars for Published {
    fn version(&self) -> u64 {
        self.warehouse.version().0
    }

    fn model(&self) -> &Model {
        self.warehouse.model()
    }

    fn model_hash(&self) -> &str {
        &self.warehouse.manifest().model_hash
    }

    fn table_names(&self) -> Vec<String> {
        let tables = self.warehouse.tables();
        tables.map(|table| table.name().to_owned()).collect()
    }

    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.warehouse.table(name).map(|table| table.provider())
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }

    fn register(&self, runtime: &RuntimeEnv) {
        self.warehouse.register_store(runtime);
    }
}

/// The versions of one warehouse.
pub struct PublishedStars {
    warehouse: Warehouse,
    open: Mutex<BTreeMap<WarehouseVersion, Arc<Published>>>,
    /// The newest version of the last warning.
    warned: Mutex<Option<Option<WarehouseVersion>>>,
}

impl PublishedStars {
    /// The versions of this warehouse; nothing is opened yet.
    pub fn new(warehouse: Warehouse) -> Self {
        Self {
            warehouse,
            open: Mutex::default(),
            warned: Mutex::default(),
        }
    }

    async fn pinned(&self, version: WarehouseVersion) -> Result<Arc<Published>> {
        if let Some(pinned) = self.lock().get(&version) {
            return Ok(pinned.clone());
        }
        let pinned = Arc::new(Published {
            warehouse: self.warehouse.open(Some(version)).await?,
            kept: Kept::default(),
        });
        let mut open = self.lock();
        open.insert(version, pinned.clone());
        // The oldest goes, unless it is the one that was just asked for.
        let oldest = open.keys().copied().find(|it| *it != version);
        if let (true, Some(oldest)) = (open.len() > KEPT_OPEN, oldest) {
            open.remove(&oldest);
        }
        Ok(pinned)
    }

    async fn newest(&self) -> Result<Arc<Published>, (Option<WarehouseVersion>, OlapError)> {
        let newest = self.warehouse.latest_version().await;
        let newest = newest.map_err(|error| (None, error.into()))?;
        let missing = || planisphere_schemas::Error::NoVersion {
            url: self.warehouse.url().to_string(),
            version: None,
        };
        let newest = newest.ok_or_else(|| (None, missing().into()))?;
        let pinned = self.pinned(newest).await;
        pinned.map_err(|error| (Some(newest), error))
    }

    /// Warns once of each newest version, `None` if it cannot be learned, however often it is asked for.
    fn warn(&self, newest: Option<WarehouseVersion>, served: WarehouseVersion, error: &OlapError) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if *warned != Some(newest) {
            *warned = Some(newest);
            let newest = newest.map(tracing::field::display);
            tracing::warn!(%served, newest, %error, "newest warehouse version cannot be opened");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<WarehouseVersion, Arc<Published>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StarsSource for PublishedStars {
    async fn latest(&self) -> Result<Arc<dyn Stars>> {
        let (newest, error) = match self.newest().await {
            Ok(pinned) => return Ok(pinned),
            Err(failed) => failed,
        };
        let served = self.lock().values().next_back().cloned();
        let Some(served) = served else {
            return Err(error);
        };
        self.warn(newest, served.warehouse.manifest().version, &error);
        Ok(served)
    }

    async fn at(&self, version: u64) -> Result<Arc<dyn Stars>> {
        Ok(self.pinned(WarehouseVersion(version)).await?)
    }
}
