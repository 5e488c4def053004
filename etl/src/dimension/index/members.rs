//! The versions of the members of an entity, in little memory: most members have one, of which the key is all that is needed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use arrow::array::{RecordBatch, StringArray};
use planisphere_schemas::model::{Dimension, SpecialMember};

use super::MemberIndex;
use super::filed::Filed;
use super::filing::Version;
use super::indexing::VersionRows;
use crate::dimension::OPEN_TO;
use crate::dimension::aliases::Aliases;
use crate::dimension::ids::IdIndex;
use crate::spool::Lease;

/// Members by their ids.
pub(crate) struct Members {
    pub(super) store: Store,
    /// The members that were merged into others.
    pub(super) aliases: Aliases,
    /// For each key that was retired that of the version that holds in its place.
    pub(super) moved: HashMap<i32, i32>,
    /// What the versions take of the memory.
    pub(super) lease: Option<Lease>,
}

/// Where the versions are.
pub(super) enum Store {
    Held(Held),
    Filed(Box<Filed>),
}

/// Versions in memory. A member is a number.
pub(super) struct Held {
    pub(super) ids: IdIndex,
    /// For each member the key of its only version, [`NO_KEY`] if it has none, or `!n` for the n-th history.
    of_members: Vec<i32>,
    /// For each history where it begins, and last the end of all; in each of them the versions lie in the order of time, each
    /// ends where the next begins.
    histories: Vec<u32>,
    /// For each version of a history from when it holds, in microseconds.
    from: Vec<i64>,
    keys: Vec<i32>,
    /// For each key its member, once somebody asks by keys.
    of_keys: OnceLock<Vec<u32>>,
}

/// The key of no version.
const NO_KEY: i32 = 0;
/// The member of keys that are of nobody.
const NOBODY: u32 = u32::MAX;

/// Gathers the versions of an index.
#[derive(Default)]
pub(crate) struct MembersBuilder {
    ids: IdIndex,
    /// For each member the key of the version that came first, and from when it holds.
    keys: Vec<i32>,
    from: Vec<i64>,
    /// The other versions.
    others: Vec<(u32, i64, i32)>,
}

/// What a row of a table takes in an index that is made for so many: a slot and a half and a little more, and while it is built
/// a key and an instant.
pub(crate) const BYTES_OF_MEMBER: usize = 38;

impl MembersBuilder {
    /// Room for the versions of a table with so many rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            ids: IdIndex::with_capacity(rows),
            keys: Vec::with_capacity(rows),
            from: Vec::with_capacity(rows),
            others: Vec::new(),
        }
    }

    /// Adds the versions of some rows of the dimension table, but for special members.
    pub(crate) fn add(&mut self, dimension: &Dimension, rows: &RecordBatch) {
        let Some(VersionRows { ids, from, keys }) = VersionRows::of(dimension, rows) else {
            return;
        };
        let is_special = |key: &i32| *key <= 0;
        if !keys.iter().any(is_special) {
            let members = self.ids.add_all(ids);
            for (row, member) in members.into_iter().enumerate() {
                self.version(member, from[row], keys[row]);
            }
            return;
        }
        for row in (0..keys.len()).filter(|row| !is_special(&keys[*row])) {
            let member = self.ids.add(ids.value(row));
            self.version(member, from[row], keys[row]);
        }
    }

    /// Adds a version; members are numbered as they come.
    fn version(&mut self, member: u32, from: i64, key: i32) {
        if member as usize == self.keys.len() {
            self.keys.push(key);
            self.from.push(from);
        } else {
            self.others.push((member, from, key));
        }
    }

    /// For each of some ids whether it is that of a member.
    pub(crate) fn know(&self, ids: &StringArray) -> Vec<bool> {
        let found = self.ids.find_all(ids).into_iter();
        found.map(|found| found.is_some()).collect()
    }

    /// Takes versions away by their keys.
    pub(crate) fn remove(&mut self, keys: &HashSet<i32>) {
        if keys.is_empty() {
            return;
        }
        self.others.retain(|(_, _, key)| !keys.contains(key));
        for key in self.keys.iter_mut().filter(|key| keys.contains(key)) {
            *key = NO_KEY;
        }
    }

    /// The index of what was added.
    pub(crate) fn build(self, aliases: Aliases, moved: HashMap<i32, i32>) -> MemberIndex {
        let Self {
            ids,
            keys: mut of_members,
            from: first_from,
            mut others,
        } = self;
        others.sort_unstable();
        let (mut from, mut keys, mut histories) = (Vec::new(), Vec::new(), vec![0]);
        for others in others.chunk_by(|(a, ..), (b, ..)| a == b) {
            let member = others[0].0 as usize;
            let first = (first_from[member], of_members[member]);
            let first = (first.1 != NO_KEY).then_some(first);
            let others = others.iter().map(|(_, from, key)| (*from, *key));
            let mut versions: Vec<(i64, i32)> = first.into_iter().chain(others).collect();
            versions.sort_unstable();
            if let [(_, key)] = versions.as_slice() {
                of_members[member] = *key;
                continue;
            }
            of_members[member] = !i32::try_from(histories.len() - 1).unwrap_or(i32::MAX);
            from.extend(versions.iter().map(|(from, _)| *from));
            keys.extend(versions.iter().map(|(_, key)| *key));
            histories.push(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        }
        let held = Held {
            ids,
            of_members,
            histories,
            from,
            keys,
            of_keys: OnceLock::new(),
        };
        MemberIndex::Members(Box::new(Members {
            store: Store::Held(held),
            aliases,
            moved,
            lease: None,
        }))
    }

    /// How many versions there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.others.len()
    }

    /// The key of the hashes.
    pub(super) fn seed(&self) -> u64 {
        self.ids.seed()
    }

    /// Tells all versions, so many of them at a time.
    pub(super) fn each<E>(
        mut self,
        some: usize,
        mut tell: impl FnMut(&[Version]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.others.sort_unstable();
        let mut versions = Vec::with_capacity(some);
        for (hash, member) in self.ids.hashes() {
            let first = (self.from[member as usize], self.keys[member as usize]);
            let first = (first.1 != NO_KEY).then_some(first);
            let others = self.others.partition_point(|other| other.0 < member);
            let others = self.others[others..].iter();
            let others = others.take_while(|other| other.0 == member);
            let others = others.map(|(_, from, key)| (*from, *key));
            versions.extend(first.into_iter().chain(others).map(|(f, k)| (hash, f, k)));
            if versions.len() >= some {
                tell(&versions)?;
                versions.clear();
            }
        }
        tell(&versions)
    }
}

impl Held {
    /// The keys of a member's versions, and from when each holds; of an only version the latter is not kept.
    fn versions(&self, member: u32) -> (&[i32], &[i64]) {
        let of_member = &self.of_members[member as usize];
        match *of_member {
            NO_KEY => (&[], &[]),
            1.. => (std::slice::from_ref(of_member), &[]),
            history => {
                let at = (!history) as usize;
                let range = self.histories[at] as usize..self.histories[at + 1] as usize;
                (&self.keys[range.clone()], &self.from[range])
            }
        }
    }

    /// Each key with its member.
    fn all_keys(&self) -> impl Iterator<Item = (i32, u32)> {
        let members = (0_u32..).take(self.of_members.len());
        members.flat_map(|member| {
            self.versions(member)
                .0
                .iter()
                .map(move |key| (*key, member))
        })
    }

    fn of_key(&self, key: i32) -> Option<u32> {
        let of_keys = self.of_keys.get_or_init(|| {
            let last = self.all_keys().map(|(key, _)| key).max().unwrap_or(0);
            let mut of_keys = vec![NOBODY; last as usize + 1];
            for (key, member) in self.all_keys() {
                of_keys[key as usize] = member;
            }
            of_keys
        });
        let member = *of_keys.get(usize::try_from(key).ok()?)?;
        (member != NOBODY).then_some(member)
    }
}

/// The keys of a member's versions, and from when each holds.
type Versions<'m> = (Cow<'m, [i32]>, Cow<'m, [i64]>);

impl Members {
    /// The keys of a member's versions, and from when each holds; of an only version the latter is not kept.
    fn versions(&self, member: u32) -> Versions<'_> {
        match &self.store {
            Store::Held(held) => {
                let (keys, from) = held.versions(member);
                (Cow::Borrowed(keys), Cow::Borrowed(from))
            }
            Store::Filed(filed) => match Filed::only(member) {
                Some(key) => (Cow::Owned(vec![key]), Cow::Borrowed(&[])),
                None => {
                    let (keys, from) = filed.history(member);
                    (Cow::Owned(keys), Cow::Owned(from))
                }
            },
        }
    }

    /// True if a member has several versions.
    pub(super) fn has_history(&self) -> bool {
        match &self.store {
            Store::Held(held) => !held.keys.is_empty(),
            Store::Filed(filed) => filed.has_history(),
        }
    }

    /// True if a member has any version: whoever was merged into another has none of its own.
    pub(super) fn has_version(&self, member: u32) -> bool {
        match &self.store {
            Store::Held(held) => held.of_members[member as usize] != NO_KEY,
            Store::Filed(_) => true,
        }
    }

    /// The key of a member's only version; `None` or [`NO_KEY`] if it has another number of them.
    fn only(&self, member: u32) -> Option<i32> {
        match &self.store {
            Store::Held(held) => Some(held.of_members[member as usize]),
            Store::Filed(_) => Filed::only(member),
        }
    }

    /// The key of a member's version at an instant; of the last one where no instant is given or none holds.
    pub(super) fn version(&self, member: u32, at: Option<i64>) -> i32 {
        if let Some(only) = self.only(member).filter(|only| *only > NO_KEY) {
            return only;
        }
        let (keys, from) = self.versions(member);
        let nobody = SpecialMember::NotYetArrived.key();
        let last = keys.last().copied().unwrap_or(nobody);
        let Some(at) = at else { return last };
        match from.partition_point(|from| *from <= at) {
            0 => last,
            versions => keys[versions - 1],
        }
    }

    /// The keys that a member had from one instant to another, and when they ended.
    pub(super) fn spans(&self, member: u32, span: (i64, i64)) -> Vec<(i32, i64)> {
        let versions = self.versions(member);
        let places = between(&versions, span);
        let (keys, begins) = versions;
        places
            .map(|place| (keys[place], end(&begins, place)))
            .collect()
    }

    /// How many versions a member had from one instant to another.
    pub(super) fn count(&self, member: u32, span: (i64, i64)) -> usize {
        between(&self.versions(member), span).len()
    }

    /// When the version of a key ends.
    pub(super) fn end(&self, member: u32, key: i32) -> Option<i64> {
        let (keys, begins) = self.versions(member);
        let place = keys.iter().position(|other| *other == key)?;
        Some(end(&begins, place))
    }

    pub(super) fn member(&self, id: &str) -> Option<u32> {
        self.find(self.aliases.of(id).unwrap_or(id))
    }

    /// The member of an id, whoever stands for it.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        match &self.store {
            Store::Held(held) => held.ids.find(id),
            Store::Filed(filed) => filed.find(id),
        }
    }

    /// The members of ids, whoever stands for them; `None` of those that are null or unknown.
    pub(super) fn find_all(&self, ids: &StringArray) -> Vec<Option<u32>> {
        match &self.store {
            Store::Held(held) => held.ids.find_all(ids),
            Store::Filed(filed) => filed.find_all(ids),
        }
    }

    /// The member of a key; `None` of a key of nobody, or that key itself, which then is no other member's.
    pub(super) fn of_key(&self, key: i32) -> Option<u32> {
        match &self.store {
            Store::Held(held) => held.of_key(key),
            Store::Filed(_) if self.moved.contains_key(&key) => None,
            Store::Filed(filed) => filed.of_key(key),
        }
    }
}

#[cfg(test)]
impl Members {
    /// Puts something that cannot be read in the place of a file.
    pub(super) fn break_slots(&mut self) {
        let folder = std::fs::File::open("/");
        if let (Store::Filed(filed), Ok(folder)) = (&mut self.store, folder) {
            filed.slots.file = folder;
        }
    }
}

/// The places of versions that hold from one instant to another. Before the first of them the last one holds, as look-ups find it.
fn between((keys, begins): &Versions<'_>, (from, to): (i64, i64)) -> Range<usize> {
    // of a member that was merged none may be left
    if keys.len() < 2 {
        return 0..keys.len();
    }
    let first = begins.partition_point(|begin| *begin <= from);
    let last = begins.partition_point(|begin| *begin <= to);
    match first {
        0 if last == 0 => keys.len() - 1..keys.len(),
        0 => 0..keys.len(),
        _ => first - 1..last,
    }
}

/// When a version ends, by its place: where the next one begins.
fn end(begins: &[i64], place: usize) -> i64 {
    begins.get(place + 1).copied().unwrap_or(OPEN_TO)
}
