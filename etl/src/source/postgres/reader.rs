//! One connection that shares the snapshot and copies parts of tables.

use std::collections::BTreeSet;

use planisphere_schemas::model::Table;

use crate::error::{Error, Result};
use crate::reject::Reject;
use crate::source::{Fault, Part, Reader, Sink, StagedBatch};

use super::columns::{columns, schema};
use super::decode::Rules;
use super::moment::connect;
use super::printer::{self, Printer};
use super::rows::{OddRow, Rows};
use super::snapshot::{Planned, PostgresSnapshot};
use super::wire::{Connection, WireError};
use super::{fault, lock};

/// Rejected rows that wait for the end of a copy at most: they are held in memory.
const MOST_DEFERRED: usize = 20_000;
/// How long a reader waits for a lock before it reads through the connection that has it.
const LOCK_SECONDS: u32 = 2;

/// A reader of a PostgreSQL snapshot.
pub(super) struct PostgresReader<'a> {
    snapshot: &'a PostgresSnapshot,
    /// `None` reads through the connection that holds the snapshot open.
    connection: Option<Connection>,
    printer: Printer,
    /// True where rejected rows are printed through the connection itself, once its copy is over.
    defers: bool,
    held: BTreeSet<String>,
}

impl<'a> PostgresReader<'a> {
    /// Connects and takes part in the snapshot. Where no further connection is to be had, one reader makes do with that
    /// of the exporter.
    pub(super) fn open(snapshot: &'a PostgresSnapshot) -> Result<Self, Fault> {
        let connection = match connect(&snapshot.address, &snapshot.stop) {
            Ok(mut connection) => {
                let begun = snapshot.server.begin_at(&mut connection, &snapshot.moment);
                begun.map_err(|error| fault::not_imported(&snapshot.name, &error))?;
                Some(connection)
            }
            Err(error) if fault::is_full(&error) && snapshot.lend() => None,
            Err(error) => return Err(fault::unreachable(&snapshot.name, &error)),
        };
        Ok(Self {
            snapshot,
            defers: connection.is_none(),
            connection,
            printer: Printer::default(),
            held: BTreeSet::new(),
        })
    }

    /// Locks a relation for this connection; false if somebody who wants it for themselves waits in between.
    fn hold(&mut self, relation: &str) -> Result<bool, WireError> {
        let Some(connection) = &mut self.connection else {
            return Ok(false);
        };
        if self.held.contains(relation) {
            return Ok(true);
        }
        let held = lock::hold(connection, relation, LOCK_SECONDS)?;
        if held {
            self.held.insert(relation.to_owned());
        }
        Ok(held)
    }
}

impl Drop for PostgresReader<'_> {
    fn drop(&mut self) {
        if self.connection.is_none() {
            self.snapshot.give_back();
        }
    }
}

impl Reader for PostgresReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.snapshot;
        let failed = |error: WireError| snapshot.failed(table, &error);
        let lost = |error: WireError| snapshot.lost(table, &error);
        let planned = snapshot.planned(table);
        let held = self.hold(relation(&planned, part)).map_err(failed)?;
        let copy = Copy {
            snapshot,
            table,
            planned: &planned,
            batch_rows,
            printer: &mut self.printer,
            defers: &mut self.defers,
            deferred: Vec::new(),
            rules: snapshot.rules(),
        };
        if let Some(connection) = self.connection.as_mut().filter(|_| held) {
            return copy.out(connection, part, sink, &failed);
        }
        // who waits for the table waits for the exporter, which has it locked: everybody else would wait in turn; and
        // nothing may go wrong in the middle of a copy through it
        let rules = Rules {
            careful: true,
            ..copy.rules
        };
        let copy = Copy { rules, ..copy };
        copy.out(&mut snapshot.exporter(), part, sink, &lost)
    }
}

/// One part on its way.
struct Copy<'a> {
    snapshot: &'a PostgresSnapshot,
    table: &'a Table,
    planned: &'a Planned,
    batch_rows: usize,
    printer: &'a mut Printer,
    defers: &'a mut bool,
    /// Rejected rows that nobody has printed yet.
    deferred: Vec<OddRow>,
    rules: Rules,
}

impl Copy<'_> {
    fn out(
        mut self,
        connection: &mut Connection,
        part: &Part,
        sink: &mut Sink<'_>,
        failed: &dyn Fn(WireError) -> Fault,
    ) -> Result<(), Fault> {
        let selected = &self.planned.columns;
        let columns = columns(self.table, selected, self.rules);
        let mut rows = Rows::new(schema(self.table, selected), columns);
        connection
            .start_copy(&statement(self.planned, part))
            .map_err(failed)?;
        while let Some(message) = connection.next_copy().map_err(failed)? {
            rows.message(message)
                .map_err(|reason| failed(WireError::Protocol(reason)))?;
            if rows.is_full(self.batch_rows) {
                self.deliver(&mut rows, sink)?;
            }
        }
        self.deliver(&mut rows, sink)?;
        self.make_up(&mut rows, connection, sink, failed)
    }

    /// Hands on the rejects that had to wait for the end of the copy.
    fn make_up(
        &mut self,
        rows: &mut Rows,
        connection: &mut Connection,
        sink: &mut Sink<'_>,
        failed: &dyn Fn(WireError) -> Fault,
    ) -> Result<(), Fault> {
        const AT_ONCE: usize = 1_000;
        let selected = &self.planned.columns;
        for odd in std::mem::take(&mut self.deferred).chunks(AT_ONCE) {
            let source = &self.snapshot.name;
            let rejects = printer::rejects_through(connection, source, self.table, selected, odd);
            let mut batch = self.batch(rows)?;
            batch.rejects = rejects.map_err(failed)?;
            sink(batch)?;
        }
        Ok(())
    }

    /// Hands on what was collected, with the rows that did not fit as rejects.
    fn deliver(&mut self, rows: &mut Rows, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut batch = self.batch(rows)?;
        let odd = rows.take_odd();
        batch.rejects = self.rejects(odd)?;
        Ok(sink(batch)?)
    }

    fn batch(&self, rows: &mut Rows) -> Result<StagedBatch, Fault> {
        match rows.finish() {
            Ok(batch) => Ok(batch),
            Err(_) if !self.rules.careful => {
                let snapshot = self.snapshot;
                Err(snapshot.doubt.raise(&snapshot.name, &self.table.origin))
            }
            Err(error) => {
                let building = Error::arrow(format!("building a batch of '{}'", self.table.name));
                Err(building(error).into())
            }
        }
    }

    /// The rejects of odd rows, or none yet if they have to wait.
    fn rejects(&mut self, odd: Vec<OddRow>) -> Result<Vec<Reject>, Fault> {
        if !*self.defers {
            let selected = &self.planned.columns;
            let printed = self
                .printer
                .rejects(self.snapshot, self.table, selected, &odd);
            match printed {
                Err(error) if fault::is_full(&error) => *self.defers = true,
                printed => {
                    return printed.map_err(|error| self.snapshot.failed(self.table, &error));
                }
            }
        }
        self.deferred.extend(odd);
        match self.deferred.len() <= MOST_DEFERRED {
            true => Ok(Vec::new()),
            false => Err(self.snapshot.too_many_to_defer(self.table)),
        }
    }
}

/// The relation that a part is of.
fn relation<'a>(planned: &'a Planned, part: &'a Part) -> &'a str {
    match part {
        // nobody splits tables of this source by their keys or into files
        Part::Whole | Part::Keys(_) | Part::File { .. } => &planned.relation,
        Part::Relation(relation) | Part::Pages { relation, .. } => relation,
    }
}

/// The copy of a part, of the declared columns only.
fn statement(planned: &Planned, part: &Part) -> String {
    let columns = planned.columns.iter();
    let list: Vec<&str> = columns.map(|column| column.expression.as_str()).collect();
    let list = list.join(", ");
    let relation = relation(planned, part);
    let pages = match part {
        Part::Whole | Part::Relation(_) | Part::Keys(_) | Part::File { .. } => String::new(),
        Part::Pages { from, to, .. } => {
            let end = to.map(|to| format!(" AND ctid < '({to},0)'"));
            format!(" WHERE ctid >= '({from},0)'{}", end.unwrap_or_default())
        }
    };
    format!("COPY (SELECT {list} FROM {relation}{pages}) TO STDOUT (FORMAT binary)")
}
