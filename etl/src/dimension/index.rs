//! Looks up surrogate keys: by business id and instant, or by day.

mod by_key;
mod filed;
mod filing;
mod indexing;
mod members;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use planisphere_schemas::model::{Dimension, DimensionKind, SpecialMember, TimeOfDaySpec};

use super::aliases::Aliases;
use super::time_of_day::key_of;

pub(crate) use by_key::ByKey;
pub(crate) use indexing::{IndexRoom, Indexing};
pub(crate) use members::{BYTES_OF_MEMBER, Members, MembersBuilder};

/// The versions of every member, ready for look-ups.
pub(crate) enum MemberIndex {
    /// Members of an entity dimension.
    Members(Box<Members>),
    /// The keys of the calendar's first and last day.
    Calendar {
        /// The first key.
        first: i32,
        /// The last key.
        last: i32,
    },
    /// The times of a day.
    TimeOfDay(TimeOfDaySpec),
}

impl MemberIndex {
    /// No member at all.
    pub(crate) fn empty() -> Self {
        MembersBuilder::default().build(Aliases::default(), HashMap::new())
    }

    /// Of which member each of some keys is, by a number of this index; keys of nobody are left out.
    pub(crate) fn numbers(&self, keys: &HashSet<i32>) -> HashMap<i32, usize> {
        let Self::Members(members) = self else {
            return HashMap::new();
        };
        let found = keys.iter().map(|key| (*key, members.of_key(*key)));
        let found = found.filter_map(|(key, member)| Some((key, member? as usize)));
        found.collect()
    }

    /// The business id of the member that stands for another one, or of that one itself.
    pub(crate) fn standing_for<'i>(&'i self, id: &'i str) -> &'i str {
        match self {
            Self::Members(members) => members.aliases.of(id).unwrap_or(id),
            Self::Calendar { .. } | Self::TimeOfDay(_) => id,
        }
    }

    /// Indexes a whole dimension table.
    pub(crate) fn of(dimension: &Dimension, table: &RecordBatch) -> Self {
        if let DimensionKind::TimeOfDay(spec) = &dimension.kind {
            return Self::TimeOfDay(*spec);
        }
        if !dimension.is_calendar() {
            let mut members = MembersBuilder::default();
            members.add(dimension, table);
            return members.build(Aliases::default(), HashMap::new());
        }
        let keys = table
            .column_by_name(&dimension.key_column())
            .map(|column| column.as_primitive::<Int32Type>());
        let days = || keys.iter().flat_map(|keys| keys.iter()).flatten();
        let days = || days().filter(|key| *key > 0);
        Self::Calendar {
            first: days().min().unwrap_or(1),
            last: days().max().unwrap_or(0),
        }
    }

    /// The key of a member at an instant; the current version where no instant is given.
    pub(crate) fn member(&self, id: Option<&str>, at: Option<i64>) -> i32 {
        let Some(id) = id else {
            return SpecialMember::NotGiven.key();
        };
        let Self::Members(members) = self else {
            return SpecialMember::InvalidCode.key();
        };
        match members.member(id) {
            Some(member) => members.version(member, at),
            None => SpecialMember::NotYetArrived.key(),
        }
    }

    /// The keys of members at instants, as [`Self::member`] finds them.
    pub(crate) fn members(&self, ids: &StringArray, at: &[Option<i64>]) -> Vec<i32> {
        let pairs = ids.iter().zip(at);
        let Self::Members(members) = self else {
            return pairs.map(|(id, at)| self.member(id, *at)).collect();
        };
        let is_known = |member: &u32| members.aliases.is_empty() || members.has_version(*member);
        let found = members.find_all(ids).into_iter().zip(at).enumerate();
        let key = |(row, (found, at)): (usize, (Option<u32>, &Option<i64>))| match found
            .filter(is_known)
        {
            Some(member) => members.version(member, *at),
            None if ids.is_null(row) => SpecialMember::NotGiven.key(),
            None if members.aliases.is_empty() => SpecialMember::NotYetArrived.key(),
            None => self.member(Some(ids.value(row)), *at),
        };
        found.map(key).collect()
    }

    /// The number of a member, or of that which stands for it.
    pub(super) fn number(&self, id: &str) -> Option<u32> {
        match self {
            Self::Members(members) => members.member(id),
            Self::Calendar { .. } | Self::TimeOfDay(_) => None,
        }
    }

    /// The key that a member has at an instant, the last one where none is given.
    pub(super) fn version(&self, number: u32, at: Option<i64>) -> Option<i32> {
        match self {
            Self::Members(members) => Some(members.version(number, at)),
            Self::Calendar { .. } | Self::TimeOfDay(_) => None,
        }
    }

    /// The keys that a member had from one instant to another, and when they ended.
    pub(super) fn between(&self, number: u32, span: (i64, i64)) -> Vec<(i32, i64)> {
        match self {
            Self::Members(members) => members.spans(number, span),
            Self::Calendar { .. } | Self::TimeOfDay(_) => Vec::new(),
        }
    }

    /// True if a key stands in the place of one that this load retired.
    pub(super) fn is_heir(&self, key: i32) -> bool {
        match self {
            Self::Members(members) => members.moved.values().any(|heir| *heir == key),
            Self::Calendar { .. } | Self::TimeOfDay(_) => false,
        }
    }

    /// The key in the place of one that was retired by this load.
    pub(crate) fn moved(&self, key: i32) -> Option<i32> {
        match self {
            Self::Members(members) => members.moved.get(&key).copied(),
            Self::Calendar { .. } | Self::TimeOfDay(_) => None,
        }
    }

    /// The key of a time of day, in seconds since midnight.
    pub(crate) fn time(&self, second: Option<u32>) -> i32 {
        match (self, second) {
            (_, None) => SpecialMember::NotGiven.key(),
            (Self::TimeOfDay(spec), Some(second)) => key_of(*spec, second),
            _ => SpecialMember::InvalidCode.key(),
        }
    }

    /// The key of a day; a day outside the calendar is an invalid code.
    pub(crate) fn day(&self, key: Option<i32>) -> i32 {
        match (self, key) {
            (_, None) => SpecialMember::NotGiven.key(),
            (Self::Calendar { first, last }, Some(key)) if (*first..=*last).contains(&key) => key,
            _ => SpecialMember::InvalidCode.key(),
        }
    }
}
