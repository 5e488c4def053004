//! How members are named: by the keys from the top of a hierarchy down, never by surrogate key or caption.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::level_ref::LevelRef;

/// The key of a member within its parent.
///
/// In JSON: `"text"`, `2024`, `true`, `{"decimal": "1.50"}`, `{"date": "2024-01-31"}`,
/// `{"special": "not_given"}`. Text is read as the level's own type where it can be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "WireKey", into = "WireKey")]
pub enum MemberKey {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal or float as text, so that nothing is lost.
    Decimal(String),
    /// True or false.
    Boolean(bool),
    /// A calendar day.
    Date(NaiveDate),
    /// A special member: `not_given`, `not_applicable`, `invalid_code` or `not_yet_arrived`.
    Special(String),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireKey {
    Boolean(bool),
    Integer(i64),
    Text(String),
    Tagged(TaggedKey),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaggedKey {
    Decimal(String),
    Date(NaiveDate),
    Special(String),
}

impl From<WireKey> for MemberKey {
    fn from(key: WireKey) -> Self {
        match key {
            WireKey::Boolean(flag) => Self::Boolean(flag),
            WireKey::Integer(number) => Self::Integer(number),
            WireKey::Text(text) => Self::Text(text),
            WireKey::Tagged(TaggedKey::Decimal(text)) => Self::Decimal(text),
            WireKey::Tagged(TaggedKey::Date(date)) => Self::Date(date),
            WireKey::Tagged(TaggedKey::Special(id)) => Self::Special(id),
        }
    }
}

impl From<MemberKey> for WireKey {
    fn from(key: MemberKey) -> Self {
        match key {
            MemberKey::Boolean(flag) => Self::Boolean(flag),
            MemberKey::Integer(number) => Self::Integer(number),
            MemberKey::Text(text) => Self::Text(text),
            MemberKey::Decimal(text) => Self::Tagged(TaggedKey::Decimal(text)),
            MemberKey::Date(date) => Self::Tagged(TaggedKey::Date(date)),
            MemberKey::Special(id) => Self::Tagged(TaggedKey::Special(id)),
        }
    }
}

impl MemberKey {
    /// A short name of the kind of key, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Boolean(_) => "boolean",
            Self::Date(_) => "date",
            Self::Special(_) => "special member",
        }
    }
}

impl fmt::Display for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Decimal(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Special(id) => write!(f, "@{id}"),
        }
    }
}

impl From<&str> for MemberKey {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for MemberKey {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// The keys from the top level of the hierarchy down to the member.
///
/// One key alone means the member of the level with that key, if there is only one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberPath(pub Vec<MemberKey>);

impl<K: Into<MemberKey>> FromIterator<K> for MemberPath {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<MemberKey>> From<K> for MemberPath {
    fn from(key: K) -> Self {
        Self(vec![key.into()])
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            let slash = if i > 0 { "/" } else { "" };
            write!(f, "{slash}{key}")?;
        }
        Ok(())
    }
}

/// A member with the level on which it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberRef {
    /// The level.
    pub level: LevelRef,
    /// The member.
    pub path: MemberPath,
}
