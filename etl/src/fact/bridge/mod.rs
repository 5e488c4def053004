//! Bridges of a star: the group of members that each fact has, with weights that sum to 1.
//!
//! ```text
//! rows of the bridge's entity ──► members and shares of each fact ──► group = versions at the fact's day, with weights
//! groups of the facts that there are ──► bridge_<name>, and map_bridge_<name> with every key that was ever issued
//! ```
//!
//! Facts with the same members, in the same versions, with the same weights share a group. The table holds the groups that facts
//! have, and no others, so that it is the same in whatever order things came. Pure: Arrow in, Arrow out.

mod groups;
mod links;
mod shares;
mod table;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{Bridge, SpecialMember, Star};

use crate::dimension::{MemberIndex, Tally};
use crate::problems::Destination;
use crate::reject::Reject;

use self::groups::{Group, Groups};
use self::links::Links;
use super::fresh::{instants, row_ids};
use super::milestones::with_columns;

/// The column beside the conformed ones with the keys of groups.
pub(super) fn group_column(bridge: &Bridge) -> String {
    format!("_group_{}", bridge.name)
}

/// One bridge at work.
pub(crate) struct Bridging<'a> {
    bridge: &'a Bridge,
    links: Links<'a>,
    groups: Mutex<Groups>,
    /// The groups that are published, with the loads that wrote them.
    published: HashMap<i32, i64>,
}

/// A bridge after a load.
pub(crate) struct BridgeBuild {
    /// The whole table.
    pub(crate) table: RecordBatch,
    /// Every key that was ever issued.
    pub(crate) map: RecordBatch,
    /// What happened to the rows of the entity and of the table.
    pub(crate) tally: Tally,
    /// Rows of the entity that are left out, by rule.
    pub(crate) excluded: BTreeMap<String, u64>,
    /// Rows rejected here.
    pub(crate) rejects: Vec<Reject>,
    /// What the operator should know.
    pub(crate) notices: Vec<String>,
}

impl<'a> Bridging<'a> {
    /// Reads the rows of the entity, and the published table and key map.
    pub(crate) fn new(
        bridge: &'a Bridge,
        rows: RecordBatch,
        members: &MemberIndex,
        (published, map): (Option<&RecordBatch>, Option<&RecordBatch>),
    ) -> Result<Self, ArrowError> {
        let published = published.map(table::audits).unwrap_or_default();
        Ok(Self {
            bridge,
            links: Links::read(bridge, rows, members)?,
            groups: Mutex::new(Groups::read(bridge, map)),
            published,
        })
    }

    /// The key of the group in the place of another one, whose members have other keys.
    pub(super) fn replaced(&self, key: i32, member: impl Fn(i32) -> i32) -> i32 {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let heir = groups.get(key).and_then(|group| group.replaced(member));
        heir.map_or(key, |heir| groups.issue(&heir))
    }

    /// The bridge.
    pub(crate) fn bridge(&self) -> &'a Bridge {
        self.bridge
    }

    /// The members of a group.
    pub(super) fn members(&self, key: i32) -> Vec<i32> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let members = groups.get(key).map(Group::members).unwrap_or_default();
        members.iter().map(|(key, _)| *key).collect()
    }

    /// The key of the group of each row of a star.
    pub(crate) fn keys(
        &mut self,
        rows: &RecordBatch,
        members: &MemberIndex,
        zone: Tz,
    ) -> Result<ArrayRef, ArrowError> {
        let (facts, keys) = self.issue(&self.links, rows, members, zone)?;
        for (fact, key) in facts.iter().zip(&keys) {
            if let Some(fact) = fact {
                self.links.found(fact, *key);
            }
        }
        Ok(Arc::new(Int32Array::from(keys)))
    }

    /// The key of the group that each row of a star had by other rows of the entity.
    pub(crate) fn keys_by(
        &self,
        links: RecordBatch,
        rows: &RecordBatch,
        members: &MemberIndex,
        zone: Tz,
    ) -> Result<ArrayRef, ArrowError> {
        let links = Links::read(self.bridge, links, members)?;
        let (_, keys) = self.issue(&links, rows, members, zone)?;
        Ok(Arc::new(Int32Array::from(keys)))
    }

    /// The ids by which the entity knows rows of a star, and the keys of their groups.
    fn issue(
        &self,
        links: &Links<'_>,
        rows: &RecordBatch,
        members: &MemberIndex,
        zone: Tz,
    ) -> Result<(StringArray, Vec<i32>), ArrowError> {
        let column = |name: &String| -> Result<ArrayRef, ArrowError> {
            Ok(Arc::clone(rows.column(rows.schema().index_of(name)?)))
        };
        let by = self.bridge.by.iter().map(column);
        let facts = row_ids(by.collect::<Result<_, _>>()?)?;
        let at = match &self.bridge.as_of {
            Some(as_of) => instants(&column(as_of)?, zone)?,
            None => vec![None; rows.num_rows()],
        };
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = facts.iter().zip(at).map(|(fact, at)| {
            let Some(shares) = fact.and_then(|fact| links.shares(fact)) else {
                return SpecialMember::NotGiven.key();
            };
            let versions = shares.iter();
            let versions = versions.map(|(id, share)| (members.member(Some(id), at), *share));
            groups.issue(&Group::of(versions))
        });
        let keys = keys.collect();
        Ok((facts, keys))
    }

    /// The table of the groups that facts have, and what became of the rows of the entity.
    pub(crate) fn finish(
        self,
        used: &HashSet<i32>,
        (source, audit_key): (&str, i64),
    ) -> Result<BridgeBuild, ArrowError> {
        let groups = self.groups.into_inner();
        let groups = groups.unwrap_or_else(PoisonError::into_inner);
        let used: HashSet<i32> = used.iter().copied().filter(|key| *key > 0).collect();
        let is_new = |key: &&i32| !self.published.contains_key(*key);
        let gone = self.published.keys().filter(|key| **key > 0);
        let gone = gone.filter(|key| !used.contains(*key)).count() as u64;
        let new = used.iter().filter(is_new).count() as u64;
        let destination = Destination {
            source,
            stage: "bridge",
            object: &self.bridge.name,
        };
        let outcome = self.links.outcome(&destination, &used, &self.published)?;
        let table = table::rows(self.bridge, &groups, (&used, &self.published), audit_key)?;
        let tally = Tally {
            inserted: new + if self.published.is_empty() { 4 } else { 0 },
            retired: gone,
            deleted: gone.saturating_sub(new),
            standing: self.published.keys().filter(|key| **key > 0).count() as u64,
            ..outcome.tally
        };
        Ok(BridgeBuild {
            table,
            map: groups.map(self.bridge, &used)?,
            tally,
            excluded: outcome.excluded,
            rejects: outcome.rejects,
            notices: outcome.notices,
        })
    }
}

/// Rows of a star with the keys of their groups.
pub(crate) fn with_groups(
    rows: &RecordBatch,
    keys: Vec<(&Bridge, ArrayRef)>,
) -> Result<RecordBatch, ArrowError> {
    let columns = keys.into_iter();
    let columns = columns.map(|(bridge, keys)| (group_column(bridge), keys));
    with_columns(rows, columns.collect())
}

/// Adds the groups that rows of a fact table have, for each bridge of the star.
pub(crate) fn groups_in(star: &Star, rows: &RecordBatch, used: &mut [HashSet<i32>]) {
    for (bridge, used) in star.bridges.iter().zip(used) {
        if let Some(keys) = rows.column_by_name(&bridge.group_column()) {
            used.extend(keys.as_primitive::<Int32Type>().values());
        }
    }
}
