//! A query session over a package: staged tables, rebuilt histories and views of every source.

use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono_tz::Tz;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::prelude::{SessionConfig, SessionContext};
use planisphere_schemas::checked::{CheckOperators, widened};
use planisphere_schemas::model::{Source, Table};
use planisphere_schemas::settings::EtlSettings;
use planisphere_schemas::warehouse::Warehouse;

use crate::error::{Error, Result};
use crate::staging::Package;

use super::{functions, history, rejected};

/// Opens a session in which the tables, versions and views of one source can be queried.
pub(crate) async fn open_session(
    package: &Package,
    warehouse: &Warehouse,
    source: &Source,
    settings: &EtlSettings,
    zone: Tz,
) -> Result<SessionContext> {
    let session = start(settings, zone)?;
    warehouse.register_store(&session.runtime_env());
    package.register(&session, warehouse, source).await?;
    register_relations(&session, package, Some(warehouse), source).await?;
    for view in &source.views {
        register_view(&session, source, &view.name, &view.sql).await?;
    }
    Ok(session)
}

/// Opens a session in which the tables and versions of one source have their columns and no rows; without views.
pub(super) async fn open_empty_session(
    package: &Package,
    source: &Source,
    settings: &EtlSettings,
    zone: Tz,
) -> Result<SessionContext> {
    let session = start(settings, zone)?;
    for table in &source.tables {
        let schema = package.staged_schema(&source.name, table);
        session
            .register_batch(table.name.as_str(), RecordBatch::new_empty(schema))
            .map_err(Error::engine(format!("planning table '{}'", table.name)))?;
    }
    register_relations(&session, package, None, source).await?;
    Ok(session)
}

fn start(settings: &EtlSettings, zone: Tz) -> Result<SessionContext> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(settings.memory_bytes / 2)))
        .build_arc()
        .map_err(Error::engine("starting the query engine"))?;
    let config = SessionConfig::new()
        .with_batch_size(settings.batch_rows)
        .set_bool(
            "datafusion.execution.parquet.schema_force_view_types",
            false,
        )
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let session = checked(SessionContext::new_with_config_rt(config, runtime));
    functions::register(&session, zone);
    Ok(session)
}

/// The session with numbers that do not wrap: what does not fit its type is an error.
fn checked(session: SessionContext) -> SessionContext {
    // behind the engine's own, since it asks for the types of both sides
    session.add_analyzer_rule(Arc::new(CheckOperators));
    session.register_udaf(widened(sum_udaf()));
    session
}

/// What is made of staged tables before any view: the keys of rejected rows, and rebuilt histories.
async fn register_relations(
    session: &SessionContext,
    package: &Package,
    warehouse: Option<&Warehouse>,
    source: &Source,
) -> Result<()> {
    for table in &source.tables {
        rejected::register(session, package, warehouse, source, table).await?;
    }
    for table in source.tables.iter().filter(|table| table.history.is_some()) {
        register_versions(session, source, table).await?;
    }
    Ok(())
}

async fn register_versions(session: &SessionContext, source: &Source, table: &Table) -> Result<()> {
    let Some(spec) = &table.history else {
        return Ok(());
    };
    let failed = || format!("rebuilding the history of '{}'", table.name);
    let rows = history::collect(session, &table.name).await?;
    let audit = history::collect(session, &spec.audit).await?;
    let versions = history::versions(source, table, spec, &rows, &audit)?;
    session
        .register_batch(format!("{}_versions", table.name).as_str(), versions)
        .map(|_| ())
        .map_err(Error::engine(failed()))
}

/// Runs a view once and keeps its rows, since several entities may use it.
async fn register_view(
    session: &SessionContext,
    source: &Source,
    name: &str,
    sql: &str,
) -> Result<()> {
    let failed = |error| Error::Conform {
        source_name: source.name.clone(),
        object: format!("view '{name}'"),
        source: Box::new(error),
    };
    let frame = session
        .sql(sql)
        .await
        .map_err(failed)?
        .cache()
        .await
        .map_err(failed)?;
    session
        .register_table(name, frame.into_view())
        .map(|_| ())
        .map_err(failed)
}
