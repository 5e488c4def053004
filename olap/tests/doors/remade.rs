//! The shop under another number or with another model.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use planisphere_olap::{Kept, Stars};
use planisphere_schemas::model::Model;

/// Tables of one version shown as another one.
pub(crate) struct Remade {
    pub(crate) version: u64,
    pub(crate) model: Model,
    tables: Arc<dyn Stars>,
    /// Not that of the version, whose model is another one.
    kept: Kept,
}

impl Remade {
    /// The version as it is.
    pub(crate) fn of(stars: Arc<dyn Stars>) -> Self {
        Self {
            version: stars.version(),
            model: stars.model().clone(),
            tables: stars,
            kept: Kept::default(),
        }
    }
}

impl Stars for Remade {
    fn version(&self) -> u64 {
        self.version
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_hash(&self) -> &str {
        self.tables.model_hash()
    }

    fn table_names(&self) -> Vec<String> {
        self.tables.table_names()
    }

    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.tables.table(name)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
