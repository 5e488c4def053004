//! Hierarchies of any depth: the tree of a dimension's parents, told by a number of levels.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dimension::{Attribute, Dimension, Hierarchy, Level, Scd};
use super::types::{Caption, DataType};

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

    /// An attribute of the member that stands at a level of the tree above each member, as an attribute of that member.
    pub fn attribute_above(&self, level: u8, attribute: &str) -> String {
        format!("{}.{level}.{attribute}", self.name)
    }

    /// The levels by which cubes show the tree.
    fn levels(&self, id_column: &str) -> Hierarchy {
        let level = |level: u8| Level {
            name: format!("level_{level}"),
            caption: Caption {
                en: format!("Level {level}"),
                zh: format!("第 {level} 级"),
            },
            key: self.attribute_above(level, id_column),
            name_en: self.attribute_above(level, &self.name_en),
            name_zh: self.attribute_above(level, &self.name_zh),
            sort: self.attribute_above(level, &self.sort),
            optional: false,
            attributes: vec![],
        };
        Hierarchy {
            name: self.name.clone(),
            caption: self.caption.clone(),
            levels: (1..=self.depth).map(level).collect(),
        }
    }
}

/// An attribute of the member above each member at a level of a tree.
#[derive(Debug, Clone, Copy)]
pub struct AttributeAbove<'d> {
    /// The tree.
    pub tree: &'d Tree,
    /// The level, the first of which is 1.
    pub level: u8,
    /// The attribute of that member.
    pub attribute: &'d str,
}

impl Dimension {
    /// The table with the member above each member at every level of a tree.
    pub fn tree_table(&self, tree: &Tree) -> String {
        format!("bridge_{}_{}", self.name, tree.name)
    }

    /// All ways to drill through the members: by levels, and down its trees.
    pub fn ways(&self) -> impl Iterator<Item = Cow<'_, Hierarchy>> {
        let trees = self.trees.iter();
        let trees = trees.map(|tree| Cow::Owned(tree.levels(&self.id_column())));
        self.hierarchies.iter().map(Cow::Borrowed).chain(trees)
    }

    /// The attribute above each member that a name stands for; `None` of its own attributes.
    pub fn attribute_above<'d>(&'d self, name: &'d str) -> Option<AttributeAbove<'d>> {
        let (tree, rest) = name.split_once('.')?;
        let (level, attribute) = rest.split_once('.')?;
        Some(AttributeAbove {
            tree: self.tree(tree)?,
            level: level.parse().ok()?,
            attribute,
        })
    }

    /// True if the tree of its members has a history.
    pub fn is_tree_versioned(&self) -> bool {
        self.parent
            .as_ref()
            .is_some_and(|parent| parent.scd == Scd::Version)
    }

    /// The type of one of its attributes, or of one above its members.
    pub fn type_of(&self, name: &str) -> Option<DataType> {
        let above = self.attribute_above(name);
        let name = above.map_or(name, |above| above.attribute);
        let attribute = self.attribute(name).map(|it: &Attribute| it.data_type);
        attribute.or_else(|| (name == self.id_column()).then_some(DataType::Text))
    }

    /// The tree of that name.
    pub fn tree(&self, name: &str) -> Option<&Tree> {
        self.trees.iter().find(|tree| tree.name == name)
    }
}
