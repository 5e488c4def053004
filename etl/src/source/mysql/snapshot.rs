//! One consistent snapshot: one connection, or several that began under a brief read lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::{Field, Schema, SchemaRef};
use chrono_tz::Tz;
use mysql::prelude::Queryable;
use mysql::{Column, Conn, Opts};
use planisphere_schemas::model::{self, DataType, Table};

use crate::error::Error;
use crate::source::doubt::Doubt;
use crate::source::lookup;
use crate::source::{Fault, Reader, Remedy, Snapshot, Stop, TablePlan};

use super::connect::connect;
use super::reader::MySqlReader;
use super::value::{Kind, kind};
use super::{fault, keys, types};

/// More connections than this only get into each other's way.
const MOST_READERS: usize = 16;
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// One moment of a database.
pub(super) struct MySqlSnapshot {
    pub(super) name: String,
    pub(super) zone: Tz,
    pub(super) stop: Stop,
    pub(super) doubt: Doubt,
    user: String,
    moment: String,
    /// Connections of the moment that no reader has taken yet.
    free: Mutex<Vec<Conn>>,
    readers: usize,
    /// For each planned table what is selected of it.
    lists: Mutex<BTreeMap<String, String>>,
}

impl MySqlSnapshot {
    /// Connects, and begins all transactions at one moment.
    pub(super) fn open(
        name: &str,
        opts: &Opts,
        zone: Tz,
        wanted: usize,
        stop: &Stop,
    ) -> Result<Self, Fault> {
        // both providers are compiled in, by other crates; a choice that was made already stands
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let unreachable = |error: mysql::Error| fault::unreachable(name, &error);
        let wanted = wanted.clamp(1, MOST_READERS);
        let (readers, moment) = begin(opts, wanted, stop).map_err(unreachable)?;
        Ok(Self {
            name: name.to_owned(),
            zone,
            stop: stop.clone(),
            doubt: Doubt::default(),
            user: opts.get_user().unwrap_or_default().to_owned(),
            moment,
            readers: readers.len(),
            free: Mutex::new(readers),
            lists: Mutex::default(),
        })
    }

    pub(super) fn failed(&self, table: &Table, error: &mysql::Error) -> Fault {
        fault::read(&self.name, &table.origin, &self.user, error)
    }

    /// Takes a connection of the moment.
    fn lend(&self) -> Result<Conn, Fault> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // those that are gone were the only ones that could see the moment
        free.pop().ok_or_else(|| {
            Remedy::Anew.against(Error::SnapshotLost {
                source_name: self.name.clone(),
                reason: "the connections that shared it were lost".into(),
            })
        })
    }

    /// Gives a connection back.
    pub(super) fn release(&self, connection: Conn) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(connection);
    }

    fn lists(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the columns of a planned table are asked for.
    pub(super) fn list(&self, table: &Table) -> String {
        self.lists().get(&table.name).cloned().unwrap_or_default()
    }

    fn check_columns(&self, catalog: &mut Conn, table: &Table) -> Result<(), Fault> {
        const COLUMNS: &str = "SELECT column_name FROM information_schema.columns \
             WHERE table_schema = coalesce(?, database()) AND table_name = ? ORDER BY ordinal_position";
        const TABLES: &str =
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()";
        let failed = |error: mysql::Error| self.failed(table, &error);
        let (schema, origin) = parts(&table.origin);
        let columns: Vec<String> = catalog.exec(COLUMNS, (schema, origin)).map_err(failed)?;
        lookup::check_columns(
            &self.name,
            table,
            &columns,
            str::eq_ignore_ascii_case,
            || catalog.query(TABLES).map_err(failed),
        )
    }

    /// How many rows a table has, about; a table that no snapshot holds still is told of.
    fn look(&self, catalog: &mut Conn, table: &Table) -> Result<Option<u64>, Fault> {
        const TABLE: &str = "SELECT engine, table_rows FROM information_schema.tables \
             WHERE table_schema = coalesce(?, database()) AND table_name = ?";
        let found: Option<(Option<String>, Option<u64>)> = catalog
            .exec_first(TABLE, parts(&table.origin))
            .map_err(|error| self.failed(table, &error))?;
        let (engine, rows) = found.unwrap_or_default();
        if let Some(engine) = engine.filter(|engine| !engine.eq_ignore_ascii_case("InnoDB")) {
            tracing::warn!(source = %self.name, table = %table.origin, engine,
                "the engine of this table keeps no snapshots: rows that change while it is read may be of another moment");
        }
        Ok(rows)
    }

    /// Touches a table through every connection, so that each keeps it as it is until its transaction ends: else one that
    /// wants to change the table would wait for the one connection, and the next connection for that one.
    fn hold(&self, table: &Table) -> Result<(), Fault> {
        let touch = format!("SELECT 1 FROM {} LIMIT 0", qualified(&table.origin));
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in free.iter_mut() {
            let touched = connection.query_drop(&touch);
            touched.map_err(|error| self.failed(table, &error))?;
        }
        Ok(())
    }

    fn plan_by(&self, catalog: &mut Conn, table: &Table) -> Result<TablePlan, Fault> {
        self.check_columns(catalog, table)?;
        let rows = self.look(catalog, table)?;
        let failed = |error: mysql::Error| self.failed(table, &error);
        let sql = lookup::select(table, quoted, &qualified(&table.origin));
        let statement = catalog.prep(sql).map_err(failed)?;
        let sent = statement.columns();
        catalog.close(statement).map_err(failed)?;
        let schema = schema(table, &sent);
        let columns = table.columns.iter().zip(sent.iter());
        let list = columns.map(|(column, sent)| expression(column, sent));
        let list = list.collect::<Vec<_>>().join(", ");
        self.lists().insert(table.name.clone(), list);
        let parts = keys::split(catalog, &table.origin, rows.unwrap_or(0)).map_err(failed)?;
        Ok(TablePlan {
            schema,
            parts,
            rows,
        })
    }
}

/// Begins transactions at one moment: as many as are wanted under a read lock, or one where that is not granted. A user
/// who may have one connection only is read by that one.
fn begin(opts: &Opts, wanted: usize, stop: &Stop) -> mysql::Result<(Vec<Conn>, String)> {
    const LOCK: &str = "SET lock_wait_timeout = 5";
    let begin = |_| {
        let mut reader = connect(opts, stop)?;
        reader.query_drop(BEGIN)?;
        Ok::<Conn, mysql::Error>(reader)
    };
    let mut locker = connect(opts, stop)?;
    locker.query_drop(LOCK)?;
    let locked = wanted > 1 && locker.query_drop("FLUSH TABLES WITH READ LOCK").is_ok();
    let first = begin(0);
    let others = match (locked, &first) {
        // a server that bears fewer connections than are wanted is read by those that it bears
        (true, Ok(_)) => (1..wanted).map(begin).map_while(Result::ok).collect(),
        _ => Vec::new(),
    };
    if locked {
        locker.query_drop("UNLOCK TABLES")?;
    }
    let version: Option<String> = locker.query_first("SELECT version()")?;
    let now: Option<String> =
        locker.query_first("SELECT date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%fZ')")?;
    let mut readers: Vec<Conn> = others;
    readers.push(match first {
        Err(error) if fault::is_full(&error) => {
            locker.query_drop(BEGIN)?;
            locker
        }
        first => first?,
    });
    let moment = format!(
        "mysql {} consistent snapshot at about {}, {} connection(s)",
        version.unwrap_or_default(),
        now.unwrap_or_default(),
        readers.len()
    );
    Ok((readers, moment))
}

/// The schema, if one is written, and the table of a name.
pub(super) fn parts(origin: &str) -> (Option<&str>, &str) {
    match origin.split_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (None, origin),
    }
}

/// A table's name as an identifier.
pub(super) fn qualified(origin: &str) -> String {
    match parts(origin) {
        (Some(schema), table) => format!("{}.{}", quoted(schema), quoted(table)),
        (None, table) => quoted(table),
    }
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// How the server is asked for a column: numbers, days and clocks that shall be texts are printed by the server itself.
fn expression(column: &model::Column, sent: &Column) -> String {
    let name = quoted(&column.origin);
    if column.data_type.is_some() && types::is_rounded(sent) {
        return format!("cast({name} AS char)");
    }
    match (column.data_type, kind(sent)) {
        (Some(DataType::Text), Kind::Timestamp) => format!("concat(cast({name} AS char), '+00')"),
        (Some(DataType::Text), Kind::Date | Kind::DateTime | Kind::Time(_)) => {
            format!("cast({name} AS char)")
        }
        (Some(DataType::Text), Kind::Plain) if types::is_printed(sent) => {
            format!("cast({name} AS char)")
        }
        _ => name,
    }
}

/// The columns of a table's batches: in their declared types, or in those that the server has.
pub(super) fn schema(table: &Table, columns: &[Column]) -> SchemaRef {
    let columns = table.columns.iter().zip(columns);
    let field = |(column, sent): (&model::Column, &Column)| {
        let declared = column.data_type.map(DataType::arrow);
        Field::new(
            &column.name,
            declared.unwrap_or_else(|| types::arrow(sent)),
            true,
        )
    };
    Arc::new(Schema::new(columns.map(field).collect::<Vec<_>>()))
}

impl Snapshot for MySqlSnapshot {
    fn describe(&self) -> String {
        self.moment.clone()
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        // nobody reads yet, so there is one; a connection that fails is not given back
        let mut catalog = self.lend()?;
        let planned = match self.plan_by(&mut catalog, table) {
            Err(fault) if fault.remedy == Remedy::Anew => return Err(fault),
            planned => planned,
        };
        self.release(catalog);
        let planned = planned?;
        self.hold(table)?;
        Ok(planned)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        Ok(Box::new(MySqlReader::new(self, self.lend()?)))
    }

    fn most_readers(&self) -> usize {
        self.readers
    }
}
