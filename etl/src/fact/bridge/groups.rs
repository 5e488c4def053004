//! Groups of members and the keys that they keep for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, Int32Array, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::Bridge;

use crate::dimension::IS_RETIRED;
use crate::fact::shares::ShareRoom;
use crate::pile::Pile;
use crate::register::Register;
use crate::spool::{Memory, Spool, Spooled};

use super::keys::KeySet;

/// The column of the key map that says who is in a group.
const MEMBERS: &str = "members";
/// Keys that become rows at once.
const SOME: usize = 4096;

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
pub(super) struct Groups {
    /// The keys, by the texts of their groups.
    keys: Register,
    /// Where the texts are, by the keys.
    places: Register,
    texts: Pile,
    last: i32,
}

impl Groups {
    /// No key was issued.
    pub(super) fn new(room: &ShareRoom) -> Self {
        Self {
            keys: Register::new(&room.memory, room.least),
            places: Register::new(&room.memory, room.least),
            texts: Pile::new(&room.memory, room.least),
            last: 0,
        }
    }

    /// Adds rows of a published key map.
    pub(super) fn read(&mut self, bridge: &Bridge, map: &RecordBatch) -> Result<(), ArrowError> {
        let columns = map.column_by_name(&bridge.group_column());
        let columns = columns.zip(map.column_by_name(MEMBERS));
        let Some((keys, members)) = columns else {
            return Ok(());
        };
        let keys = keys.as_primitive::<Int32Type>().values();
        for (key, members) in keys.iter().zip(members.as_string::<i32>().iter().flatten()) {
            self.add(*key, members)?;
        }
        Ok(())
    }

    fn add(&mut self, key: i32, text: &str) -> Result<(), ArrowError> {
        let place = self.texts.push(text)?;
        self.places.put(number(key).into(), place)?;
        self.keys.put(self.keys.key(text), number(key))?;
        self.last = self.last.max(key);
        Ok(())
    }

    /// The key of a group, a new one where none was issued.
    pub(super) fn issue(&mut self, group: &Group) -> Result<i32, ArrowError> {
        let text = group.text();
        if let Some(key) = self.keys.get(self.keys.key(&text))? {
            return Ok(i32::try_from(key).unwrap_or(i32::MAX));
        }
        let key = self.last.saturating_add(1);
        self.add(key, &text)?;
        Ok(key)
    }

    /// What a key means.
    pub(super) fn get(&self, key: i32) -> Result<Option<Group>, ArrowError> {
        Ok(self.text(key)?.as_deref().and_then(Group::parse))
    }

    fn text(&self, key: i32) -> Result<Option<String>, ArrowError> {
        match self.places.get(number(key).into())? {
            Some(place) => Ok(Some(self.texts.text(place)?)),
            None => Ok(None),
        }
    }

    /// The key map; keys that no fact has any more are retired, until their group comes back.
    pub(super) fn map(
        &self,
        bridge: &Bridge,
        used: &KeySet,
        memory: &Memory,
    ) -> Result<Spooled, ArrowError> {
        let schema = Arc::new(Schema::new(vec![
            Field::new(bridge.group_column(), Arrow::Int32, false),
            Field::new(MEMBERS, Arrow::Utf8, false),
            Field::new(IS_RETIRED, Arrow::Boolean, false),
        ]));
        let mut map = Spool::new(Arc::clone(&schema), memory);
        for from in (1..=self.last).step_by(SOME) {
            let to = from.saturating_add(SOME as i32 - 1).min(self.last);
            let (mut keys, mut texts) = (Vec::new(), StringBuilder::new());
            for key in from..=to {
                if let Some(text) = self.text(key)? {
                    keys.push(key);
                    texts.append_value(text);
                }
            }
            let retired: BooleanArray = keys.iter().map(|key| Some(!used.has(*key))).collect();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int32Array::from(keys)),
                Arc::new(texts.finish()),
                Arc::new(retired),
            ];
            map.push(RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
        }
        map.finish()
    }
}

/// A key, none of which is below zero.
fn number(key: i32) -> u64 {
    u64::try_from(key).unwrap_or_default()
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
        let room = ShareRoom {
            memory: Memory::new(0),
            least: 0,
        };
        let mut groups = Groups::new(&room);
        assert_eq!(groups.issue(&pair).unwrap(), 1);
        assert_eq!(groups.issue(&group(&[(7, 10)])).unwrap(), 2);
        assert_eq!(groups.issue(&group(&[(-4, 6), (7, 4)])).unwrap(), 1);
        assert_eq!(groups.get(2).unwrap(), Some(group(&[(7, 10)])));
        assert_eq!(groups.get(3).unwrap(), None);
    }
}
