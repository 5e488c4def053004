//! Levels and members, both ways.

use planisphere_proto::v1 as wire;
use wire::member_key::Key;

use super::fault::Reading;
use crate::query::{LevelRef, MemberKey, MemberPath, MemberRef};

/// The special members with their ids.
const SPECIAL: [(wire::SpecialMember, &str); 4] = [
    (wire::SpecialMember::NotGiven, "not_given"),
    (wire::SpecialMember::NotApplicable, "not_applicable"),
    (wire::SpecialMember::InvalidCode, "invalid_code"),
    (wire::SpecialMember::NotYetArrived, "not_yet_arrived"),
];

impl Reading {
    /// A level that must be there.
    pub(super) fn level(&mut self, place: &str, level: Option<wire::LevelRef>) -> LevelRef {
        let level = level.unwrap_or_default();
        if level.dimension.is_empty() || level.level.is_empty() {
            self.fault(place, "a level needs 'dimension' and 'level'");
        }
        LevelRef {
            dimension: level.dimension,
            hierarchy: Some(level.hierarchy).filter(|name| !name.is_empty()),
            level: level.level,
        }
    }

    /// A level that may be left out.
    pub(super) fn level_if_any(
        &mut self,
        place: &str,
        level: Option<wire::LevelRef>,
    ) -> Option<LevelRef> {
        level.map(|level| self.level(place, Some(level)))
    }

    /// A member that must be there.
    pub(super) fn member(&mut self, place: &str, member: Option<wire::MemberRef>) -> MemberRef {
        let member = member.unwrap_or_default();
        let level = self.level(&format!("{place}.level"), member.level);
        MemberRef {
            level,
            path: self.path(place, member.path),
        }
    }

    /// A key path.
    pub(super) fn path(&mut self, place: &str, keys: Vec<wire::MemberKey>) -> MemberPath {
        let keys = keys.into_iter().enumerate();
        let keys = keys.filter_map(|(i, key)| self.key(&format!("{place}.path[{i}]"), key));
        MemberPath(keys.collect())
    }

    fn key(&mut self, place: &str, key: wire::MemberKey) -> Option<MemberKey> {
        let key = match key.key {
            Some(Key::Text(text)) => Some(MemberKey::Text(text)),
            Some(Key::Integer(number)) => Some(MemberKey::Integer(number)),
            Some(Key::Decimal(text)) => Some(MemberKey::Decimal(text)),
            Some(Key::Boolean(flag)) => Some(MemberKey::Boolean(flag)),
            Some(Key::Date(text)) => text.parse().ok().map(MemberKey::Date),
            Some(Key::Special(number)) => special_id(number).map(MemberKey::Special),
            None => None,
        };
        if key.is_none() {
            self.fault(
                place,
                "a key needs one of text, integer, decimal, boolean, date (2025-01-31), special",
            );
        }
        key
    }
}

fn special_id(number: i32) -> Option<String> {
    let known = SPECIAL
        .iter()
        .find(|(special, _)| *special as i32 == number);
    known.map(|(_, id)| (*id).to_owned())
}

/// A level on the wire.
pub(super) fn level_to_wire(level: &LevelRef) -> wire::LevelRef {
    wire::LevelRef {
        dimension: level.dimension.clone(),
        hierarchy: level.hierarchy.clone().unwrap_or_default(),
        level: level.level.clone(),
    }
}

/// A member on the wire.
pub(super) fn member_to_wire(level: &LevelRef, path: &MemberPath) -> wire::MemberRef {
    wire::MemberRef {
        level: Some(level_to_wire(level)),
        path: keys_to_wire(path),
    }
}

/// A key path on the wire.
pub(super) fn keys_to_wire(path: &MemberPath) -> Vec<wire::MemberKey> {
    path.0.iter().map(key_to_wire).collect()
}

fn key_to_wire(key: &MemberKey) -> wire::MemberKey {
    let key = match key {
        MemberKey::Text(text) => Key::Text(text.clone()),
        MemberKey::Integer(number) => Key::Integer(*number),
        MemberKey::Decimal(text) => Key::Decimal(text.clone()),
        MemberKey::Boolean(flag) => Key::Boolean(*flag),
        MemberKey::Date(date) => Key::Date(date.to_string()),
        MemberKey::Special(id) => match SPECIAL.iter().find(|(_, known)| known == id) {
            Some((special, _)) => Key::Special(*special as i32),
            // an unknown id goes as it is, so that the receiver can name it in its error
            None => Key::Text(format!("@{id}")),
        },
    };
    wire::MemberKey { key: Some(key) }
}

/// The key path of a member from the wire.
pub(crate) fn path_of_wire(member: &wire::MemberRef) -> Option<MemberPath> {
    let mut reading = Reading::default();
    let path = reading.path("member", member.path.clone());
    reading.finish(path).ok()
}

/// A member's path in its written form, as filters read it: `2025/1`, `@not_given`, `"a/b"`.
pub(crate) fn path_text(member: &wire::MemberRef) -> String {
    let written = member.path.iter().map(|key| match &key.key {
        Some(Key::Text(text)) if text.contains(['/', ',', '"', '@']) || text.trim() != text => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(Key::Text(text) | Key::Decimal(text) | Key::Date(text)) => text.clone(),
        Some(Key::Integer(number)) => number.to_string(),
        Some(Key::Boolean(flag)) => flag.to_string(),
        Some(Key::Special(number)) => format!("@{}", special_id(*number).unwrap_or_default()),
        None => String::new(),
    });
    written.collect::<Vec<_>>().join("/")
}
