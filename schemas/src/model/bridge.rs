//! Roles of many members (Kimball's multivalued dimensions): the fact names a group, a bridge table says who is in it, and with
//! which weight.

use serde::{Deserialize, Serialize};

use super::star::Star;
use super::types::Caption;

/// A dimension of which a fact has any number of members: the fact's column is `<name>_group_key`, the table `bridge_<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bridge {
    /// The id, which no other bridge of the model has.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The conformed dimension.
    pub dimension: String,
    /// The entity with one row a fact and member.
    pub entity: String,
    /// Its columns that say whose member the row names.
    pub facts: Vec<String>,
    /// The columns of the star's entity that these are compared with.
    pub by: Vec<String>,
    /// Its column with the business key of the member.
    pub column: String,
    /// Its column with the number of which the weight is made; equal shares without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The column of the star's entity (date or timestamp) at which versioned members are looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

impl Bridge {
    /// The table of the bridge.
    pub fn table(&self) -> String {
        format!("bridge_{}", self.name)
    }

    /// The table of the keys that were ever issued for groups.
    pub fn map_table(&self) -> String {
        format!("map_{}", self.table())
    }

    /// The column of the fact and of the bridge with the key of the group.
    pub fn group_column(&self) -> String {
        format!("{}_group_key", self.name)
    }

    /// The column of the bridge with the surrogate key of the member.
    pub fn key_column(&self) -> String {
        format!("{}_key", self.name)
    }
}

impl Star {
    /// The bridge of that name.
    pub fn bridge(&self, name: &str) -> Option<&Bridge> {
        self.bridges.iter().find(|bridge| bridge.name == name)
    }
}
