//! What an answer tells of members beside their keys and names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::level_ref::LevelRef;

/// An attribute of the members of a level, written `dimension.hierarchy.level.attribute`.
///
/// The hierarchy may be left out where the level's name stands in one hierarchy of the dimension only.
///
/// ```
/// use planisphere_olap::query::AttributeRef;
/// let email: AttributeRef = "customer.customer.customer.email".parse().unwrap();
/// assert_eq!(email.level.level, "customer");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AttributeRef {
    /// The level.
    pub level: LevelRef,
    /// The attribute.
    pub attribute: String,
}

impl FromStr for AttributeRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("'{text}' is no attribute: write dimension.hierarchy.level.attribute");
        let (level, attribute) = text.trim().rsplit_once('.').ok_or_else(expected)?;
        let attribute = attribute.trim();
        let level = level.parse().map_err(|_| expected())?;
        match attribute.is_empty() {
            true => Err(expected()),
            false => Ok(Self {
                level,
                attribute: attribute.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for AttributeRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<AttributeRef> for String {
    fn from(attribute: AttributeRef) -> Self {
        attribute.to_string()
    }
}

impl fmt::Display for AttributeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.level, self.attribute)
    }
}
