//! The bridges of a star: groups are looked up before it is built, tables are made of the groups that its facts have then.

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;
use planisphere_schemas::model::{Bridge, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::MemberIndex;
use crate::error::{Error, Result};
use crate::fact::{Bridging, with_groups};

use super::balance::{Balance, Stage};
use super::build::{Built, NextTable};
use super::execute::Execution;
use super::published::read_table;

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
            let published = match base.and_then(|base| base.table(&bridge.table())) {
                Some(table) => Some(read_table(self.warehouse, table).await?),
                None => None,
            };
            let map = self.issued_keys(&bridge.map_table(), base).await?;
            let known = (published.as_ref(), map.as_ref());
            let rows = fed.rows.rows.whole();
            let rows = rows.map_err(Error::arrow(doing(bridge)))?;
            let work = match built.members.get(&bridge.dimension) {
                Some(members) => Bridging::new(bridge, rows, members, known),
                None => Bridging::new(bridge, rows, &MemberIndex::empty(), known),
            };
            let work = work.map_err(Error::arrow(doing(bridge)))?;
            bridges.sources.push(&fed.source.name);
            bridges.work.push(work);
        }
        Ok(Some(bridges))
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
        used: &[HashSet<i32>],
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Vec<Balance>> {
        let mut balances = Vec::new();
        let work = bridges.work.into_iter().zip(bridges.sources);
        for ((work, source), used) in work.zip(used) {
            let bridge = work.bridge();
            let next = work.finish(used, (source, built.audit_key));
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
            built.rejects.extend(next.rejects);
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
                let sorted_by = vec![bridge.group_column()];
                let table = NextTable::whole(name, rows, sorted_by, tally, changed);
                built.tables.push(table);
            }
        }
        Ok(balances)
    }
}

fn doing(bridge: &Bridge) -> String {
    format!("building {}", bridge.table())
}
