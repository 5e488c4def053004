//! What one part of a model gives another: mini-dimensions have the fast attributes of their owners, and dimensions the columns
//! that refer to others.

use super::Model;
use super::dimension::{Attribute, Dimension, DimensionKind, Outrigger, Parent, Scd};
use super::types::{Caption, DataType};

/// Gives mini-dimensions their attributes, and their owners the columns that name the present combination.
pub(super) fn link(model: &mut Model) {
    let owners = model.dimensions.clone();
    for owner in &owners {
        for name in owner.minis() {
            let of = owner.name.clone();
            let kind = DimensionKind::Mini { of };
            let is_mini = |found: &&mut Dimension| found.name == name && found.kind == kind;
            if let Some(mini) = model.dimensions.iter_mut().find(is_mini) {
                let fast = owner.fast.iter().filter(|fast| fast.mini == name);
                let attributes = fast.map(|fast| Attribute {
                    scd: Scd::Original,
                    ..fast.attribute.clone()
                });
                mini.attributes = attributes.collect();
            }
        }
    }
    for dimension in &mut model.dimensions {
        let minis = dimension.minis().into_iter().map(str::to_owned);
        let minis: Vec<Attribute> = minis.flat_map(|mini| present(&mini)).collect();
        let outriggers = dimension.outriggers.iter();
        let outriggers: Vec<Attribute> = outriggers.flat_map(reference).collect();
        let parent = dimension.parent.as_ref().map(above);
        let columns = minis.into_iter().chain(outriggers).chain(parent);
        dimension.attributes.extend(columns);
    }
}

/// The id and the key of the present combination. The id stands first, so that two that are told of one instant are told
/// apart by what they are, and not by the order in which they came.
fn present(mini: &str) -> [Attribute; 2] {
    let attribute = |name: String, column, data_type| Attribute {
        caption: Caption::of_id(&name),
        data_type,
        scd: Scd::Overwrite,
        column,
        tags: Vec::new(),
        name,
    };
    [
        attribute(current_id(mini), current_id_column(mini), DataType::Text),
        attribute(
            current_key(mini),
            current_key_column(mini),
            DataType::Integer,
        ),
    ]
}

/// The business key of the parent.
fn above(parent: &Parent) -> Attribute {
    Attribute {
        name: PARENT_ID.to_owned(),
        caption: Caption::of_id(PARENT_ID),
        data_type: DataType::Text,
        scd: parent.scd,
        column: parent.column.clone(),
        tags: Vec::new(),
    }
}

/// The id and the key of a member that an outrigger refers to.
fn reference(outrigger: &Outrigger) -> [Attribute; 2] {
    let attribute = |end: &str, column, data_type| Attribute {
        name: format!("{}_{end}", outrigger.name),
        caption: outrigger.caption.clone(),
        data_type,
        scd: Scd::Overwrite,
        column,
        tags: Vec::new(),
    };
    [
        attribute("id", outrigger.id_column(), DataType::Text),
        attribute("key", outrigger.key_column(), DataType::Integer),
    ]
}

/// The attribute with the business key of the parent.
pub const PARENT_ID: &str = "parent_id";

impl Outrigger {
    /// The column, made by a load, with the business key.
    pub fn id_column(&self) -> String {
        format!("_outrigger_{}_id", self.name)
    }

    /// The column, made by a load, with the surrogate key.
    pub fn key_column(&self) -> String {
        format!("_outrigger_{}_key", self.name)
    }
}

impl Attribute {
    /// True if it holds the surrogate key of another dimension.
    pub fn is_surrogate(&self) -> bool {
        let made = ["_outrigger_", "_current_"];
        made.iter().any(|it| self.column.starts_with(it)) && self.column.ends_with("_key")
    }
}

/// The attribute with the present combination's id.
fn current_id(mini: &str) -> String {
    format!("current_{mini}_id")
}

/// The attribute with the present combination's key (SCD type 5).
fn current_key(mini: &str) -> String {
    format!("current_{mini}_key")
}

/// The column, made by a load, from which an owner takes the present combination's id.
pub fn current_id_column(mini: &str) -> String {
    format!("_current_{mini}_id")
}

/// The column, made by a load, from which an owner takes the present combination's key.
pub fn current_key_column(mini: &str) -> String {
    format!("_current_{mini}_key")
}

impl Model {
    /// The dimension that says which combination of a mini-dimension each member of the owner had when: a version of a member
    /// begins where any of the fast attributes changes.
    pub fn mini_history(&self, mini: &Dimension) -> Option<Dimension> {
        let DimensionKind::Mini { of } = &mini.kind else {
            return None;
        };
        let owner = self.dimension(of)?;
        let fast = owner.fast.iter().filter(|fast| fast.mini == mini.name);
        Some(Dimension {
            name: format!("{}_history", mini.name),
            caption: mini.caption.clone(),
            kind: owner.kind.clone(),
            attributes: fast.map(|fast| fast.attribute.clone()).collect(),
            hierarchies: Vec::new(),
            fast: Vec::new(),
            outriggers: Vec::new(),
            parent: None,
            trees: Vec::new(),
        })
    }
}
