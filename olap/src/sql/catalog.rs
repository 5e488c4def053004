//! The tables of a pinned version as SQL schemas that cannot be changed.

use std::fmt;

use datafusion::common::TableReference;
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use planisphere_schemas::warehouse::{
    SQL_SCHEMAS, STAR_SCHEMA, register_sql_schemas, sql_schema_of,
};

use crate::stars::Stars;

/// The SQL catalog under which the schemas stand.
pub const CATALOG: &str = "planisphere";

/// A table by schema and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// `star`, `audit` or `map`.
    pub schema: &'static str,
    /// The name.
    pub table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema {
            STAR_SCHEMA => f.write_str(&self.table),
            schema => write!(f, "{schema}.{}", self.table),
        }
    }
}

/// The tables that SQL can ask of a version, ordered by schema and name.
pub fn sql_tables(stars: &dyn Stars) -> Vec<TableName> {
    let mut tables: Vec<_> = stars
        .table_names()
        .into_iter()
        .filter_map(|table| sql_schema_of(&table).map(|schema| TableName { schema, table }))
        .collect();
    tables.sort_by_key(|name| {
        let rank = SQL_SCHEMAS.iter().position(|schema| *schema == name.schema);
        (rank, name.table.clone())
    });
    tables
}

/// True if a reference names one of these tables or a view on them.
pub(super) fn is_known(tables: &[TableName], reference: &TableReference) -> bool {
    if reference
        .catalog()
        .is_some_and(|catalog| catalog != CATALOG)
    {
        return false;
    }
    let schema = reference.schema().unwrap_or(STAR_SCHEMA);
    schema == "information_schema"
        || tables
            .iter()
            .any(|name| name.schema == schema && name.table == reference.table())
}

/// Puts the schemas into a session's catalog.
pub(super) fn register(session: &SessionContext, stars: &dyn Stars) -> Result<()> {
    let Some(catalog) = session.catalog(CATALOG) else {
        return datafusion::common::internal_err!("the session has no catalog {CATALOG}");
    };
    stars.register(&session.runtime_env());
    let names = stars.table_names().into_iter();
    let tables = names.filter_map(|name| Some((name.clone(), stars.table(&name)?)));
    register_sql_schemas(catalog.as_ref(), tables)
}
