//! What a query needs of one pinned warehouse version: its model and its tables.
//!
//! The warehouse on disk implements it; [`MemoryStars`] holds tables made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::execution::runtime_env::RuntimeEnv;
use planisphere_schemas::model::Model;

use crate::error::{OlapError, Result};
use crate::kept::Kept;

/// One pinned warehouse version; cheap to share, never changes.
pub trait Stars: Send + Sync {
    /// The version.
    fn version(&self) -> u64;
    /// The model as it was when the version was published.
    fn model(&self) -> &Model;
    /// The hash of that model.
    fn model_hash(&self) -> &str;
    /// The names of all tables.
    fn table_names(&self) -> Vec<String>;
    /// A table such as `dim_customer`.
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>>;
    /// What is computed of this version once.
    fn kept(&self) -> &Kept;
    /// Makes what the tables read from known to a runtime. Calling it again changes nothing.
    fn register(&self, _runtime: &RuntimeEnv) {}
}

/// Where pinned versions come from. Both calls may be repeated at will.
#[async_trait]
pub trait StarsSource: Send + Sync {
    /// The version that was published last; the one before while the newest cannot be opened.
    async fn latest(&self) -> Result<Arc<dyn Stars>>;
    /// A version by number.
    async fn at(&self, version: u64) -> Result<Arc<dyn Stars>>;
}

/// One version held in memory.
pub struct MemoryStars {
    version: u64,
    model: Model,
    model_hash: String,
    tables: BTreeMap<String, Arc<dyn TableProvider>>,
    kept: Kept,
}

impl MemoryStars {
    /// A version of these tables.
    pub fn new(
        version: u64,
        model: Model,
        tables: impl IntoIterator<Item = (String, Arc<dyn TableProvider>)>,
    ) -> Self {
        let model_hash = model.hash();
        Self {
            version,
            model,
            model_hash,
            tables: tables.into_iter().collect(),
            kept: Kept::default(),
        }
    }
}

impl Stars for MemoryStars {
    fn version(&self) -> u64 {
        self.version
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_hash(&self) -> &str {
        &self.model_hash
    }

    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.tables.get(name).cloned()
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// A source that has one version only.
pub struct OneVersion(pub Arc<dyn Stars>);

#[async_trait]
impl StarsSource for OneVersion {
    async fn latest(&self) -> Result<Arc<dyn Stars>> {
        Ok(self.0.clone())
    }

    async fn at(&self, version: u64) -> Result<Arc<dyn Stars>> {
        match version == self.0.version() {
            true => Ok(self.0.clone()),
            false => Err(OlapError::Warehouse {
                source: planisphere_schemas::Error::NoVersion {
                    url: "memory".into(),
                    version: Some(version),
                },
            }),
        }
    }
}
