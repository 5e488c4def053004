//! Demo databases in SQLite files.
//!
//! A new database is written to a file beside its place and put there when it is complete.

use super::Done;
use super::diff::{Edit, check, diff, empty};
use super::sqlite_sql::{create_sql, delete_sql, index_sql, insert_sql, update_sql};
use crate::demo::dirt::Tally;
use crate::demo::error::DemoError;
use crate::demo::state::{CREATE_STATE, READ_STATE, STATE_TABLE, State};
use crate::demo::summary::TableSummary;
use crate::demo::table::{Sink, TABLES, Table, Value, day_text, stamp_text};
use crate::demo::time::Stamp;
use crate::demo::world::{Params, World};
use rusqlite::{Connection, OpenFlags, Statement, TransactionBehavior};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for another program that writes to the file.
const BUSY: Duration = Duration::from_secs(5);

/// Creates a database at a path, or replaces the demo database there.
pub(crate) fn create(path: &Path, params: Params) -> Result<Done, DemoError> {
    if holds_something(path)? {
        read_state(&open(path)?, path)
            .map(drop)
            .or_else(|error| match error {
                DemoError::OtherGenerator { .. } => Ok(()),
                other => Err(other),
            })?;
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(file("create folder", folder))?;
    }
    let partial = beside(path, &format!(".partial-{}", std::process::id()));
    let written = write_new(&partial, params);
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    let done = written?;
    for suffix in ["-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
    fs::rename(&partial, path).map_err(file("put in place", path))?;
    Ok(done)
}

/// Moves the demo database at a path forward, in one transaction.
pub(crate) fn advance(path: &Path, days: u32) -> Result<Done, DemoError> {
    let url = url(path);
    if !holds_something(path)? {
        return Err(DemoError::Missing { url });
    }
    let mut connection = open(path)?;
    read_state(&connection, path)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite(&format!("locking {url}")))?;
    let state = read_state(&transaction, path)?.advanced(days);
    let world = World::simulate(state.params, state.today);
    let from = state.advanced_from.unwrap_or(state.today).end();
    let mut tally = Tally::default();
    let mut tables = Vec::new();
    for table in TABLES {
        let span = (from, state.today.end());
        tables.push(advance_table(
            &transaction,
            table,
            &world,
            span,
            &mut tally,
        )?);
    }
    transaction
        .execute_batch(&state.write_sql())
        .map_err(sqlite("writing the demo's own table"))?;
    transaction.commit().map_err(sqlite("committing"))?;
    Ok((state, tables, tally))
}

fn write_new(path: &Path, params: Params) -> Result<Done, DemoError> {
    let _ = fs::remove_file(path);
    let state = State::new(params);
    let world = World::simulate(params, state.today);
    let mut connection =
        Connection::open(path).map_err(sqlite(&format!("creating {}", url(path))))?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
        )
        .map_err(sqlite("preparing the new file"))?;
    let transaction = connection.transaction().map_err(sqlite("beginning"))?;
    let mut tally = Tally::default();
    let mut tables = Vec::new();
    for table in TABLES {
        let rows = fill(&transaction, table, &world, state.today.end(), &mut tally)?;
        tables.push(TableSummary {
            rows,
            inserted: rows,
            ..empty(table)
        });
    }
    let statements = format!("{CREATE_STATE}; {}", state.write_sql());
    transaction
        .execute_batch(&statements)
        .map_err(sqlite("writing the demo's own table"))?;
    transaction.commit().map_err(sqlite("committing"))?;
    connection
        .close()
        .map_err(|(_, source)| sqlite("closing the new file")(source))?;
    let written = fs::File::open(path).and_then(|opened| opened.sync_all());
    written.map_err(file("flush", path))?;
    Ok((state, tables, tally))
}

/// Creates a table, writes its rows, then its indexes.
fn fill(
    connection: &Connection,
    table: &'static Table,
    world: &World,
    at: Stamp,
    tally: &mut Tally,
) -> Result<u64, DemoError> {
    let failed = |doing: &str| sqlite(&format!("{doing} {}", table.name));
    connection
        .execute_batch(&create_sql(table))
        .map_err(failed("creating"))?;
    let mut insert = connection
        .prepare(&insert_sql(table))
        .map_err(failed("preparing"))?;
    let mut rows = 0;
    let mut put = |row: &[Value<'_>]| {
        rows += 1;
        check(table, row)?;
        bind_and_run(&mut insert, row).map_err(failed("writing"))
    };
    (table.rows)(world, at, &mut Sink::new(&mut put, tally))?;
    connection
        .execute_batch(&index_sql(table))
        .map_err(failed("indexing"))?;
    Ok(rows)
}

fn advance_table(
    connection: &Connection,
    table: &'static Table,
    world: &World,
    span: (Stamp, Stamp),
    tally: &mut Tally,
) -> Result<TableSummary, DemoError> {
    let failed = |doing: &str| sqlite(&format!("{doing} {}", table.name));
    let prepare = |sql: &str| connection.prepare(sql).map_err(failed("preparing"));
    let mut insert = prepare(&insert_sql(table))?;
    let mut update = prepare(&update_sql(table))?;
    let mut delete = prepare(&delete_sql(table))?;
    diff(table, world, span, tally, &mut |edit| match edit {
        Edit::Insert(row) => bind_and_run(&mut insert, row).map_err(failed("adding to")),
        Edit::Update(row) => bind_and_run(&mut update, row).map_err(failed("changing")),
        Edit::Delete(key) => {
            let fields: Vec<Value<'_>> = key.split('\t').map(Value::text).collect();
            bind_and_run(&mut delete, &fields).map_err(failed("deleting from"))
        }
    })
}

/// Binds a row's values in order and runs the statement.
fn bind_and_run(statement: &mut Statement<'_>, row: &[Value<'_>]) -> rusqlite::Result<()> {
    for (position, value) in (1..).zip(row) {
        match value {
            Value::Null => statement.raw_bind_parameter(position, rusqlite::types::Null),
            Value::Int(number) => statement.raw_bind_parameter(position, number),
            Value::Cents(cents) => statement.raw_bind_parameter(position, *cents as f64 / 100.0),
            Value::Micros(micros) => statement.raw_bind_parameter(position, *micros as f64 / 1e6),
            Value::Id(id) => statement.raw_bind_parameter(position, id.encode(&mut [0; 36])),
            Value::Text(text) => statement.raw_bind_parameter(position, text.as_ref()),
            Value::NoDay(text) => statement.raw_bind_parameter(position, text),
            Value::Day(day) => bind_ascii(statement, position, &day_text(*day)),
            Value::Stamp(stamp) => bind_ascii(statement, position, &stamp_text(*stamp)),
        }?;
    }
    statement.raw_execute().map(drop)
}

fn bind_ascii(statement: &mut Statement<'_>, position: usize, text: &[u8]) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(position, String::from_utf8_lossy(text))
}

/// Opens an existing file without creating one.
fn open(path: &Path) -> Result<Connection, DemoError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    });
    opened.map_err(sqlite(&format!("opening {}", url(path))))
}

/// Whether there is a file with anything in it.
fn holds_something(path: &Path) -> Result<bool, DemoError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(DemoError::NotDemo {
            url: url(path),
            found: "it is a folder".to_owned(),
        }),
        Ok(found) => Ok(found.len() > 0),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(file("look at", path)(source)),
    }
}

/// Reads what the database remembers of its making, or says why it is none of ours.
fn read_state(connection: &Connection, path: &Path) -> Result<State, DemoError> {
    let not_demo = |found: String| DemoError::NotDemo {
        url: url(path),
        found,
    };
    let columns = connection.query_row(READ_STATE, [], |row| {
        (0..7)
            .map(|column| row.get::<_, String>(column))
            .collect::<Result<Vec<_>, _>>()
    });
    match columns {
        Ok(columns) => State::read(&url(path), &columns),
        Err(error) => match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => {
                Err(not_demo("it is no SQLite database".to_owned()))
            }
            Some(rusqlite::ErrorCode::Unknown) | None => {
                Err(not_demo(format!("it has no readable table {STATE_TABLE}")))
            }
            Some(_) => Err(sqlite(&format!("reading {}", url(path)))(error)),
        },
    }
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// The path with a suffix.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn sqlite(doing: &str) -> impl Fn(rusqlite::Error) -> DemoError + use<> {
    let doing = doing.to_owned();
    move |source| DemoError::Sqlite {
        doing: doing.clone(),
        source,
    }
}

fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DemoError + use<> {
    let path = path.display().to_string();
    move |source| DemoError::File {
        doing,
        path,
        source,
    }
}
