//! SQLite: one read transaction on one connection, owned by a thread of its own.
//!
//! SQLite's declared types are hints; every value is checked against the model's type.

use std::path::PathBuf;

use async_trait::async_trait;
use chrono_tz::Tz;
use futures::StreamExt;
use planisphere_schemas::document::nearest;
use planisphere_schemas::model::Table;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};

use super::builder::BatchBuilder;
use super::cell::Cell;
use super::{BatchStream, Snapshot, Source, StagedBatch};

/// Batches that may wait between the reading thread and the consumer.
const WAITING_BATCHES: usize = 4;

/// A SQLite database file.
pub(super) struct Sqlite {
    name: String,
    path: PathBuf,
    zone: Tz,
}

impl Sqlite {
    pub(super) fn new(name: String, path: &str, zone: Tz) -> Self {
        Self {
            name,
            path: path.into(),
            zone,
        }
    }
}

struct Request {
    table: Table,
    batch_rows: usize,
    reply: mpsc::Sender<Result<StagedBatch>>,
}

struct SqliteSnapshot {
    requests: mpsc::UnboundedSender<Request>,
    moment: String,
}

#[async_trait]
impl Source for Sqlite {
    async fn open(&self) -> Result<Box<dyn Snapshot>> {
        let (requests, inbox) = mpsc::unbounded_channel();
        let (ready, opened) = oneshot::channel();
        let reader = Reader {
            name: self.name.clone(),
            zone: self.zone,
        };
        let path = self.path.clone();
        std::thread::spawn(move || reader.serve(&path, ready, inbox));
        let moment = opened.await.map_err(|_| Error::Task {
            doing: "opening SQLite",
        })??;
        Ok(Box::new(SqliteSnapshot { requests, moment }))
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn describe(&self) -> String {
        self.moment.clone()
    }

    async fn read(&mut self, table: &Table, batch_rows: usize) -> Result<BatchStream<'_>> {
        let (reply, batches) = mpsc::channel(WAITING_BATCHES);
        let request = Request {
            table: table.clone(),
            batch_rows,
            reply,
        };
        self.requests.send(request).map_err(|_| Error::Task {
            doing: "reading SQLite",
        })?;
        let stream = futures::stream::unfold(batches, |mut batches| async move {
            batches.recv().await.map(|batch| (batch, batches))
        });
        Ok(stream.boxed())
    }
}

/// Lives on its own thread; the connection never leaves it.
struct Reader {
    name: String,
    zone: Tz,
}

impl Reader {
    fn serve(
        &self,
        path: &PathBuf,
        ready: oneshot::Sender<Result<String>>,
        mut inbox: mpsc::UnboundedReceiver<Request>,
    ) {
        let connection = match self.open(path) {
            Ok((connection, moment)) => {
                if ready.send(Ok(moment)).is_err() {
                    return;
                }
                connection
            }
            Err(error) => {
                let reason = error.to_string();
                let source_name = self.name.clone();
                let _ = ready.send(Err(Error::SourceUnreachable {
                    source_name,
                    reason,
                }));
                return;
            }
        };
        while let Some(request) = inbox.blocking_recv() {
            if let Err(error) = self.read(&connection, &request) {
                let _ = request.reply.blocking_send(Err(error));
            }
        }
    }

    /// Opens the file read-only and begins the one read transaction.
    fn open(&self, path: &PathBuf) -> rusqlite::Result<(Connection, String)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch("BEGIN")?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        let version: i64 = connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        Ok((
            connection,
            format!("sqlite data_version {version}, {tables} objects"),
        ))
    }

    fn read(&self, connection: &Connection, request: &Request) -> Result<()> {
        let table = &request.table;
        self.check_columns(connection, table)?;
        let failed = |error: rusqlite::Error| Error::Read {
            source_name: self.name.clone(),
            table: table.origin.clone(),
            reason: error.to_string(),
        };
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| quoted(&column.origin))
            .collect();
        let sql = format!(
            "SELECT {} FROM {}",
            columns.join(", "),
            quoted(&table.origin)
        );
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut batch = BatchBuilder::new(&self.name, table, self.zone, None);
        let mut number = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut cells = Vec::with_capacity(columns.len());
            for at in 0..columns.len() {
                cells.push(cell(row.get_ref(at).map_err(failed)?));
            }
            number += 1;
            batch.row(&cells, number);
            if batch.len() >= request.batch_rows
                && request.reply.blocking_send(batch.finish()).is_err()
            {
                return Ok(());
            }
        }
        let _ = request.reply.blocking_send(batch.finish());
        Ok(())
    }

    /// Every declared table and column must be there; SQLite would read a missing column as a text.
    fn check_columns(&self, connection: &Connection, table: &Table) -> Result<()> {
        let failed = |error: rusqlite::Error| Error::Read {
            source_name: self.name.clone(),
            table: table.origin.clone(),
            reason: error.to_string(),
        };
        let missing = |column: Option<String>, known: &[String], name: &str| Error::NotInSource {
            source_name: self.name.clone(),
            what: "table",
            name: table.origin.clone(),
            column,
            near: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        };
        let columns = names(
            connection,
            "SELECT name FROM pragma_table_info(?1)",
            &[&table.origin],
        )
        .map_err(failed)?;
        if columns.is_empty() {
            let tables = names(
                connection,
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
                &[],
            );
            return Err(missing(None, &tables.map_err(failed)?, &table.origin));
        }
        for column in &table.columns {
            if !columns
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&column.origin))
            {
                return Err(missing(
                    Some(column.origin.clone()),
                    &columns,
                    &column.origin,
                ));
            }
        }
        Ok(())
    }
}

fn names(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    rows.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::Bytes(bytes),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
    }
}
