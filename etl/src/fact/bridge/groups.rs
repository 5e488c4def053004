//! Groups of members and the keys that they keep for ever.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::Bridge;

use crate::dimension::IS_RETIRED;

/// The column of the key map that says who is in a group.
const MEMBERS: &str = "members";

/// Surrogate keys with their weights, in the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group(Vec<(i32, i64)>);

impl Group {
    /// A group of these; who is named twice has both weights.
    pub(super) fn of(members: impl Iterator<Item = (i32, i64)>) -> Self {
        let mut weights: BTreeMap<i32, i64> = BTreeMap::new();
        for (key, weight) in members {
            *weights.entry(key).or_default() += weight;
        }
        Self(weights.into_iter().collect())
    }

    /// The members with their weights.
    pub(super) fn members(&self) -> &[(i32, i64)] {
        &self.0
    }

    /// The group in the place of this one, if any member has another key.
    pub(super) fn replaced(&self, member: impl Fn(i32) -> i32) -> Option<Self> {
        let heirs = self.0.iter();
        let heirs = Self::of(heirs.map(|(key, weight)| (member(*key), *weight)));
        (heirs != *self).then_some(heirs)
    }

    /// `key:weight` of each, by which the group is known for ever.
    fn text(&self) -> String {
        let members = self.0.iter();
        let members: Vec<String> = members
            .map(|(key, weight)| format!("{key}:{weight}"))
            .collect();
        members.join("|")
    }

    fn parse(text: &str) -> Option<Self> {
        let member = |part: &str| -> Option<(i32, i64)> {
            let (key, weight) = part.split_once(':')?;
            Some((key.parse().ok()?, weight.parse().ok()?))
        };
        let members = text.split('|').map(member);
        members.collect::<Option<_>>().map(Self)
    }
}

/// The key map: what every key that was ever issued means.
#[derive(Default)]
pub(super) struct Groups {
    keys: HashMap<String, i32>,
    groups: HashMap<i32, Group>,
    last: i32,
}

impl Groups {
    /// Reads a published key map.
    pub(super) fn read(bridge: &Bridge, map: Option<&RecordBatch>) -> Self {
        let mut groups = Self::default();
        let columns = map.and_then(|map| {
            let keys = map.column_by_name(&bridge.group_column())?;
            let members = map.column_by_name(MEMBERS)?;
            Some((keys.as_primitive::<Int32Type>(), members.as_string::<i32>()))
        });
        if let Some((keys, members)) = columns {
            for (key, members) in keys.values().iter().zip(members.iter().flatten()) {
                groups.add(*key, members.to_owned());
            }
        }
        groups
    }

    fn add(&mut self, key: i32, text: String) {
        if let Some(group) = Group::parse(&text) {
            self.groups.insert(key, group);
        }
        self.last = self.last.max(key);
        self.keys.insert(text, key);
    }

    /// The key of a group, a new one where none was issued.
    pub(super) fn issue(&mut self, group: &Group) -> i32 {
        let text = group.text();
        if let Some(key) = self.keys.get(&text) {
            return *key;
        }
        let key = self.last.saturating_add(1);
        self.add(key, text);
        key
    }

    /// What a key means.
    pub(super) fn get(&self, key: i32) -> Option<&Group> {
        self.groups.get(&key)
    }

    /// The key map; keys that no fact has any more are retired, until their group comes back.
    pub(super) fn map(
        &self,
        bridge: &Bridge,
        used: &HashSet<i32>,
    ) -> Result<RecordBatch, ArrowError> {
        let mut entries: Vec<(i32, &str)> = self
            .keys
            .iter()
            .map(|(text, key)| (*key, text.as_str()))
            .collect();
        entries.sort_unstable();
        let retired = entries.iter().map(|(key, _)| Some(!used.contains(key)));
        let retired: BooleanArray = retired.collect();
        let keys = entries.iter().map(|(key, _)| *key);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(keys)),
            Arc::new(StringArray::from_iter_values(
                entries.iter().map(|(_, text)| text),
            )),
            Arc::new(retired),
        ];
        let schema = Schema::new(vec![
            Field::new(bridge.group_column(), Arrow::Int32, false),
            Field::new(MEMBERS, Arrow::Utf8, false),
            Field::new(IS_RETIRED, Arrow::Boolean, false),
        ]);
        RecordBatch::try_new(Arc::new(schema), columns)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_group_is_known_by_its_members_and_weights() {
        let group = |members: &[(i32, i64)]| Group::of(members.iter().copied());
        let pair = group(&[(7, 4), (-4, 6)]);
        assert_eq!(pair.text(), "-4:6|7:4");
        assert_eq!(Group::parse("-4:6|7:4").unwrap(), pair);
        assert_eq!(group(&[(7, 4), (7, 6)]), group(&[(7, 10)]));
        let mut groups = Groups::default();
        assert_eq!(groups.issue(&pair), 1);
        assert_eq!(groups.issue(&group(&[(7, 10)])), 2);
        assert_eq!(groups.issue(&group(&[(-4, 6), (7, 4)])), 1);
        assert_eq!(groups.get(2), Some(&group(&[(7, 10)])));
    }
}
