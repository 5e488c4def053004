//! A pinned version as SQL schemas: `star`, `audit` and `map`, read-only.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::prelude::SessionContext;

use super::layout::{AUDIT_SCHEMA, MAP_SCHEMA, STAR_SCHEMA, sql_schema_of};
use super::pinned::PinnedWarehouse;

/// The tables of one SQL schema; creating and dropping tables is refused.
#[derive(Debug)]
struct PinnedSchema {
    tables: BTreeMap<String, Arc<dyn TableProvider>>,
}

#[async_trait]
impl SchemaProvider for PinnedSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.tables.get(name).cloned())
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

impl PinnedWarehouse {
    /// The tables of one of the SQL schemas `star`, `audit` and `map` (see [`sql_schema_of`]).
    pub fn sql_schema(&self, schema: &str) -> Arc<dyn SchemaProvider> {
        let tables = self
            .tables()
            .filter(|table| sql_schema_of(table.name()) == Some(schema))
            .map(|table| (table.name().to_owned(), table.provider()))
            .collect();
        Arc::new(PinnedSchema { tables })
    }

    /// Puts the schemas `star`, `audit` and `map` into the session's default catalog, in place of those that
    /// an earlier version put there, and makes the object store known to its runtime.
    ///
    /// # Errors
    /// What the session's catalog returns if it cannot take a schema.
    pub fn register_tables(&self, session: &SessionContext) -> Result<()> {
        self.register_store(&session.runtime_env());
        let name = session
            .state()
            .config_options()
            .catalog
            .default_catalog
            .clone();
        let catalog = session.catalog(&name).unwrap_or_else(|| {
            let catalog: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
            session.register_catalog(name, Arc::clone(&catalog));
            catalog
        });
        for schema in [STAR_SCHEMA, AUDIT_SCHEMA, MAP_SCHEMA] {
            catalog.register_schema(schema, self.sql_schema(schema))?;
        }
        Ok(())
    }
}
