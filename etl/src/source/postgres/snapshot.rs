//! One exported snapshot: the connection that holds it open, and the plans of tables under it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use planisphere_schemas::model::Table;

use crate::error::Error;
use crate::source::lookup;
use crate::source::{Fault, Part, Reader, Remedy, Snapshot, Stop, TablePlan};

use super::address::Address;
use super::catalog::{self, Relation, qualified, quoted};
use super::columns::{Selected, schema, select};
use super::decode::{Digits, Rules};
use super::fault;
use super::reader::PostgresReader;
use super::types::PgType;
use super::wire::{Connection, WireError};

/// What every session sets: rows that a policy would hide are an error instead of silently missing, and an open
/// snapshot is not taken for a forgotten one.
const SESSION: &str = "SET row_security = off; SET idle_in_transaction_session_timeout = 0; \
                       SET bytea_output = hex; SET IntervalStyle = postgres";
/// How a transaction begins that sees one moment.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The first version whose pages can be read by ranges.
const OLDEST: u32 = 140_000;
/// Pages of a part: with some 60 rows a page, about half a million rows.
const PART_PAGES: u64 = 8_192;
/// More connections than this only get into each other's way.
const MOST_READERS: usize = 16;

/// One moment of a database.
pub(super) struct PostgresSnapshot {
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) zone: Tz,
    pub(super) stop: Stop,
    /// The id under which other sessions can share the moment.
    pub(super) id: String,
    moment: String,
    exporter: Mutex<Connection>,
    selected: Mutex<BTreeMap<String, Vec<Selected>>>,
}

/// Connects to the first server that answers.
pub(super) fn connect(address: &Address, stop: &Stop) -> Result<Connection, WireError> {
    let mut last = WireError::Login("the URL names no host".into());
    for host in &address.hosts {
        match Connection::open(host, &address.login, stop.clone()) {
            Ok(mut connection) => {
                connection.query(SESSION)?;
                return Ok(connection);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl PostgresSnapshot {
    /// Opens a transaction and exports what it sees.
    pub(super) fn export(
        name: &str,
        address: &Address,
        zone: Tz,
        stop: &Stop,
    ) -> Result<Self, Fault> {
        const EXPORT: &str = "SELECT pg_export_snapshot(), pg_current_snapshot()::text, \
                              current_setting('server_version_num'), current_setting('server_version')";
        let unreachable = |error: WireError| fault::unreachable(name, &error);
        let mut exporter = connect(address, stop).map_err(unreachable)?;
        exporter.query(BEGIN).map_err(unreachable)?;
        let rows = exporter.query(EXPORT).map_err(unreachable)?;
        let text = |at: usize| {
            rows.first()
                .and_then(|row| row.get(at)?.clone())
                .unwrap_or_default()
        };
        let (id, moment, number, version) = (text(0), text(1), text(2), text(3));
        if number.parse().unwrap_or(0) < OLDEST {
            let reason = format!("PostgreSQL {version} is too old; 14 or later is needed");
            let source_name = name.to_owned();
            return Err(Error::SourceUnreachable {
                source_name,
                reason,
            }
            .into());
        }
        Ok(Self {
            name: name.to_owned(),
            address: address.clone(),
            zone,
            stop: stop.clone(),
            id,
            moment: format!("postgres {version} snapshot {moment}"),
            exporter: Mutex::new(exporter),
            selected: Mutex::new(BTreeMap::new()),
        })
    }

    /// What columns without clamping become.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            zone: self.zone,
            clamp: false,
        }
    }

    /// How the columns of a planned table are asked for.
    pub(super) fn selected(&self, table: &Table) -> Vec<Selected> {
        let selected = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
        selected.get(&table.name).cloned().unwrap_or_default()
    }

    pub(super) fn failed(&self, table: &Table, error: &WireError) -> Fault {
        fault::read(&self.name, &table.origin, &self.address.login.user, error)
    }

    fn exporter(&self) -> MutexGuard<'_, Connection> {
        self.exporter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A failure of the exporter ends the snapshot, whatever its cause.
    fn lost(&self, table: &Table, error: &WireError) -> Fault {
        let fault = self.failed(table, error);
        match fault.remedy {
            Remedy::None => fault,
            _ => Remedy::Anew.against(fault.error),
        }
    }

    fn check_columns(&self, exporter: &mut Connection, table: &Table) -> Result<(), Fault> {
        let lost = |error: WireError| self.lost(table, &error);
        let columns = catalog::column_names(exporter, &table.origin).map_err(lost)?;
        lookup::check_columns(&self.name, table, &columns, str::eq, || {
            catalog::table_names(exporter).map_err(lost)
        })
    }

    fn select(&self, exporter: &mut Connection, table: &Table) -> Result<Vec<Selected>, Fault> {
        let lost = |error: WireError| self.lost(table, &error);
        let sql = lookup::select(table, quoted, &qualified(&table.origin));
        let fields = exporter.describe(&sql).map_err(lost)?;
        let oids = fields.iter().map(|field| field.oid);
        let types = catalog::types(exporter, oids).map_err(lost)?;
        let mut selected = Vec::with_capacity(fields.len());
        for (column, field) in table.columns.iter().zip(&fields) {
            let sent = types.resolve(field.oid, field.modifier);
            let digits = match (column.data_type, &sent) {
                (None, PgType::Numeric(modifier))
                    if modifier.and_then(Digits::declared).is_none() =>
                {
                    catalog::digits(exporter, &table.origin, &column.origin).map_err(lost)?
                }
                _ => Digits::ANY,
            };
            selected.push(select(column, field, sent, digits, self.rules()));
        }
        Ok(selected)
    }
}

impl Snapshot for PostgresSnapshot {
    fn describe(&self) -> String {
        self.moment.clone()
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        let mut exporter = self.exporter();
        self.check_columns(&mut exporter, table)?;
        let selected = self.select(&mut exporter, table)?;
        let relations = catalog::relations(&mut exporter, &table.origin)
            .map_err(|error| self.lost(table, &error))?;
        let schema = schema(table, &selected);
        let mut all = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(table.name.clone(), selected);
        let mut parts: Vec<Part> = relations.iter().flat_map(parts).collect();
        if parts.is_empty() {
            // a partitioned table without partitions is empty, but it is there
            parts.push(Part::Whole);
        }
        Ok(TablePlan {
            schema,
            parts,
            rows: Some(relations.iter().map(|relation| relation.rows).sum()),
        })
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        Ok(Box::new(PostgresReader::open(self)?))
    }

    fn most_readers(&self) -> usize {
        MOST_READERS
    }
}

/// The parts of a relation. The last one has no end, so that no page is missed.
fn parts(relation: &Relation) -> Vec<Part> {
    if !relation.has_pages {
        return vec![Part::Relation(relation.name.clone())];
    }
    let starts: Vec<u64> = (0..relation.pages.max(1))
        .step_by(usize::try_from(PART_PAGES).unwrap_or(1))
        .collect();
    let ends = starts.iter().skip(1).copied().map(Some).chain([None]);
    let parts = starts.iter().zip(ends).map(|(from, to)| Part::Pages {
        relation: relation.name.clone(),
        from: *from,
        to,
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_the_last_is_open() {
        let relation = |pages, has_pages| Relation {
            name: "t".into(),
            has_pages,
            pages,
            rows: 0,
        };
        let part = |from, to| Part::Pages {
            relation: "t".into(),
            from,
            to,
        };
        assert_eq!(parts(&relation(0, true)), [part(0, None)]);
        let two = [part(0, Some(PART_PAGES)), part(PART_PAGES, None)];
        assert_eq!(parts(&relation(PART_PAGES + 1, true)), two);
        assert_eq!(parts(&relation(9, false)), [Part::Relation("t".into())]);
    }
}
