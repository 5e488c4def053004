//! What the members of a level tell beside their key and name (member properties).

use super::dimension::{Attribute, Dimension, Hierarchy, Level};
use super::types::{Caption, DataType};

/// An attribute that tells more of the members of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberAttribute {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The attribute of the dimension's members, or the one above them in a tree.
    pub attribute: String,
    /// Its type.
    pub data_type: DataType,
}

impl Dimension {
    /// What the members of a level tell beside their key: what the level declares; else, where the level is the members of
    /// the dimension themselves or those above them in a tree, all attributes but surrogate keys.
    pub fn member_attributes(&self, hierarchy: &Hierarchy, level: &Level) -> Vec<MemberAttribute> {
        let above = self.attribute_above(&level.key);
        let is_finest = hierarchy.levels.last() == Some(level);
        let is_member = self.is_generated() || level.key == self.id_column();
        let tells_all = above.is_some() || is_finest && is_member;
        let names: Vec<&str> = match (level.attributes.as_slice(), tells_all) {
            ([], true) => {
                let own = self.attributes.iter().filter(|it| !it.is_surrogate());
                own.map(|it| it.name.as_str()).collect()
            }
            (declared, _) => declared.iter().map(String::as_str).collect(),
        };
        let told = names.into_iter().map(|name| MemberAttribute {
            name: name.to_owned(),
            caption: self.caption_of(name),
            attribute: above.map_or_else(
                || name.to_owned(),
                |above| above.tree.attribute_above(above.level, name),
            ),
            data_type: self.type_of(name).unwrap_or(DataType::Text),
        });
        told.filter(|it| it.attribute != level.key).collect()
    }

    /// What people read of an attribute.
    fn caption_of(&self, name: &str) -> Caption {
        let declared: Option<&Attribute> = self.attribute(name);
        declared.map_or_else(|| Caption::of_id(name), |it| it.caption.clone())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::path::Path;

    use super::super::read::read_model;

    /// What a level of the CRM's model tells.
    fn told(dimension: &str, hierarchy: &str, level: &str) -> Vec<String> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
        let model = read_model(Path::new(root)).unwrap();
        let dimension = model.dimension(dimension).unwrap();
        let hierarchy = dimension.hierarchy(hierarchy).unwrap();
        let (_, level) = hierarchy.level(level).unwrap();
        let told = dimension.member_attributes(hierarchy, level);
        told.into_iter().map(|it| it.attribute).collect()
    }

    #[test]
    fn members_themselves_tell_all_and_levels_above_what_they_declare() {
        let customer = told("customer", "place", "customer");
        assert_eq!(customer.len(), 11, "{customer:?}");
        assert!(customer.contains(&"customer_since".to_owned()));
        assert!(told("customer", "place", "city").is_empty());
        let day = told("date", "calendar", "day");
        assert!(day.contains(&"is_weekend".to_owned()), "{day:?}");
        assert!(!day.contains(&"date".to_owned()), "{day:?}");
        assert!(told("date", "calendar", "month").is_empty());
    }
}
