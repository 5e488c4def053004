//! The tables and the index of a dimension as they are after a load.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::dimension::{
    self, Aliases, Bulk, DimensionBuild, Doubts, Indexing, MiniIndex, Tally, changes_schema,
    changes_table, map_schema, map_table,
};
use crate::error::{Error, Result};
use crate::load::build::{NextRows, NextTable};
use crate::reject::Rejecting;
use crate::spool::Spool;
use crate::warehouse::Place;

use super::gathered::{Gathered, Gathering, MemberRows, Of};
use super::recognise::FROM;
use super::{DimensionLoad, Outcome};

/// Rows of so many keys that were issued before and come back are sorted at a time, where these are few.
pub(super) const KEYS: usize = 65_536;

/// Takes what a load makes of members, share by share.
pub(super) struct Building {
    table: Gathering,
    map: Gathering,
    changes: Spool,
    all_changes: bool,
    doubts: Doubts,
    aliases: Aliases,
    moved: HashMap<i32, i32>,
    tally: Tally,
    rejects: Rejecting,
    dimension: String,
    doing: String,
}

impl Building {
    /// Takes what becomes of a share, with the places of published rows of the table and of the key map by their keys.
    pub(super) fn add(
        &mut self,
        build: DimensionBuild,
        (table, map): (&HashMap<i32, Place>, &HashMap<i32, Place>),
    ) -> Result<()> {
        if build.issued.is_exhausted() {
            return Err(Error::KeysExhausted {
                dimension: self.dimension.clone(),
            });
        }
        let doing = Error::arrow(self.doing.clone());
        let taken = self.table.add(&build.table, table);
        let taken = taken.and_then(|()| self.map.add(&build.map, map));
        let taken = taken.and_then(|()| self.changes.push(build.changes));
        let taken = taken.and_then(|()| self.rejects.add(build.rejects));
        taken.map_err(doing)?;
        self.all_changes |= build.all_changes;
        self.doubts.add(&build.doubts);
        self.aliases.extend(build.aliases);
        self.moved.extend(build.moved);
        self.tally.add(&build.tally);
        Ok(())
    }

    /// All of it, with the new members without a past.
    pub(super) fn finish(self, bulk: Bulk) -> Result<Outcome> {
        let doing = || Error::arrow(self.doing.clone());
        Ok(Outcome {
            table: self.table.finish().map_err(doing())?,
            map: self.map.finish().map_err(doing())?,
            changes: self.changes.finish().map_err(doing())?,
            all_changes: self.all_changes,
            doubts: self.doubts,
            bulk: Arc::new(bulk),
            aliases: self.aliases,
            moved: self.moved,
            tally: self.tally,
            rejects: self.rejects.finish().map_err(doing())?,
            members: None,
            is_whole: false,
        })
    }
}

impl DimensionLoad<'_> {
    /// Nothing is made of any member yet; keys up to one were issued before any share, and rows of so many of them are sorted
    /// at a time.
    pub(super) fn building(&self, issued: i32, sorted: usize) -> Building {
        let dimension = self.origin.dimension;
        let (memory, least) = (self.memory(), self.least());
        let gathering = |schema| Gathering::new(&schema, (memory, least), (issued, sorted));
        Building {
            table: gathering(dimension::arrow_schema(dimension)),
            map: gathering(map_schema(dimension)),
            changes: Spool::new(changes_schema(dimension), memory),
            all_changes: false,
            doubts: Doubts::default(),
            aliases: Aliases::default(),
            moved: HashMap::new(),
            tally: Tally::default(),
            rejects: Rejecting::new(memory),
            dimension: dimension.name.clone(),
            doing: format!("building dimension '{}'", dimension.name),
        }
    }

    /// No member yet, and room for those that are published.
    pub(super) fn indexing(&self) -> Indexing {
        let published = self.published.map(|it| self.scan(it.table).num_rows());
        Indexing::new(&self.execution.indexes, published.unwrap_or(0))
    }

    /// The versions that are published, unless the table is written anew.
    async fn published_members(&self, is_whole: bool) -> Result<Indexing> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let mut members = self.indexing();
        if let Some(published) = self.published.filter(|_| !is_whole) {
            let (id, key) = (dimension.id_column(), dimension.key_column());
            let columns = [key.as_str(), id.as_str(), FROM];
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                members.add(dimension, &group.rows).map_err(doing())?;
            }
        }
        Ok(members)
    }

    /// Indexes the members as they are after the load.
    pub(super) async fn index(&self, outcome: &mut Outcome) -> Result<dimension::MemberIndex> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let mut members = match outcome.members.take() {
            Some(members) => members,
            None => self.published_members(outcome.is_whole).await?,
        };
        members.remove(&outcome.table.removed).map_err(doing())?;
        // the key map says of new members without a past all that is needed
        for rows in outcome.bulk.map().chain(outcome.table.added.batches()) {
            let added = rows.and_then(|rows| members.add(dimension, &rows));
            added.map_err(doing())?;
        }
        members.build(outcome.aliases.clone(), outcome.moved.clone())
    }

    /// Tells the mini-dimensions of the dimension which of its keys are whose, for rows that only stand as they were.
    pub(super) async fn own(
        &self,
        outcome: &Outcome,
        minis: &mut BTreeMap<String, MiniIndex>,
    ) -> Result<()> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let Some(published) = self.published else {
            return Ok(());
        };
        for name in dimension.minis() {
            let Some(mini) = minis.get_mut(name) else {
                continue;
            };
            let (id, key) = (dimension.id_column(), dimension.key_column());
            let columns = [key.as_str(), id.as_str()];
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                mini.own(dimension, &group.rows);
            }
            for rows in outcome.bulk.map().chain(outcome.table.added.batches()) {
                mini.own(dimension, &rows.map_err(doing())?);
            }
        }
        Ok(())
    }

    /// The tables as they shall be.
    pub(super) fn tables(&self, outcome: Outcome) -> [NextTable; 3] {
        let dimension = self.origin.dimension;
        let is_anew = self.published.is_none() || outcome.is_whole;
        let key = dimension.key_column();
        let kept = |table: Option<&PinnedTable>| {
            let table = table.filter(|_| !outcome.is_whole);
            table
                .map(|table| table.files().to_vec())
                .unwrap_or_default()
        };
        let next = |name: String, gathered: Gathered, of: Of, published, tally| {
            let schema = gathered.added.schema.clone();
            let rows = MemberRows::new(gathered.added, &outcome.bulk, of);
            NextTable {
                name,
                schema,
                kept: kept(published),
                changed: is_anew || rows.num_rows() > 0 || !gathered.edits.is_empty(),
                edits: Some(gathered.edits),
                rows: NextRows::Members(Box::new(rows)),
                sorted_by: vec![key.clone()],
                tally,
            }
        };
        let published = self.published;
        let (name, of) = (dimension.table(), published.map(|it| it.table));
        let table = next(name, outcome.table, Of::Table, of, outcome.tally);
        let (name, of) = (map_table(dimension), published.map(|it| it.map));
        let map = next(name, outcome.map, Of::Map, of, Tally::default());
        let of = published.and_then(|published| published.changes);
        let of = of.filter(|_| !outcome.all_changes);
        let changes = NextTable {
            name: changes_table(dimension),
            schema: outcome.changes.schema(),
            kept: of.map(|table| table.files().to_vec()).unwrap_or_default(),
            changed: of.is_none() || outcome.changes.num_rows() > 0,
            edits: None,
            rows: NextRows::Spooled(outcome.changes),
            sorted_by: Vec::new(),
            tally: Tally::default(),
        };
        [changes, table, map]
    }
}
