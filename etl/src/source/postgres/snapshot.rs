//! One exported snapshot: the connection that holds it open, and the plans of tables under it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use planisphere_schemas::model::Table;

use crate::error::Error;
use crate::source::doubt::Doubt;
use crate::source::lookup;
use crate::source::{Fault, Part, Reader, Remedy, Snapshot, Stop, TablePlan};

use super::address::Address;
use super::catalog::{self, Relation, quoted};
use super::columns::{Selected, schema, select};
use super::decode::{Digits, Rules};
use super::moment::{Moment, Server, connect};
use super::reader::PostgresReader;
use super::types::PgType;
use super::wire::{Connection, WireError};
use super::{fault, lock};

/// Pages of a part: with some 60 rows a page, about half a million rows.
const PART_PAGES: u64 = 8_192;
/// How long it waits for a table that others keep locked, before it is tried again and in the end given up.
const LOCK_SECONDS: u32 = 15;
/// More connections than this only get into each other's way.
const MOST_READERS: usize = 16;

/// One moment of a database.
pub(super) struct PostgresSnapshot {
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) zone: Tz,
    pub(super) stop: Stop,
    pub(super) server: Server,
    pub(super) moment: Moment,
    exporter: Mutex<Connection>,
    /// True while a reader has no other connection than the exporter's.
    lent: AtomicBool,
    pub(super) doubt: Doubt,
    planned: Mutex<BTreeMap<String, Planned>>,
}

/// How a table is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned {
    /// Its name, quoted and with its schema.
    pub(super) relation: String,
    /// Its columns.
    pub(super) columns: Vec<Selected>,
}

impl PostgresSnapshot {
    /// Opens a transaction and exports what it sees.
    pub(super) fn export(
        name: &str,
        address: &Address,
        zone: Tz,
        stop: &Stop,
    ) -> Result<Self, Fault> {
        let unreachable = |error: WireError| fault::unreachable(name, &error);
        let mut exporter = connect(address, stop).map_err(unreachable)?;
        let server = Server::of(&mut exporter).map_err(unreachable)?;
        let moment = server.begin_shared(&mut exporter).map_err(unreachable)?;
        tracing::info!(source = %name, moment = %moment.description, "a snapshot was taken");
        Ok(Self {
            name: name.to_owned(),
            address: address.clone(),
            zone,
            stop: stop.clone(),
            server,
            moment,
            exporter: Mutex::new(exporter),
            lent: AtomicBool::new(false),
            doubt: Doubt::default(),
            planned: Mutex::new(BTreeMap::new()),
        })
    }

    /// What columns without clamping become.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            zone: self.zone,
            clamp: false,
            careful: self.doubt.is_raised(),
        }
    }

    /// How a planned table is asked for.
    pub(super) fn planned(&self, table: &Table) -> Planned {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.get(&table.name).cloned().unwrap_or_default()
    }

    pub(super) fn failed(&self, table: &Table, error: &WireError) -> Fault {
        fault::read(&self.name, &table.origin, &self.address.login.user, error)
    }

    /// Lends the exporter's connection to a reader; false if another has it.
    pub(super) fn lend(&self) -> bool {
        !self.lent.swap(true, Ordering::Relaxed)
    }

    /// The reader that had the exporter's connection is done.
    pub(super) fn give_back(&self) {
        self.lent.store(false, Ordering::Relaxed);
    }

    /// The connection that holds the snapshot open, and every planned table.
    pub(super) fn exporter(&self) -> MutexGuard<'_, Connection> {
        self.exporter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More rows are rejected than can wait for a connection that prints them.
    pub(super) fn too_many_to_defer(&self, table: &Table) -> Fault {
        let user = quoted(&self.address.login.user);
        Fault::from(Error::Unreadable {
            source_name: self.name.clone(),
            table: table.origin.clone(),
            reason: "its role may open too few connections for as many rejected rows".into(),
            hint: format!("as an administrator: ALTER ROLE {user} CONNECTION LIMIT 4").into(),
        })
    }

    /// A failure of the exporter ends the snapshot, whatever its cause.
    pub(super) fn lost(&self, table: &Table, error: &WireError) -> Fault {
        let fault = self.failed(table, error);
        match fault.remedy {
            Remedy::None => fault,
            _ => Remedy::Anew.against(fault.error),
        }
    }

    fn refused(&self, table: &Table, remedy: Remedy, reason: &str, hint: &str) -> Fault {
        remedy.against(Error::Read {
            source_name: self.name.clone(),
            table: table.origin.clone(),
            reason: reason.to_owned(),
            hint: Some(hint.to_owned()),
        })
    }

    /// Finds the relation, checks its columns, and holds it as it is until the snapshot is given back.
    fn hold(&self, exporter: &mut Connection, table: &Table) -> Result<String, Fault> {
        let lost = |error: WireError| self.lost(table, &error);
        let resolved = catalog::resolve(exporter, &table.origin).map_err(lost)?;
        let columns = match &resolved {
            Some(relation) => catalog::column_names(exporter, relation).map_err(lost)?,
            None => Vec::new(),
        };
        lookup::check_columns(&self.name, table, &columns, str::eq, || {
            catalog::table_names(exporter).map_err(lost)
        })?;
        let relation = resolved.unwrap_or_default();
        if !lock::hold(exporter, &relation, LOCK_SECONDS).map_err(lost)? {
            let reason = "another session keeps it locked, as ALTER TABLE, TRUNCATE and VACUUM FULL do until they \
                          commit";
            let hint = "end that session, or load later";
            return Err(self.refused(table, Remedy::Again, reason, hint));
        }
        match lock::written_anew(exporter).map_err(lost)? {
            None => Ok(relation),
            Some(moved) => {
                let reason = format!(
                    "{moved} was emptied or written anew by another session after the snapshot was taken"
                );
                let hint = "load while nobody empties or rewrites the table";
                Err(self.refused(table, Remedy::Anew, &reason, hint))
            }
        }
    }

    fn select(
        &self,
        exporter: &mut Connection,
        table: &Table,
        relation: &str,
    ) -> Result<Vec<Selected>, Fault> {
        let lost = |error: WireError| self.lost(table, &error);
        let sql = lookup::select(table, quoted, relation);
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
                    catalog::digits(exporter, relation, &column.origin).map_err(lost)?
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
        self.moment.description.clone()
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        let mut exporter = self.exporter();
        let relation = self.hold(&mut exporter, table)?;
        let columns = self.select(&mut exporter, table, &relation)?;
        let relations = catalog::relations(&mut exporter, &relation)
            .map_err(|error| self.lost(table, &error))?;
        let schema = schema(table, &columns);
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert(table.name.clone(), Planned { relation, columns });
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
