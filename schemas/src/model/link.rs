//! What one part of a model gives another: mini-dimensions have the fast attributes of their owners.

use super::Model;
use super::dimension::{Attribute, Dimension, DimensionKind, Scd};
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
        for mini in dimension.clone().minis() {
            let id = (current_id(mini), current_id_column(mini), DataType::Text);
            let key = (
                current_key(mini),
                current_key_column(mini),
                DataType::Integer,
            );
            let columns = [id, key].map(|(name, column, data_type)| Attribute {
                caption: Caption::of_id(&name),
                data_type,
                scd: Scd::Overwrite,
                column,
                tags: Vec::new(),
                name,
            });
            dimension.attributes.extend(columns);
        }
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
        })
    }
}
