//! SQLite: one read transaction on one connection.
//!
//! SQLite's declared types are hints; every value is checked against the model's type.

mod float;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use planisphere_schemas::model::Table;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, Result};

use super::builder::{BatchBuilder, declared_schema};
use super::cell::{Cell, ColumnBuilder, Raw};
use super::doubt::Doubt;
use super::lookup;
use super::number;
use super::{Fault, Part, Reader, Remedy, Sink, Snapshot, Source, Stop, TablePlan};

/// SQLite's own number of a row, by the name that fewest tables use for a column of theirs.
const ROW_ID: &str = "_rowid_";

/// Rows between two looks whether somebody wants the reading to stop.
const LOOK_UP_ROWS: i64 = 1024;

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

    /// Opens the file read-only and begins the one read transaction.
    fn begin(&self) -> rusqlite::Result<(Connection, String)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
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
}

impl Sqlite {
    fn not_opened(&self, error: &rusqlite::Error) -> Fault {
        let reason = format!("{}: {}", self.path.display(), reason(error));
        let hint = "check that it is a SQLite database, its permissions and those of its folder";
        remedy(error).not_opened(&self.name, reason, !self.path.exists(), hint)
    }
}

impl Source for Sqlite {
    fn open(&self, _readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault> {
        let (connection, moment) = self.begin().map_err(|error| self.not_opened(&error))?;
        Ok(Box::new(SqliteSnapshot {
            name: self.name.clone(),
            zone: self.zone,
            connection: Mutex::new(connection),
            path: self.path.clone(),
            moment,
            stop: stop.clone(),
            doubt: Doubt::default(),
        }))
    }
}

/// A locked database may be free in a while, and a share of a network be back; whatever else is wrong stays wrong.
fn remedy(error: &rusqlite::Error) -> Remedy {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory,
        ) => Remedy::Again,
        _ => Remedy::None,
    }
}

/// What SQLite said, and what it means where its words do not tell.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => format!("{error}, or it is encrypted"),
        Some(ErrorCode::DatabaseCorrupt) => {
            format!("{error}; 'PRAGMA integrity_check' tells what is damaged")
        }
        _ => error.to_string(),
    }
}

struct SqliteSnapshot {
    name: String,
    path: PathBuf,
    zone: Tz,
    connection: Mutex<Connection>,
    moment: String,
    stop: Stop,
    doubt: Doubt,
}

impl Snapshot for SqliteSnapshot {
    fn describe(&self) -> String {
        self.moment.clone()
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        self.check_columns(&self.connection(), table)?;
        Ok(TablePlan::whole(declared_schema(&self.name, table)?, None))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        Ok(Box::new(SqliteReader(self)))
    }

    /// Rows have different ids, so there are no more of them than ids from the lowest to the highest.
    fn most_rows(&self, table: &Table) -> Option<u64> {
        let connection = self.connection();
        let columns = names(
            &connection,
            "SELECT name FROM pragma_table_info(?1)",
            &[&table.origin],
        );
        let hidden = |name: &String| name.eq_ignore_ascii_case(ROW_ID);
        if columns.ok()?.iter().any(hidden) {
            return None;
        }
        // each by itself is one step in the table's tree
        let end = |end: &str| format!("(SELECT {end}({ROW_ID}) FROM {})", quoted(&table.origin));
        let sql = format!("SELECT {}, {}", end("min"), end("max"));
        let ids = connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        // views and tables without such ids have none; an empty table has no first
        let (lowest, highest): (i64, i64) = ids.ok()?;
        highest.abs_diff(lowest).checked_add(1)
    }
}

/// Reads through the snapshot's one connection.
struct SqliteReader<'a>(&'a SqliteSnapshot);

impl Reader for SqliteReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        _part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.0;
        let failed = |error: rusqlite::Error| snapshot.failed(table, &error);
        let sql = lookup::select(table, quoted, &quoted(&table.origin));
        let connection = snapshot.connection();
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let batch = BatchBuilder::new(&snapshot.name, table, snapshot.zone, None)?;
        let mut batch = batch.unless(&snapshot.doubt);
        let mut number = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            number += 1;
            // every position is one of the statement's columns, so each has a value
            let values = 0..table.columns.len();
            batch.row_of(
                values.map(|at| row.get_ref(at).unwrap_or(ValueRef::Null)),
                number,
            );
            if batch.is_full(batch_rows) {
                sink(batch.finish()?)?;
            }
            if number % LOOK_UP_ROWS == 0 && snapshot.stop.asked() {
                return Err(Error::Stopped { signal: "request" }.into());
            }
        }
        Ok(sink(batch.finish()?)?)
    }
}

impl SqliteSnapshot {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, table: &Table, error: &rusqlite::Error) -> Fault {
        let (source_name, table) = (self.name.clone(), table.origin.clone());
        let reason = format!("{}: {}", self.path.display(), reason(error));
        let remedy = remedy(error);
        remedy.against(match remedy {
            Remedy::None => Error::Unreadable {
                source_name,
                table,
                reason,
                hint: "nothing was published; mend it in the source".into(),
            },
            _ => Error::Read {
                source_name,
                table,
                reason,
                hint: None,
            },
        })
    }

    /// Every declared table and column must be there; SQLite would read a missing column as a text.
    fn check_columns(&self, connection: &Connection, table: &Table) -> Result<(), Fault> {
        let failed = |error: rusqlite::Error| self.failed(table, &error);
        let columns = names(
            connection,
            "SELECT name FROM pragma_table_xinfo(?1)",
            &[&table.origin],
        )
        .map_err(failed)?;
        lookup::check_columns(
            &self.name,
            table,
            &columns,
            str::eq_ignore_ascii_case,
            || {
                const TABLES: &str =
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')";
                names(connection, TABLES, &[]).map_err(failed)
            },
        )
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

impl<'v> Raw<'v> for ValueRef<'v> {
    #[inline(always)]
    fn take(self, column: &mut ColumnBuilder, careful: bool) -> Option<u64> {
        match (column, self) {
            (ColumnBuilder::Integer(values), ValueRef::Integer(value)) => {
                values.push(value.try_into().ok()?);
            }
            (ColumnBuilder::Bigint(values), ValueRef::Integer(value)) => values.push(value),
            (ColumnBuilder::Double(values), ValueRef::Real(value)) if value.is_finite() => {
                values.push(value);
            }
            (ColumnBuilder::Decimal(values, precision, scale), ValueRef::Real(value)) => {
                values.push(number::of_float(value, *precision, *scale).ok()?);
            }
            (ColumnBuilder::Decimal(values, precision, scale), ValueRef::Integer(value)) => {
                values.push(number::of_integer(value.into(), *precision, *scale).ok()?);
            }
            (column @ ColumnBuilder::Text(_), ValueRef::Real(value)) => {
                column.take_text(float::printed(value).as_bytes(), false)?;
            }
            (column, ValueRef::Text(text)) => {
                column.take_text(text, careful)?;
                return Some(text.len() as u64);
            }
            _ => return None,
        }
        Some(8)
    }

    fn cell(self) -> Cell<'v> {
        match self {
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
}
