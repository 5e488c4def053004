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
use crate::spool::{Memory, Spooled};
use crate::staging::Package;

use super::history::Audited;
use super::spooled::SpooledTable;
use super::{functions, rejected};

/// What sessions over a package may keep in memory of histories and views.
pub(crate) struct Room<'a> {
    pub(crate) settings: &'a EtlSettings,
    pub(crate) memory: &'a Memory,
}

/// Opens a session in which the tables, versions and views of one source can be queried.
pub(crate) async fn open_session(
    package: &Package,
    warehouse: &Warehouse,
    source: &Source,
    room: &Room<'_>,
    zone: Tz,
) -> Result<SessionContext> {
    let session = start(room.settings, zone)?;
    warehouse.register_store(&session.runtime_env());
    package.register(&session, warehouse, source).await?;
    register_relations(&session, package, Some(warehouse), source, room).await?;
    for view in &source.views {
        register_view(&session, source, (&view.name, &view.sql), room).await?;
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
    let memory = &Memory::new(0);
    register_relations(&session, package, None, source, &Room { settings, memory }).await?;
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
    room: &Room<'_>,
) -> Result<()> {
    for table in &source.tables {
        rejected::register(session, package, warehouse, (source, table), room).await?;
    }
    for table in source.tables.iter().filter(|table| table.history.is_some()) {
        register_versions(session, source, table, room).await?;
    }
    Ok(())
}

async fn register_versions(
    session: &SessionContext,
    source: &Source,
    table: &Table,
    room: &Room<'_>,
) -> Result<()> {
    let Some(spec) = &table.history else {
        return Ok(());
    };
    let rows = staged(session, &table.name, room).await?;
    let audit = staged(session, &spec.audit, room).await?;
    let audited = Audited {
        source,
        table,
        spec,
    };
    let versions = audited.versions((&rows, &audit), room)?;
    session
        .register_table(
            format!("{}_versions", table.name).as_str(),
            Arc::new(SpooledTable::new(versions)),
        )
        .map(|_| ())
        .map_err(Error::engine(format!(
            "rebuilding the history of '{}'",
            table.name
        )))
}

/// All rows of a staged table.
async fn staged(session: &SessionContext, table: &str, room: &Room<'_>) -> Result<Spooled> {
    let failed = || Error::engine(format!("reading staged table '{table}'"));
    let frame = session.table(table).await.map_err(failed())?;
    let rows = SpooledTable::of(frame, room.memory).await;
    Ok(rows.map_err(failed())?.rows())
}

/// Runs a view once and keeps its rows, since several entities may use it.
async fn register_view(
    session: &SessionContext,
    source: &Source,
    (name, sql): (&str, &str),
    room: &Room<'_>,
) -> Result<()> {
    let failed = |error| Error::Conform {
        source_name: source.name.clone(),
        object: format!("view '{name}'"),
        source: Box::new(error),
    };
    let frame = session.sql(sql).await.map_err(failed)?;
    let rows = SpooledTable::of(frame, room.memory).await.map_err(failed)?;
    session
        .register_table(name, Arc::new(rows))
        .map(|_| ())
        .map_err(failed)
}
