//! Mini-dimensions: which combination of fast attributes a member had at an instant.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, SpecialMember, current_id_column, current_key_column};

use crate::spool::Spooled;

use super::sights::{Sight, Tables, Times, as_words, named};
use super::{Combinations, MemberIndex};

/// Looks up combinations by member and instant.
pub(crate) struct MiniIndex {
    /// The versions of the members.
    history: MemberIndex,
    /// For each version the key of its combination.
    keys: OfKeys<i32>,
    /// For each key of the owner the number of its member in the history.
    owners: OfKeys<u32>,
}

/// A number for some keys, of which nearly all have one: four bytes and a bit a key.
#[derive(Debug, Default)]
struct OfKeys<T> {
    numbers: Vec<T>,
    given: Vec<u64>,
}

impl<T: Copy + Default> OfKeys<T> {
    /// Gives a key a number; those of special members have none.
    fn set(&mut self, key: i32, number: T) {
        let Some(at) = usize::try_from(key).ok().filter(|at| *at > 0) else {
            return;
        };
        if at >= self.numbers.len() {
            self.numbers.resize(at + 1, T::default());
            self.given.resize(at / 64 + 1, 0);
        }
        self.numbers[at] = number;
        self.given[at / 64] |= 1 << (at % 64);
    }

    fn get(&self, key: i32) -> Option<T> {
        let at = usize::try_from(key).ok()?;
        let is_given = self.given.get(at / 64)? >> (at % 64) & 1 == 1;
        is_given.then(|| self.numbers[at])
    }
}

/// The combinations that a member had.
pub(crate) struct Had {
    /// The versions of its history, each with its end and the key of its combination.
    pub(crate) versions: Vec<(i32, i64, i32)>,
    /// The keys of the combinations, in the order of time.
    pub(crate) combinations: Vec<i32>,
    /// True if a version of the history was retired by this load.
    pub(crate) has_retired: bool,
}

impl MiniIndex {
    /// Puts the versions of a history beside the combinations of a mini-dimension.
    pub(crate) fn new(
        mini: &Dimension,
        history: MemberIndex,
        versions: &Spooled,
        combinations: &MemberIndex,
    ) -> Result<Self, ArrowError> {
        let mut keys = OfKeys::default();
        for versions in versions.batches() {
            let versions = versions?;
            let found = Combinations::written(mini, &attributes(mini, &versions))?;
            let versions = versions.column(0).as_primitive::<Int32Type>().values();
            for (version, id) in versions.iter().zip(&found.ids) {
                keys.set(*version, combinations.member(id.as_deref(), None));
            }
        }
        Ok(Self {
            keys,
            history,
            owners: OfKeys::default(),
        })
    }

    /// Takes note of the keys of the owner in some rows of its table.
    pub(crate) fn own(&mut self, owner: &Dimension, rows: &RecordBatch) {
        let column = |name: &str| rows.column_by_name(name);
        let (Some(keys), Some(ids)) = (column(&owner.key_column()), column(&owner.id_column()))
        else {
            return;
        };
        let keys = keys.as_primitive::<Int32Type>().values().iter();
        for (key, id) in keys.zip(ids.as_string::<i32>()) {
            if let Some(member) = id.and_then(|id| self.history.number(id)) {
                self.owners.set(*key, member);
            }
        }
    }

    /// The key of the combination that the member of a key of the owner had at an instant.
    pub(crate) fn of_owner(&self, key: i32, at: Option<i64>) -> Option<i32> {
        let version = self.history.version(self.owners.get(key)?, at)?;
        self.keys.get(version)
    }

    /// What the member of a key of the owner had from one instant to another.
    pub(crate) fn all_of_owner(&self, key: i32, span: (i64, i64)) -> Had {
        let versions = self
            .owners
            .get(key)
            .map(|member| self.history.between(member, span));
        let versions = versions.into_iter().flatten();
        let versions: Vec<(i32, i64, i32)> = versions
            .filter_map(|(version, end)| Some((version, end, self.keys.get(version)?)))
            .collect();
        let mut combinations: Vec<i32> = versions.iter().map(|(.., key)| *key).collect();
        combinations.dedup();
        Had {
            has_retired: versions
                .iter()
                .any(|(version, ..)| self.history.is_heir(*version)),
            combinations,
            versions,
        }
    }

    /// The key of the combination that a member had at an instant.
    pub(crate) fn member(&self, id: Option<&str>, at: Option<i64>) -> i32 {
        match self.history.member(id, at) {
            special if special < 0 => special,
            version => {
                let key = self.keys.get(version);
                key.unwrap_or(SpecialMember::NotYetArrived.key())
            }
        }
    }
}

/// What a history tells the owner of a mini-dimension of its present combinations, as rows of `map_<owner>_changes`: for each
/// instant at which anything was seen of a member the combination that it had then.
///
/// # Errors
/// If a table lacks a column.
pub(crate) fn present_words(
    owner: &Dimension,
    mini: &Dimension,
    history: &Tables,
    combinations: &MemberIndex,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let names = mini.attributes.iter().map(|it| it.name.as_str());
    let sights = history.sights(&names.collect())?;
    let (table, changes) = (&history.table, &history.changes);
    let in_changes = Combinations::written(mini, &attributes(mini, changes))?.ids;
    let in_table = Combinations::written(mini, &attributes(mini, table))?.ids;
    let times = Times::of(table)?;
    let mut versions: HashMap<&str, Vec<usize>> = HashMap::new();
    let wanted: HashSet<&str> = sights.iter().map(|sight| sight.id.as_str()).collect();
    let ids = named(table, history.id_column())?.as_string::<i32>().iter();
    for (row, id) in ids.enumerate() {
        if let Some(id) = id.filter(|id| wanted.contains(id)) {
            versions.entry(id).or_default().push(row);
        }
    }
    // a word may say only a part; members that were merged away have no versions
    let combination = |sight: &Sight| {
        let of_member = versions.get(sight.id.as_str()).into_iter().flatten();
        let then = of_member.copied().find(|row| times.holds(*row, sight.at));
        match (then, sight.row.checked_sub(in_changes.len())) {
            (Some(row), _) | (None, Some(row)) => in_table[row].clone(),
            (None, None) => in_changes[sight.row].clone(),
        }
    };
    let found: Vec<Option<String>> = sights.iter().map(combination).collect();
    let keys = found
        .iter()
        .map(|id| combinations.member(id.as_deref(), None));
    let keys: ArrayRef = Arc::new(Int32Array::from_iter_values(keys));
    let ids: ArrayRef = Arc::new(found.iter().map(Option::as_deref).collect::<StringArray>());
    let columns = [
        (current_id_column(&mini.name), ids),
        (current_key_column(&mini.name), keys),
    ];
    let values = columns.iter().filter_map(|(column, values)| {
        let mut attributes = owner.attributes.iter();
        let attribute = attributes.find(|it| it.column == *column)?;
        Some((attribute.name.as_str(), Arc::clone(values)))
    });
    let values: Vec<(&str, ArrayRef)> = values.collect();
    as_words(owner, &sights, &values, audit_key)
}

/// The columns of a mini-dimension's attributes in the table of its history.
pub(crate) fn attributes(mini: &Dimension, versions: &RecordBatch) -> Vec<ArrayRef> {
    let columns = mini.attributes.iter();
    let columns = columns.filter_map(|attribute| versions.column_by_name(&attribute.name));
    columns.cloned().collect()
}
