//! Hierarchies of any depth: the tree of a dimension's parents, told by a number of levels.

use serde::{Deserialize, Serialize};

use super::dimension::Dimension;
use super::types::Caption;

/// A way to drill through the members of a dimension with parents, level by level from the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// The id; the table is `bridge_<dimension>_<id>`.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// How many levels the table tells; deeper members are told at the last one.
    pub depth: u8,
    /// The attribute that names members in English; the business key by default.
    pub name_en: String,
    /// The attribute that names members in Chinese; the English one by default.
    pub name_zh: String,
    /// The attribute that orders members; the business key by default.
    pub sort: String,
}

impl Tree {
    /// The column with the durable key of the member at a level, the first of which is 1.
    pub fn level_column(&self, level: u8) -> String {
        format!("level_{level}_durable_key")
    }
}

impl Dimension {
    /// The table with the member above each member at every level of a tree.
    pub fn tree_table(&self, tree: &Tree) -> String {
        format!("bridge_{}_{}", self.name, tree.name)
    }

    /// The tree of that name.
    pub fn tree(&self, name: &str) -> Option<&Tree> {
        self.trees.iter().find(|tree| tree.name == name)
    }
}
