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
        Ok(Self { keys, history })
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
