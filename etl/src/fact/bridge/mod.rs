//! Bridges of a star: the group of members that each fact has, with weights that sum to 1.
//!
//! ```text
//! rows of the bridge's entity ──► members and shares of each fact ──► group = versions at the fact's day, with weights
//! groups of the facts that there are ──► bridge_<name>, and map_bridge_<name> with every key that was ever issued
//! ```
//! In memory lies a bit a group; rows, groups and keys for which there is no room lie in temporary files.
//!
//! Facts with the same members, in the same versions, with the same weights share a group. The table holds the groups that facts
//! have, and no others, so that it is the same in whatever order things came.

mod dealt_links;
mod groups;
mod keys;
mod links;
mod shares;
mod table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{Bridge, SpecialMember, Star};

use crate::dimension::{MemberIndex, Tally};
use crate::fact::shares::ShareRoom;
use crate::problems::Destination;
use crate::reject::Rejects;
use crate::spool::Spooled;

use self::dealt_links::Found;
use self::groups::{Group, Groups};
use self::table::Published;
use super::fresh::row_ids;
use super::milestones::with_columns;
use crate::moments::instants;

pub(crate) use self::dealt_links::DealtLinks;
pub(crate) use self::keys::KeySet;

/// The column beside the conformed ones with the keys of groups.
pub(super) fn group_column(bridge: &Bridge) -> String {
    format!("_group_{}", bridge.name)
}

/// One bridge at work.
pub(crate) struct Bridging<'a> {
    bridge: &'a Bridge,
    room: ShareRoom,
    links: DealtLinks,
    found: Found,
    groups: Mutex<Groups>,
    published: Published,
}

/// A bridge after a load.
pub(crate) struct BridgeBuild {
    /// The whole table.
    pub(crate) table: Spooled,
    /// Every key that was ever issued.
    pub(crate) map: Spooled,
    /// What happened to the rows of the entity and of the table.
    pub(crate) tally: Tally,
    /// Rows of the entity that are left out, by rule.
    pub(crate) excluded: BTreeMap<String, u64>,
    /// Rows rejected here.
    pub(crate) rejects: Rejects,
    /// What the operator should know.
    pub(crate) notices: Vec<String>,
}

impl<'a> Bridging<'a> {
    /// Reads the rows of the entity.
    pub(crate) fn new(
        bridge: &'a Bridge,
        rows: &Spooled,
        members: &MemberIndex,
        room: ShareRoom,
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            bridge,
            links: DealtLinks::read(bridge, rows, members, &room)?,
            found: DealtLinks::found(&room),
            groups: Mutex::new(Groups::new(&room)),
            published: Published::none(&room),
            room,
        })
    }

    /// Reads rows of the published table.
    pub(crate) fn read_published(&mut self, rows: &RecordBatch) -> Result<(), ArrowError> {
        self.published.read(rows)
    }

    /// Reads rows of the key map.
    pub(crate) fn read_map(&mut self, rows: &RecordBatch) -> Result<(), ArrowError> {
        let groups = self.groups.get_mut();
        let groups = groups.unwrap_or_else(PoisonError::into_inner);
        groups.read(self.bridge, rows)
    }

    /// Other rows of the entity.
    pub(crate) fn links(
        &self,
        rows: &Spooled,
        members: &MemberIndex,
    ) -> Result<DealtLinks, ArrowError> {
        DealtLinks::read(self.bridge, rows, members, &self.room)
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of the group in the place of another one, whose members have other keys.
    pub(super) fn replaced(
        &self,
        key: i32,
        member: impl Fn(i32) -> i32,
    ) -> Result<i32, ArrowError> {
        let mut groups = self.groups();
        let heir = groups.get(key)?.and_then(|group| group.replaced(member));
        heir.map_or(Ok(key), |heir| groups.issue(&heir))
    }

    /// The bridge.
    pub(crate) fn bridge(&self) -> &'a Bridge {
        self.bridge
    }

    /// The members of a group.
    pub(super) fn members(&self, key: i32) -> Result<Vec<i32>, ArrowError> {
        let group = self.groups().get(key)?;
        let members = group.iter().flat_map(Group::members);
        Ok(members.map(|(key, _)| *key).collect())
    }

    /// The key of the group of each row of a star.
    pub(crate) fn keys(
        &mut self,
        rows: &RecordBatch,
        members: &MemberIndex,
        zone: Tz,
    ) -> Result<ArrayRef, ArrowError> {
        let (facts, keys) = self.issue(&self.links, rows, members, zone)?;
        self.links.find(&mut self.found, &facts, &keys)?;
        Ok(Arc::new(Int32Array::from(keys)))
    }

    /// The key of the group that each row of a star had by other rows of the entity.
    pub(crate) fn keys_by(
        &self,
        links: &DealtLinks,
        rows: &RecordBatch,
        members: &MemberIndex,
        zone: Tz,
    ) -> Result<ArrayRef, ArrowError> {
        let (_, keys) = self.issue(links, rows, members, zone)?;
        Ok(Arc::new(Int32Array::from(keys)))
    }

    /// The ids by which the entity knows rows of a star, and the keys of their groups.
    fn issue(
        &self,
        links: &DealtLinks,
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
        let mut groups = self.groups();
        let mut keys = Vec::with_capacity(rows.num_rows());
        for (fact, at) in facts.iter().zip(at) {
            let shares = match fact {
                Some(fact) => links.shares(fact)?,
                None => None,
            };
            keys.push(match shares {
                Some(shares) => {
                    let versions = shares.iter();
                    let versions =
                        versions.map(|(id, share)| (members.member(Some(id), at), *share));
                    groups.issue(&Group::of(versions))?
                }
                None => SpecialMember::NotGiven.key(),
            });
        }
        drop(groups);
        Ok((facts, keys))
    }

    /// The table of the groups that facts have, and what became of the rows of the entity.
    pub(crate) fn finish(
        self,
        used: &KeySet,
        members: &MemberIndex,
        (source, audit_key): (&str, i64),
    ) -> Result<BridgeBuild, ArrowError> {
        let groups = self.groups.into_inner();
        let groups = groups.unwrap_or_else(PoisonError::into_inner);
        let destination = Destination {
            source,
            stage: "bridge",
            object: &self.bridge.name,
        };
        let (published, memory) = (&self.published, &self.room.memory);
        let standing = (used, &published.keys);
        let by = (self.bridge, members);
        let links = self.links;
        let outcome = links.outcome(by, &destination, self.found, standing, memory)?;
        let audits = (audit_key, memory);
        let table = table::rows(self.bridge, &groups, (used, published), audits)?;
        let new = used.without(&published.keys);
        let gone = published.keys.without(used);
        let tally = Tally {
            inserted: new + if published.any { 0 } else { 4 },
            retired: gone,
            deleted: gone.saturating_sub(new),
            standing: published.keys.len(),
            ..outcome.tally
        };
        Ok(BridgeBuild {
            table,
            map: groups.map(self.bridge, used, memory)?,
            tally,
            notices: outcome.notices(self.bridge),
            excluded: outcome.excluded,
            rejects: outcome.rejects.finish()?,
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
pub(crate) fn groups_in(star: &Star, rows: &RecordBatch, used: &mut [KeySet]) {
    for (bridge, used) in star.bridges.iter().zip(used) {
        if let Some(keys) = rows.column_by_name(&bridge.group_column()) {
            used.add(keys.as_primitive::<Int32Type>().values());
        }
    }
}
