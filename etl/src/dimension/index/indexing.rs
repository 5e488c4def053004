//! Gathers the versions of an index in memory as long as there is room for them, and in files beyond it.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use planisphere_schemas::model::Dimension;

use crate::dealt::Dealing;
use crate::dimension::aliases::Aliases;
use crate::error::{Error, Result};
use crate::spool::{Lease, Memory};

use super::filed::{Filed, Unread};
use super::filing::Filing;
use super::members::{Members, Store};
use super::{BYTES_OF_MEMBER, MemberIndex, MembersBuilder};

/// Versions that are written at a time once there is no more room.
const SOME: usize = 65_536;

/// What the indexes of a load may keep in memory.
#[derive(Debug, Clone)]
pub(crate) struct IndexRoom {
    /// What is left for versions.
    versions: Memory,
    /// What is left for what is on its way into files.
    rows: Memory,
    /// Bytes that may wait even if there is none left.
    least: usize,
    pub(super) unread: Unread,
}

impl IndexRoom {
    /// So many bytes for the versions of all indexes; what is on its way shares memory with other rows.
    pub(crate) fn new(bytes: usize, rows: &Memory) -> Self {
        Self {
            versions: Memory::new(bytes),
            rows: rows.clone(),
            least: bytes / 8,
            unread: Unread::default(),
        }
    }

    /// What was looked up is right.
    ///
    /// # Errors
    /// If the file of any index could not be read.
    pub(crate) fn check(&self) -> Result<()> {
        let doing = "reading the index of members from a temporary file";
        self.unread.check().map_err(Error::arrow(doing))
    }

    pub(super) fn dealing(&self, schema: SchemaRef) -> Dealing {
        Dealing::new(schema, &self.rows, self.least)
    }
}

/// What rows of a dimension table tell an index.
pub(super) struct VersionRows<'r> {
    pub(super) ids: &'r StringArray,
    /// From when each version holds, in microseconds.
    pub(super) from: &'r [i64],
    pub(super) keys: &'r [i32],
}

impl<'r> VersionRows<'r> {
    /// None if the rows are of no table with versions.
    pub(super) fn of(dimension: &Dimension, rows: &'r RecordBatch) -> Option<Self> {
        let column = |name: &str| rows.column_by_name(name);
        let from = column("valid_from")?.as_primitive::<TimestampMicrosecondType>();
        let keys = column(&dimension.key_column())?.as_primitive::<Int32Type>();
        Some(Self {
            ids: column(&dimension.id_column())?.as_string(),
            from: from.values(),
            keys: keys.values(),
        })
    }
}

/// An index while it is made.
pub(crate) struct Indexing {
    room: IndexRoom,
    /// What the versions take of the memory, and for how many that is enough.
    lease: Lease,
    enough_for: usize,
    versions: Versions,
}

enum Versions {
    Held(MembersBuilder),
    Filed {
        filing: Filing,
        /// Those that were there when this was asked for.
        known: Option<Filed>,
    },
}

impl Indexing {
    /// For the versions of a table with so many rows, and for more.
    pub(crate) fn new(room: &IndexRoom, rows: usize) -> Self {
        let mut lease = room.versions.lease();
        let fits = lease.grow(rows.saturating_mul(BYTES_OF_MEMBER));
        let versions = match fits {
            true => Versions::Held(MembersBuilder::with_capacity(rows)),
            false => Versions::of(room, MembersBuilder::default().seed()),
        };
        Self {
            room: room.clone(),
            lease,
            enough_for: if fits { rows } else { 0 },
            versions,
        }
    }

    /// Adds the versions of some rows of the dimension table, but for special members.
    ///
    /// # Errors
    /// If a temporary file cannot be made or written.
    pub(crate) fn add(
        &mut self,
        dimension: &Dimension,
        rows: &RecordBatch,
    ) -> Result<(), ArrowError> {
        self.make_room(rows.num_rows())?;
        let filing = match &mut self.versions {
            Versions::Held(members) => {
                members.add(dimension, rows);
                return Ok(());
            }
            Versions::Filed { filing, .. } => filing,
        };
        match VersionRows::of(dimension, rows) {
            Some(versions) => filing.add(versions.ids, versions.from, versions.keys),
            None => Ok(()),
        }
    }

    /// Leaves memory if there is none for so many more.
    fn make_room(&mut self, more: usize) -> Result<(), ArrowError> {
        let Versions::Held(members) = &mut self.versions else {
            return Ok(());
        };
        let missing = (members.len() + more).saturating_sub(self.enough_for);
        if missing == 0 {
            return Ok(());
        }
        let mut steps = [missing.max(self.enough_for / 4), missing].into_iter();
        let step = steps.find(|step| self.lease.grow(step.saturating_mul(BYTES_OF_MEMBER)));
        if let Some(step) = step {
            self.enough_for += step;
            return Ok(());
        }
        let members = std::mem::take(members);
        self.versions = Versions::of(&self.room, members.seed());
        if let Versions::Filed { filing, .. } = &mut self.versions {
            members.each(SOME, |some| filing.push(some))?;
        }
        self.lease = self.room.versions.lease();
        Ok(())
    }

    /// Makes those who were added by now known to [`know`](Self::know).
    ///
    /// # Errors
    /// If a temporary file cannot be made or written.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if let Versions::Filed { filing, known } = &mut self.versions {
            *known = Some(filing.so_far()?);
        }
        Ok(())
    }

    /// For each of some ids whether it is that of a member who was added before it was [`settle`](Self::settle)d.
    pub(crate) fn know(&self, ids: &StringArray) -> Vec<bool> {
        match &self.versions {
            Versions::Held(members) => members.know(ids),
            Versions::Filed { known, .. } => match known {
                Some(known) => known.find_all(ids).iter().map(Option::is_some).collect(),
                None => vec![false; ids.len()],
            },
        }
    }

    /// Takes versions away by their keys.
    ///
    /// # Errors
    /// If a temporary file cannot be made or written.
    pub(crate) fn remove(&mut self, keys: &HashSet<i32>) -> Result<(), ArrowError> {
        match &mut self.versions {
            Versions::Held(members) => members.remove(keys),
            Versions::Filed { filing, known } => {
                *known = None;
                filing.remove(keys)?;
            }
        }
        Ok(())
    }

    /// The index of what was added.
    ///
    /// # Errors
    /// If a temporary file cannot be made, written or read.
    pub(crate) fn build(self, aliases: Aliases, moved: HashMap<i32, i32>) -> Result<MemberIndex> {
        let mut filing = match self.versions {
            Versions::Filed { filing, .. } => filing,
            Versions::Held(members) => {
                let mut index = members.build(aliases, moved);
                if let MemberIndex::Members(members) = &mut index {
                    members.lease = Some(self.lease);
                }
                return Ok(index);
            }
        };
        Ok(MemberIndex::Members(Box::new(Members {
            store: Store::Filed(Box::new(filing.so_far()?)),
            aliases,
            moved,
            lease: None,
        })))
    }
}

impl Versions {
    fn of(room: &IndexRoom, seed: u64) -> Self {
        Self::Filed {
            filing: Filing::new(room, seed),
            known: None,
        }
    }
}
