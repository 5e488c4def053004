//! Conformed dimensions: attributes with SCD types, hierarchies of levels, the generated calendar.

use serde::{Deserialize, Serialize};

use super::generated::{CalendarSpec, TimeOfDaySpec};
use super::tree::Tree;
use super::types::{Caption, DataType, Tag};

/// One conformed dimension, from one file in `conformed/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// The id; the table is `dim_<id>`, its key `<id>_key`.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// Where the members come from.
    pub kind: DimensionKind,
    /// The attributes. The business key `<id>_id` is always the first.
    pub attributes: Vec<Attribute>,
    /// The ways to drill through the members.
    pub hierarchies: Vec<Hierarchy>,
    /// Attributes that change so often that their history stands in mini-dimensions (SCD type 4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fast: Vec<FastAttribute>,
    /// Other dimensions that the members refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outriggers: Vec<Outrigger>,
    /// The member above each member, in a dimension that is a tree of its own members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The ways to drill through the tree of `parent`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trees: Vec<Tree>,
}

/// The member above each member: the attribute `parent_id`, of which a load makes the closure table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parent {
    /// The entity's column with the parent's business key.
    pub column: String,
    /// What a change does: [`Scd::Overwrite`] or [`Scd::Version`].
    pub scd: Scd,
    /// The attribute with the unary operator by which a member counts for the one above it: `+`, `-` or `~`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// Another dimension that the members of a dimension refer to (Kimball's outrigger): `<name>_key` is its surrogate key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outrigger {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The dimension: a calendar, or one whose members have no history.
    pub dimension: String,
    /// The entity's column with the business key, or with the date or instant of a calendar.
    pub column: String,
}

/// An attribute of type 4: its combinations with others make a mini-dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FastAttribute {
    /// The mini-dimension.
    pub mini: String,
    /// The attribute.
    pub attribute: Attribute,
}

/// Where the members come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionKind {
    /// From a canonical entity, whose `key` column holds the business key.
    Entity {
        /// The entity.
        entity: String,
        /// Its column with the business key.
        key: String,
    },
    /// Generated days.
    Calendar(CalendarSpec),
    /// Generated minutes or seconds of the day.
    TimeOfDay(TimeOfDaySpec),
    /// The combinations of values that occur in the facts of all stars with a role of it (Kimball's junk dimension).
    Combination,
    /// The combinations that fast changing attributes of another dimension have had (Kimball's mini-dimension).
    Mini {
        /// The dimension whose attributes they are.
        of: String,
    },
}

/// One attribute of the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The id and column name.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The type.
    pub data_type: DataType,
    /// What a change does.
    pub scd: Scd,
    /// The entity's column; the attribute's name by default.
    pub column: String,
    /// What the attribute holds.
    pub tags: Vec<Tag>,
}

/// What a change of an attribute does to the member (Kimball's slowly changing dimension types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scd {
    /// Type 0: the value that is earliest in valid time stands for ever.
    #[serde(rename = "0")]
    Original,
    /// Type 1: the new value overwrites all versions.
    #[serde(rename = "1")]
    Overwrite,
    /// Type 2: the change begins a new version.
    #[serde(rename = "2")]
    Version,
    /// Type 3, the second column: the value before the latest change stands in all versions.
    #[serde(rename = "3")]
    Previous,
}

/// A path of levels from the coarsest to the finest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The levels, the coarsest first.
    pub levels: Vec<Level>,
}

impl Hierarchy {
    /// The position and level of that name.
    pub fn level(&self, name: &str) -> Option<(usize, &Level)> {
        self.levels
            .iter()
            .enumerate()
            .find(|(_, level)| level.name == name)
    }
}

/// One level; a member is identified by the keys of its level and all levels above it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The attribute that identifies the member within its parent.
    pub key: String,
    /// The attribute that names the member in English; the key by default.
    pub name_en: String,
    /// The attribute that names the member in Chinese; the English one by default.
    pub name_zh: String,
    /// The attribute that orders the members; the key by default.
    pub sort: String,
    /// True if branches may lack the level: its key is null there, and the members below stand under the level above.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The attributes that tell more of its members, where they are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

impl Dimension {
    /// The table of the dimension.
    pub fn table(&self) -> String {
        format!("dim_{}", self.name)
    }

    /// The surrogate key column.
    pub fn key_column(&self) -> String {
        format!("{}_key", self.name)
    }

    /// The durable key column.
    pub fn durable_key_column(&self) -> String {
        format!("{}_durable_key", self.name)
    }

    /// The business key column.
    pub fn id_column(&self) -> String {
        format!("{}_id", self.name)
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The table with every pair of a member and one above it, of a dimension with parents.
    pub fn closure_table(&self) -> String {
        format!("bridge_{}_closure", self.name)
    }

    /// The hierarchy of that name.
    pub fn hierarchy(&self, name: &str) -> Option<&Hierarchy> {
        self.hierarchies
            .iter()
            .find(|hierarchy| hierarchy.name == name)
    }

    /// True if any attribute keeps history (SCD type 2).
    pub fn is_versioned(&self) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.scd == Scd::Version)
    }

    /// True if its members are the combinations of values that occur in facts.
    pub fn is_combination(&self) -> bool {
        self.kind == DimensionKind::Combination
    }

    /// True for a mini-dimension.
    pub fn is_mini(&self) -> bool {
        matches!(self.kind, DimensionKind::Mini { .. })
    }

    /// The mini-dimensions of its attributes, each once.
    pub fn minis(&self) -> Vec<&str> {
        let mut minis: Vec<&str> = self.fast.iter().map(|fast| fast.mini.as_str()).collect();
        minis.sort_unstable();
        minis.dedup();
        minis
    }

    /// True if its members come from an entity.
    pub fn has_entity(&self) -> bool {
        matches!(self.kind, DimensionKind::Entity { .. })
    }

    /// True for the generated calendar.
    pub fn is_calendar(&self) -> bool {
        matches!(self.kind, DimensionKind::Calendar(_))
    }

    /// True for the generated times of day.
    pub fn is_time_of_day(&self) -> bool {
        matches!(self.kind, DimensionKind::TimeOfDay(_))
    }

    /// True if the members are generated; each has one row for ever.
    pub fn is_generated(&self) -> bool {
        self.is_calendar() || self.is_time_of_day()
    }
}
