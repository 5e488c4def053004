//! Demo databases in PostgreSQL, in the first schema of the search path.
//!
//! Everything happens in one transaction; rows travel as COPY text.

use super::copy_text::{Lines, edits, rows};
use super::postgres_sql::{create_sql, delete_sql, index_sql, key_list, update_sql};
use super::{Done, blocking};
use crate::demo::dirt::Tally;
use crate::demo::error::DemoError;
use crate::demo::state::{CREATE_STATE, READ_STATE, STATE_TABLE, State};
use crate::demo::table::{TABLES, Table};
use crate::demo::world::{Params, World};
use bytes::Bytes;
use futures::SinkExt;
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls, Transaction};

/// Bytes of COPY text that are sent at once.
const CHUNK_BYTES: usize = 1 << 20;

/// The tables and views in the schema that tables are created in, without those of extensions.
const EXISTING: &str = "SELECT c.relname::text FROM pg_class c \
    WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
    ORDER BY 1";

/// Creates the database, or replaces the demo database there.
pub(crate) async fn create(config: &Config, params: Params) -> Result<Done, DemoError> {
    let mut client = connect(config).await?;
    let transaction = client.transaction().await.map_err(failed("beginning"))?;
    clear(&transaction, config).await?;
    let state = State::new(params);
    let world = blocking(move || Ok(Arc::new(World::simulate(params, params.until)))).await?;
    let mut done = (state, Vec::new(), Tally::default());
    for table in TABLES {
        let (world, tally, at) = (Arc::clone(&world), done.2.clone(), state.today.end());
        let lines = blocking(move || rows(table, &world, at, tally)).await?;
        transaction
            .batch_execute(&create_sql(table))
            .await
            .map_err(during("creating", table))?;
        copy(&transaction, table.name, lines.inserted).await?;
        transaction
            .batch_execute(&index_sql(table))
            .await
            .map_err(during("indexing", table))?;
        done.1.push(lines.summary);
        done.2 = lines.tally;
    }
    let statements = format!("{CREATE_STATE}; {}", state.write_sql());
    finish(transaction, &statements).await?;
    done.2.count_impossible_as_missing();
    Ok(done)
}

/// Moves the demo database forward.
pub(crate) async fn advance(config: &Config, days: u32) -> Result<Done, DemoError> {
    let mut client = connect(config).await?;
    let transaction = client.transaction().await.map_err(failed("beginning"))?;
    let state = match existing(&transaction, config).await? {
        Existing::Nothing => {
            let url = redacted(config);
            return Err(DemoError::Missing { url });
        }
        Existing::Demo(state) => state?.advanced(days),
    };
    let world = blocking(move || Ok(Arc::new(World::simulate(state.params, state.today)))).await?;
    let from = state.advanced_from.unwrap_or(state.today).end();
    let mut done = (state, Vec::new(), Tally::default());
    for table in TABLES {
        let (world, tally) = (Arc::clone(&world), done.2.clone());
        let span = (from, state.today.end());
        let lines = blocking(move || edits(table, &world, span, tally)).await?;
        done.1.push(lines.summary);
        done.2 = lines.tally.clone();
        apply(&transaction, table, lines).await?;
    }
    finish(transaction, &state.write_sql()).await?;
    done.2.count_impossible_as_missing();
    Ok(done)
}

/// The URL without its password.
pub(crate) fn redacted(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    let port = config.get_ports().first().map(|port| format!(":{port}"));
    let user = config.get_user().map(|user| format!("{user}@"));
    format!(
        "postgres://{}{host}{}/{}",
        user.unwrap_or_default(),
        port.unwrap_or_default(),
        config.get_dbname().unwrap_or_default()
    )
}

async fn connect(config: &Config) -> Result<tokio_postgres::Client, DemoError> {
    let connecting = format!("connecting to {}", redacted(config));
    let (client, connection) = config.connect(NoTls).await.map_err(failed(&connecting))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "postgres connection ended");
        }
    });
    Ok(client)
}

/// What stands in the schema.
enum Existing {
    /// No table.
    Nothing,
    /// A demo database and what it remembers.
    Demo(Result<State, DemoError>),
}

async fn existing(transaction: &Transaction<'_>, config: &Config) -> Result<Existing, DemoError> {
    let looking = || failed("looking at the tables that exist");
    let found = transaction.query(EXISTING, &[]).await.map_err(looking())?;
    let names: Vec<String> = found.iter().map(|row| row.get(0)).collect();
    let url = redacted(config);
    let Some(first) = names.first() else {
        return Ok(Existing::Nothing);
    };
    if !names.iter().any(|name| name == STATE_TABLE) {
        let found = format!("it holds '{first}' but no table {STATE_TABLE}");
        return Err(DemoError::NotDemo { url, found });
    }
    let rows = transaction
        .query(READ_STATE, &[])
        .await
        .map_err(looking())?;
    let columns: Vec<String> = match rows.first() {
        Some(row) => (0..row.len()).map(|column| row.get(column)).collect(),
        None => Vec::new(),
    };
    Ok(Existing::Demo(State::read(&url, &columns)))
}

/// Drops the demo database, if there is one, and refuses any other.
async fn clear(transaction: &Transaction<'_>, config: &Config) -> Result<(), DemoError> {
    match existing(transaction, config).await? {
        Existing::Nothing => return Ok(()),
        Existing::Demo(Ok(_) | Err(DemoError::OtherGenerator { .. })) => (),
        Existing::Demo(Err(error)) => return Err(error),
    }
    let names = TABLES.iter().map(|table| table.name).chain([STATE_TABLE]);
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    let drop = format!("DROP TABLE IF EXISTS {}", names.join(", "));
    transaction
        .batch_execute(&drop)
        .await
        .map_err(failed("dropping the old demo tables"))
}

async fn finish(transaction: Transaction<'_>, statements: &str) -> Result<(), DemoError> {
    let writing = failed("writing the demo's own table");
    transaction
        .batch_execute(statements)
        .await
        .map_err(writing)?;
    transaction.commit().await.map_err(failed("committing"))
}

/// Applies the steps of a table; changed rows and gone keys travel through temporary tables.
async fn apply(
    transaction: &Transaction<'_>,
    table: &'static Table,
    lines: Lines,
) -> Result<(), DemoError> {
    let name = table.name;
    if !lines.inserted.is_empty() {
        copy(transaction, name, lines.inserted).await?;
    }
    for (text, statement) in [
        (lines.updated, update_sql(table)),
        (lines.deleted, delete_sql(table)),
    ] {
        if text.is_empty() {
            continue;
        }
        let is_update = statement.starts_with("UPDATE");
        let columns = if is_update {
            "*".to_owned()
        } else {
            key_list(table)
        };
        let create = format!(
            "DROP TABLE IF EXISTS planisphere_step; \
             CREATE TEMP TABLE planisphere_step ON COMMIT DROP AS SELECT {columns} FROM \"{name}\" LIMIT 0"
        );
        transaction
            .batch_execute(&create)
            .await
            .map_err(during("preparing changes of", table))?;
        copy(transaction, "planisphere_step", text).await?;
        transaction
            .batch_execute(&statement)
            .await
            .map_err(during("changing", table))?;
    }
    Ok(())
}

async fn copy(transaction: &Transaction<'_>, table: &str, text: Vec<u8>) -> Result<(), DemoError> {
    let writing = || failed(&format!("writing {table}"));
    let sink = transaction
        .copy_in(&format!("COPY \"{table}\" FROM STDIN"))
        .await;
    let mut sink = pin!(sink.map_err(writing())?);
    let mut rest = Bytes::from(text);
    while !rest.is_empty() {
        let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
        sink.send(chunk).await.map_err(writing())?;
    }
    sink.finish().await.map_err(writing()).map(drop)
}

fn failed(doing: &str) -> impl FnOnce(tokio_postgres::Error) -> DemoError + use<> {
    let doing = doing.to_owned();
    move |source| DemoError::Postgres { doing, source }
}

fn during(doing: &str, table: &Table) -> impl FnOnce(tokio_postgres::Error) -> DemoError + use<> {
    failed(&format!("{doing} {}", table.name))
}
