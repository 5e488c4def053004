//! A pinned version as SQL schemas: `star`, `audit` and `map`, read-only.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::prelude::SessionContext;

use super::layout::{AUDIT_SCHEMA, MAP_SCHEMA, STAR_SCHEMA, sql_schema_of};
use super::pinned::PinnedWarehouse;

/// The SQL schemas of a warehouse, the default one first.
pub const SQL_SCHEMAS: [&str; 3] = [STAR_SCHEMA, AUDIT_SCHEMA, MAP_SCHEMA];

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

/// Puts the schemas `star`, `audit` and `map` into a catalog, in place of those of an earlier version. Each table
/// goes where [`sql_schema_of`] says; tables that are not for SQL are left out.
///
/// # Errors
/// What the catalog returns if it cannot take a schema.
pub fn register_sql_schemas(
    catalog: &dyn CatalogProvider,
    tables: impl IntoIterator<Item = (String, Arc<dyn TableProvider>)>,
) -> Result<()> {
    let mut schemas = SQL_SCHEMAS.map(|schema| (schema, BTreeMap::new()));
    for (name, table) in tables {
        let schema = sql_schema_of(&name);
        for (_, tables) in schemas.iter_mut().filter(|(name, _)| Some(*name) == schema) {
            tables.insert(name.clone(), Arc::clone(&table));
        }
    }
    for (schema, tables) in schemas {
        catalog.register_schema(schema, Arc::new(PinnedSchema { tables }))?;
    }
    Ok(())
}

impl PinnedWarehouse {
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
        let tables = self
            .tables()
            .map(|table| (table.name().to_owned(), table.provider()));
        register_sql_schemas(catalog.as_ref(), tables)
    }
}
