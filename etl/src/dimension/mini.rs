//! Mini-dimensions: which combination of fast attributes a member had at an instant.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, SpecialMember};

use super::{Combinations, MemberIndex};

/// Looks up combinations by member and instant.
pub(crate) struct MiniIndex {
    /// The versions of the members.
    history: MemberIndex,
    /// For each version the key of its combination.
    keys: HashMap<i32, i32>,
    /// For each key of the owner the number of its member in the history.
    owners: HashMap<i32, u32>,
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
        versions: &[RecordBatch],
        combinations: &MemberIndex,
    ) -> Result<Self, ArrowError> {
        let mut keys = HashMap::new();
        for versions in versions {
            let found = Combinations::of(mini, &attributes(mini, versions))?;
            let versions = versions.column(0).as_primitive::<Int32Type>().values();
            keys.extend(versions.iter().zip(&found.ids).map(|(version, id)| {
                let key = combinations.member(id.as_deref(), None);
                (*version, key)
            }));
        }
        Ok(Self {
            keys,
            history,
            owners: HashMap::new(),
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
        let pairs = keys
            .zip(ids.as_string::<i32>())
            .filter(|(key, _)| **key > 0);
        let owners = pairs.filter_map(|(key, id)| Some((*key, self.history.number(id?)?)));
        let owners: Vec<(i32, u32)> = owners.collect();
        self.owners.extend(owners);
    }

    /// The key of the combination that the member of a key of the owner had at an instant.
    pub(crate) fn of_owner(&self, key: i32, at: Option<i64>) -> Option<i32> {
        let version = self.history.version(*self.owners.get(&key)?, at)?;
        self.keys.get(&version).copied()
    }

    /// What the member of a key of the owner had from one instant to another.
    pub(crate) fn all_of_owner(&self, key: i32, span: (i64, i64)) -> Had {
        let versions = self
            .owners
            .get(&key)
            .map(|member| self.history.between(*member, span));
        let versions = versions.into_iter().flatten();
        let versions: Vec<(i32, i64, i32)> = versions
            .filter_map(|(version, end)| Some((version, end, *self.keys.get(&version)?)))
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
                let key = self.keys.get(&version).copied();
                key.unwrap_or(SpecialMember::NotYetArrived.key())
            }
        }
    }
}

/// The columns of a mini-dimension's attributes in the table of its history.
pub(crate) fn attributes(mini: &Dimension, versions: &RecordBatch) -> Vec<ArrayRef> {
    let columns = mini.attributes.iter();
    let columns = columns.filter_map(|attribute| versions.column_by_name(&attribute.name));
    columns.cloned().collect()
}
