//! The bridges of a star: groups are looked up before it is built, tables are made of the groups that its facts have then.

use std::collections::BTreeMap;
use std::pin::pin;

use arrow::array::RecordBatch;
use futures::TryStreamExt as _;
use planisphere_schemas::model::{Bridge, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::MemberIndex;
use crate::error::{Error, Result};
use crate::fact::{Bridging, KeySet, with_groups};

use super::balance::{Balance, Stage};
use super::build::{Built, NextRows, NextTable};
use super::execute::Execution;
use super::scan::TableScan;

/// The bridges of a star while it is built.
#[derive(Default)]
pub(super) struct Bridges<'a> {
    pub(super) work: Vec<Bridging<'a>>,
    /// The source of each.
    sources: Vec<&'a str>,
}

impl Execution<'_> {
    /// Looks up the groups of the rows of a star; `None` if this load does not read what its bridges are made of.
    pub(super) async fn bridges<'a>(
        &'a self,
        star: &'a Star,
        conformed: &'a BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &Built,
    ) -> Result<Option<Bridges<'a>>> {
        let mut bridges = Bridges::default();
        for bridge in &star.bridges {
            let Some(fed) = self.fed(&bridge.entity, conformed) else {
                return Ok(None);
            };
            let none = MemberIndex::empty();
            let members = built.members.get(&bridge.dimension).unwrap_or(&none);
            let work = Bridging::new(bridge, &fed.rows.rows, members, self.share_room());
            let mut work = work.map_err(Error::arrow(doing(bridge)))?;
            self.known_groups(&mut work, base).await?;
            bridges.sources.push(&fed.source.name);
            bridges.work.push(work);
        }
        Ok(Some(bridges))
    }

    /// Reads the groups that are published, and the keys that were issued.
    async fn known_groups(
        &self,
        work: &mut Bridging<'_>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<()> {
        let bridge = work.bridge();
        if let Some(table) = base.and_then(|base| base.table(&bridge.table())) {
            let scan = TableScan {
                warehouse: self.warehouse,
                table,
            };
            let mut groups = pin!(scan.groups(&[]));
            while let Some(group) = groups.try_next().await? {
                let read = work.read_published(&group.rows);
                read.map_err(Error::arrow(doing(bridge)))?;
            }
        }
        if let Some(scan) = self.map_of_keys(&bridge.map_table(), base) {
            let mut groups = pin!(scan.groups(&[]));
            while let Some(group) = groups.try_next().await? {
                let read = work.read_map(&group.rows);
                read.map_err(Error::arrow(doing(bridge)))?;
            }
        }
        Ok(())
    }

    /// The rows of a star with the keys of their groups.
    pub(super) fn with_groups(
        &self,
        bridges: &mut Bridges<'_>,
        rows: RecordBatch,
        built: &Built,
    ) -> Result<RecordBatch> {
        if bridges.work.is_empty() {
            return Ok(rows);
        }
        let none = MemberIndex::empty();
        let mut columns = Vec::with_capacity(bridges.work.len());
        for work in &mut bridges.work {
            let bridge = work.bridge();
            let members = built.members.get(&bridge.dimension).unwrap_or(&none);
            let keys = work.keys(&rows, members, self.model.zone());
            columns.push((bridge, keys.map_err(Error::arrow(doing(bridge)))?));
        }
        with_groups(&rows, columns).map_err(Error::arrow("adding the groups of bridges"))
    }

    /// Makes the tables of the groups that the facts have, in the order of the star's bridges.
    pub(super) fn bridge_tables(
        &self,
        bridges: Bridges<'_>,
        used: &[KeySet],
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Vec<Balance>> {
        let mut balances = Vec::new();
        let work = bridges.work.into_iter().zip(bridges.sources);
        for ((work, source), used) in work.zip(used) {
            let bridge = work.bridge();
            let none = MemberIndex::empty();
            let members = built.members.get(&bridge.dimension).unwrap_or(&none);
            let next = work.finish(used, members, (source, built.audit_key));
            let next = next.map_err(Error::arrow(doing(bridge)))?;
            balances.push(Balance {
                excluded: next.excluded.values().sum(),
                excluded_by: next.excluded,
                ..Balance::of_tally(Stage::Bridge, &bridge.name, &next.tally, &next.rejects)
            });
            for notice in &next.notices {
                tracing::warn!("{notice}");
            }
            built.notices.extend(next.notices);
            built.reject(Stage::Bridge, &bridge.name, next.rejects);
            let published = base.and_then(|base| base.table(&bridge.table()));
            let changed = published.is_none() || next.tally.has_changes();
            for (name, rows, tally) in [
                (bridge.table(), next.table, next.tally),
                (
                    bridge.map_table(),
                    next.map,
                    crate::dimension::Tally::default(),
                ),
            ] {
                built.tables.push(NextTable {
                    name,
                    schema: rows.schema(),
                    kept: Vec::new(),
                    edits: None,
                    rows: NextRows::Spooled(rows),
                    sorted_by: vec![bridge.group_column()],
                    tally,
                    changed,
                });
            }
        }
        Ok(balances)
    }
}

fn doing(bridge: &Bridge) -> String {
    format!("building {}", bridge.table())
}
