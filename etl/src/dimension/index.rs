//! Looks up surrogate keys: by business id and instant, or by day.

mod by_key;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use arrow::array::{Array as _, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use planisphere_schemas::model::{Dimension, DimensionKind, SpecialMember, TimeOfDaySpec};

use super::OPEN_TO;
use super::aliases::Aliases;
use super::ids::IdIndex;
use super::time_of_day::key_of;

pub(crate) use by_key::ByKey;

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

/// Members by their ids; the versions of each lie side by side in the order of time, each ends where the next begins.
pub(crate) struct Members {
    ids: IdIndex,
    /// For each member where its versions begin, and last the end of all.
    members: Vec<Versions>,
    /// For each version from when it holds, in microseconds.
    from: Vec<i64>,
    keys: Vec<i32>,
    /// The members that were merged into others.
    aliases: Aliases,
    /// For each key that was retired that of the version that holds in its place.
    moved: HashMap<i32, i32>,
    /// True if any member has several versions.
    has_history: bool,
    /// For each key where its version stands, once somebody asks by keys.
    places: OnceLock<Vec<u32>>,
}

/// Where the versions of a member begin, and the key of the last one: mostly there is no other.
#[derive(Debug, Clone, Copy)]
struct Versions {
    first: u32,
    last_key: i32,
}

/// Gathers the versions of an index.
#[derive(Default)]
pub(crate) struct MembersBuilder {
    ids: IdIndex,
    versions: Vec<(u32, i64, i32)>,
}

impl MembersBuilder {
    /// Room for the versions of a table with so many rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            ids: IdIndex::with_capacity(rows),
            versions: Vec::with_capacity(rows),
        }
    }

    /// Adds the versions of some rows of the dimension table, but for special members.
    pub(crate) fn add(&mut self, dimension: &Dimension, rows: &RecordBatch) {
        let column = |name: &str| rows.column_by_name(name);
        let (Some(keys), Some(ids), Some(from)) = (
            column(&dimension.key_column()),
            column(&dimension.id_column()),
            column("valid_from"),
        ) else {
            return;
        };
        let keys = keys.as_primitive::<Int32Type>();
        let ids = ids.as_string::<i32>();
        let from = from.as_primitive::<TimestampMicrosecondType>();
        let is_special = |key: &i32| *key <= 0;
        if !keys.values().iter().any(is_special) {
            let members = self.ids.add_all(ids).into_iter();
            let versions = members.zip(from.values()).zip(keys.values());
            let versions = versions.map(|((member, from), key)| (member, *from, *key));
            self.versions.extend(versions);
            return;
        }
        for row in (0..rows.num_rows()).filter(|row| !is_special(&keys.value(*row))) {
            let member = self.ids.add(ids.value(row));
            self.versions
                .push((member, from.value(row), keys.value(row)));
        }
    }

    /// For each of some ids whether it is that of a member.
    pub(crate) fn know(&self, ids: &StringArray) -> Vec<bool> {
        let found = self.ids.find_all(ids).into_iter();
        found.map(|found| found.is_some()).collect()
    }

    /// Takes versions away by their keys.
    pub(crate) fn remove(&mut self, keys: &HashSet<i32>) {
        if !keys.is_empty() {
            self.versions.retain(|(_, _, key)| !keys.contains(key));
        }
    }

    /// The index of what was added: versions are counted by members, put in their places, and those of a member laid in order.
    pub(crate) fn build(self, aliases: Aliases, moved: HashMap<i32, i32>) -> MemberIndex {
        let nobody = Versions {
            first: 0,
            last_key: SpecialMember::NotYetArrived.key(),
        };
        let mut members = vec![nobody; self.ids.len() + 1];
        for (member, ..) in &self.versions {
            members[*member as usize + 1].first += 1;
        }
        let mut before = 0;
        for versions in &mut members {
            before += versions.first;
            versions.first = before;
        }
        let mut next: Vec<u32> = members.iter().map(|versions| versions.first).collect();
        let (mut from, mut keys) = (vec![0; self.versions.len()], vec![0; self.versions.len()]);
        for (member, begin, key) in self.versions {
            let place = &mut next[member as usize];
            (from[*place as usize], keys[*place as usize]) = (begin, key);
            *place += 1;
        }
        let mut has_history = false;
        for member in 0..self.ids.len() {
            let versions = members[member].first as usize..members[member + 1].first as usize;
            if versions.len() > 1 {
                has_history = true;
                in_order(&mut from[versions.clone()], &mut keys[versions.clone()]);
            }
            if let Some(last) = keys[versions].last() {
                members[member].last_key = *last;
            }
        }
        MemberIndex::Members(Box::new(Members {
            ids: self.ids,
            members,
            from,
            keys,
            aliases,
            moved,
            has_history,
            places: OnceLock::new(),
        }))
    }
}

/// Lays the few versions of a member in the order of time.
fn in_order(from: &mut [i64], keys: &mut [i32]) {
    let mut pairs: Vec<(i64, i32)> = from.iter().copied().zip(keys.iter().copied()).collect();
    if pairs.is_sorted() {
        return;
    }
    pairs.sort_unstable();
    for (at, (begin, key)) in pairs.into_iter().enumerate() {
        (from[at], keys[at]) = (begin, key);
    }
}

impl Members {
    /// The key of a member's version at an instant; of the last one where no instant is given or none holds.
    fn version(&self, member: u32, at: Option<i64>) -> i32 {
        let place = member as usize;
        let Versions { first, last_key } = self.members[place];
        let (first, end) = (first as usize, self.members[place + 1].first as usize);
        let Some(at) = at.filter(|_| end - first > 1) else {
            return last_key;
        };
        match self.from[first..end].partition_point(|from| *from <= at) {
            0 => last_key,
            versions => self.keys[first + versions - 1],
        }
    }

    /// Where the versions of a member stand.
    fn versions(&self, member: u32) -> Range<usize> {
        let member = member as usize;
        self.members[member].first as usize..self.members[member + 1].first as usize
    }

    /// The versions of a member from one instant to another. Before the first of them the last one holds, as look-ups find it.
    fn between(&self, member: u32, (from, to): (i64, i64)) -> Range<usize> {
        let versions = self.versions(member);
        // of a member that was merged none may be left
        if versions.is_empty() {
            return versions;
        }
        let begins = &self.from[versions.clone()];
        let first = begins.partition_point(|begin| *begin <= from);
        let last = begins.partition_point(|begin| *begin <= to);
        match first {
            0 if last == 0 => versions.end - 1..versions.end,
            0 => versions,
            _ => versions.start + first - 1..versions.start + last,
        }
    }

    fn member(&self, id: &str) -> Option<u32> {
        self.ids.find(self.aliases.of(id).unwrap_or(id))
    }
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
        if keys.is_empty() {
            return HashMap::new();
        }
        let edges = members.members.windows(2).enumerate();
        let all = edges.flat_map(|(number, edges)| {
            let versions = &members.keys[edges[0].first as usize..edges[1].first as usize];
            versions.iter().map(move |key| (*key, number))
        });
        all.filter(|(key, _)| keys.contains(key)).collect()
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
        // whoever was merged into another has no versions of its own
        let is_known =
            |member: &u32| members.aliases.is_empty() || !members.versions(*member).is_empty();
        let found = members.ids.find_all(ids).into_iter().zip(at).enumerate();
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
        let Self::Members(members) = self else {
            return Vec::new();
        };
        let last = members.versions(number).end;
        let end = |place: usize| match place + 1 < last {
            true => members.from[place + 1],
            false => OPEN_TO,
        };
        let places = members.between(number, span);
        places
            .map(|place| (members.keys[place], end(place)))
            .collect()
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
