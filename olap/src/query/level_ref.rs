//! A level by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level by name, written `dimension.hierarchy.level`.
///
/// The hierarchy may be left out where the level's name stands in one hierarchy of the dimension only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LevelRef {
    /// The dimension of the cube (a role such as `order_date`).
    pub dimension: String,
    /// The hierarchy.
    pub hierarchy: Option<String>,
    /// The level.
    pub level: String,
}

impl FromStr for LevelRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.trim().split('.').map(str::trim).collect();
        let (dimension, hierarchy, level) = match parts.as_slice() {
            [dimension, level] => (dimension, None, level),
            [dimension, hierarchy, level] => (dimension, Some(hierarchy.to_string()), level),
            _ => {
                return Err(format!(
                    "'{text}' is not a level: write dimension.hierarchy.level"
                ));
            }
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("'{text}' is not a level: a name is empty"));
        }
        Ok(Self {
            dimension: dimension.to_string(),
            hierarchy,
            level: level.to_string(),
        })
    }
}

impl TryFrom<String> for LevelRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<LevelRef> for String {
    fn from(level: LevelRef) -> Self {
        level.to_string()
    }
}

impl fmt::Display for LevelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hierarchy {
            Some(hierarchy) => write!(f, "{}.{hierarchy}.{}", self.dimension, self.level),
            None => write!(f, "{}.{}", self.dimension, self.level),
        }
    }
}
