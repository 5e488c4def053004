//! Looks up members by keys that are published: the version that a member had at another instant, under the keys of today.

use std::collections::HashSet;

use super::{MemberIndex, Members};

/// An index of members that is asked by surrogate keys. A key that this load retired stands for the member of its heir.
pub(crate) struct ByKey<'i> {
    members: &'i Members,
    /// Members that stood for others before, which do not stand behind them any more.
    parted: HashSet<u32>,
}

impl MemberIndex {
    /// The index by its keys; `None` if every member has one version, nobody was parted and no key was retired, so that no key
    /// is another today.
    pub(crate) fn by_key(&self) -> Option<ByKey<'_>> {
        let Self::Members(members) = self else {
            return None;
        };
        let has_parted = members.aliases.parted().next().is_some();
        if !members.has_history() && members.moved.is_empty() && !has_parted {
            return None;
        }
        let parted = members.aliases.parted();
        Some(ByKey {
            members,
            parted: parted.filter_map(|id| members.find(id)).collect(),
        })
    }
}

impl ByKey<'_> {
    /// The key itself, or the heir of one that was retired.
    pub(crate) fn heir(&self, key: i32) -> i32 {
        self.members.moved.get(&key).copied().unwrap_or(key)
    }

    /// The key that the member of a key has at an instant, the last one where none is given; `None` for keys of nobody.
    pub(crate) fn version(&self, key: i32, at: Option<i64>) -> Option<i32> {
        Some(self.members.version(self.member(key)?, at))
    }

    /// True if the member of a key has the same version at both instants and in between.
    pub(crate) fn is_one_version(&self, key: i32, span: (i64, i64)) -> bool {
        let versions = self.member(key).map(|it| self.members.count(it, span));
        versions.is_none_or(|versions| versions == 1)
    }

    /// True if a row with a key may be of a member that stood behind this one and no longer does.
    pub(crate) fn is_parted(&self, key: i32) -> bool {
        !self.parted.is_empty() && self.member(key).is_some_and(|it| self.parted.contains(&it))
    }

    /// When the version of a key ends; `None` for keys of nobody and those that were retired.
    pub(crate) fn end(&self, key: i32) -> Option<i64> {
        self.members.end(self.members.of_key(key)?, key)
    }

    fn member(&self, key: i32) -> Option<u32> {
        self.members.of_key(self.heir(key))
    }
}
