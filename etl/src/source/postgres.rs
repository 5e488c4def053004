//! PostgreSQL: one repeatable-read transaction; every value travels as text and is parsed by its declared type.
//!
//! Thin on purpose: parallel binary copies replace this reader behind the same traits.

use async_trait::async_trait;
use chrono_tz::Tz;
use futures::{StreamExt, TryStreamExt};
use planisphere_schemas::document::nearest;
use planisphere_schemas::model::Table;
use planisphere_schemas::settings::SourceSettings;
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::error::{Error, Result};

use super::builder::BatchBuilder;
use super::cell::Cell;
use super::{BatchStream, Snapshot, Source};

/// A PostgreSQL database.
pub(super) struct Postgres {
    name: String,
    config: Config,
    zone: Tz,
}

impl Postgres {
    pub(super) fn new(name: String, settings: &SourceSettings, zone: Tz) -> Result<Self> {
        let bad = |reason: String| Error::SourceUrl {
            source_name: name.clone(),
            reason,
        };
        let parsed = settings.url.expose().parse::<Config>();
        let mut config = parsed.map_err(|_| bad("it is not a PostgreSQL URL".into()))?;
        if let Some(file) = &settings.password_file {
            let password = std::fs::read_to_string(file).map_err(|source| Error::PasswordFile {
                source_name: name.clone(),
                path: file.display().to_string(),
                source,
            })?;
            config.password(password.trim_end());
        }
        config.application_name("planisphere-etl");
        config.connect_timeout(std::time::Duration::from_secs(10));
        Ok(Self { name, config, zone })
    }
}

struct PostgresSnapshot {
    name: String,
    zone: Tz,
    client: Client,
    moment: String,
}

#[async_trait]
impl Source for Postgres {
    async fn open(&self) -> Result<Box<dyn Snapshot>> {
        let unreachable = |error: tokio_postgres::Error| Error::SourceUnreachable {
            source_name: self.name.clone(),
            reason: message(&error),
        };
        let (client, connection) = self.config.connect(NoTls).await.map_err(unreachable)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %message(&error), "the connection to the source ended");
            }
        });
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                     SET LOCAL datestyle = 'ISO'; SET LOCAL extra_float_digits = 3";
        client.batch_execute(begin).await.map_err(unreachable)?;
        let row = client
            .query_one("SELECT pg_current_snapshot()::text", &[])
            .await;
        let moment: String = row.map_err(unreachable)?.get(0);
        Ok(Box::new(PostgresSnapshot {
            name: self.name.clone(),
            zone: self.zone,
            client,
            moment: format!("postgres snapshot {moment}"),
        }))
    }
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    fn describe(&self) -> String {
        self.moment.clone()
    }

    async fn read(&mut self, table: &Table, batch_rows: usize) -> Result<BatchStream<'_>> {
        self.check_columns(table).await?;
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| format!("{}::text", quoted(&column.origin)))
            .collect();
        let sql = format!(
            "SELECT {} FROM {}",
            columns.join(", "),
            quoted(&table.origin)
        );
        let none: [&str; 0] = [];
        let rows = self
            .client
            .query_raw(&sql, none)
            .await
            .map_err(self.failed(table))?;
        let failed = self.failed(table);
        let batch = BatchBuilder::new(&self.name, table, self.zone, None);
        let chunks = rows.map_err(failed).try_chunks(batch_rows);
        let width = columns.len();
        let stream = chunks.scan(batch, move |batch, chunk| {
            let built = chunk.map_err(|error| error.1).and_then(|rows| {
                for row in &rows {
                    batch.row(&cells(row, width), 0);
                }
                batch.finish()
            });
            futures::future::ready(Some(built))
        });
        Ok(stream.boxed())
    }
}

impl PostgresSnapshot {
    fn failed(&self, table: &Table) -> impl Fn(tokio_postgres::Error) -> Error + Send + 'static {
        let (source_name, table) = (self.name.clone(), table.origin.clone());
        move |error| Error::Read {
            source_name: source_name.clone(),
            table: table.clone(),
            reason: message(&error),
        }
    }

    async fn check_columns(&self, table: &Table) -> Result<()> {
        const COLUMNS: &str = "SELECT attname::text FROM pg_attribute \
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        const TABLES: &str = "SELECT relname::text FROM pg_class \
             WHERE relkind IN ('r', 'p', 'v', 'm') AND pg_table_is_visible(oid)";
        let origin = quoted(&table.origin);
        let rows = self
            .client
            .query(COLUMNS, &[&origin])
            .await
            .map_err(self.failed(table))?;
        let columns: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let missing = |column: Option<String>, known: &[String], name: &str| Error::NotInSource {
            source_name: self.name.clone(),
            what: "table",
            name: table.origin.clone(),
            column,
            near: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        };
        if columns.is_empty() {
            let rows = self
                .client
                .query(TABLES, &[])
                .await
                .map_err(self.failed(table))?;
            let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            return Err(missing(None, &tables, &table.origin));
        }
        match table
            .columns
            .iter()
            .find(|column| !columns.contains(&column.origin))
        {
            Some(column) => Err(missing(
                Some(column.origin.clone()),
                &columns,
                &column.origin,
            )),
            None => Ok(()),
        }
    }
}

fn cells(row: &Row, width: usize) -> Vec<Cell<'_>> {
    (0..width)
        .map(|at| match row.get::<_, Option<&str>>(at) {
            Some(text) => Cell::Text(text),
            None => Cell::Null,
        })
        .collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The server's message with its hint; never the connection string.
fn message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}
