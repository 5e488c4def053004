//! Where the things of a model stand in its files, so that faults found later can point at them.

use std::collections::BTreeMap;

use crate::document::{Node, Place, Value};

/// Places by kind of file (`model`, `source`, `dimension`, `star`, `cube`) and path inside it.
///
/// A path is the id of the object, then the names below it: `crm/customer/rating` is a column of an entity of the
/// source `crm`; of unnamed things it is the field and the text, as in `crm/customer/joins/u.id = a.user_id`.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<(&'static str, String), Place>);

impl Places {
    /// The place of a thing, or of the nearest thing around it that has one.
    pub fn nearest(&self, kind: &'static str, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.get(kind, path) {
                return place.clone();
            }
            match path.rsplit_once('/') {
                Some((around, _)) => path = around,
                None => return Place::whole("model"),
            }
        }
    }

    pub(super) fn get(&self, kind: &'static str, path: &str) -> Option<&Place> {
        self.0.get(&(kind, path.to_owned()))
    }

    pub(super) fn insert(&mut self, kind: &'static str, path: &str, place: &Place) {
        self.0.insert((kind, path.to_owned()), place.clone());
    }

    fn insert_first(&mut self, kind: &'static str, path: String, place: &Place) {
        self.0.entry((kind, path)).or_insert_with(|| place.clone());
    }
}

/// Remembers the places of the things inside a file by their path, so that the validator can point at them:
/// named things by their names, fields and items of lists by field name and text (`sales/drill_through/revenue`), fields of
/// a field's mapping by both names and the text (`sale/currency/rates/date/day`).
pub(super) fn remember_below(kind: &'static str, path: &str, node: &Node, places: &mut Places) {
    const NAMING: [&str; 15] = [
        "tables",
        "views",
        "entities",
        "attributes",
        "outriggers",
        "hierarchies",
        "levels",
        "dimensions",
        "bridges",
        "degenerate",
        "measures",
        "milestones",
        "columns",
        "exclude",
        "reject",
    ];
    let Value::Mapping(entries) = &node.value else {
        return;
    };
    for (key, inside) in entries {
        let name = key.scalar_text().unwrap_or_default();
        match &inside.value {
            Value::Mapping(named) if NAMING.contains(&name.as_str()) => {
                for (key, inside) in named {
                    let path = format!("{path}/{}", key.scalar_text().unwrap_or_default());
                    remember_below(kind, &path, inside, places);
                    places.insert_first(kind, path, &key.place);
                }
            }
            _ => remember_field(kind, &format!("{path}/{name}"), inside, places),
        }
    }
}

fn remember_field(kind: &'static str, path: &str, node: &Node, places: &mut Places) {
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    // the fields of one mapping are found by their names too
    if let Value::Mapping(_) = &node.value {
        remember_below(kind, path, node, places);
    }
    for item in items {
        let fields = match &item.value {
            Value::Mapping(fields) => fields.as_slice(),
            _ => &[],
        };
        let texts = fields.iter().map(|(_, value)| value).chain([item]);
        for text in texts.filter_map(|node| Some((node.scalar_text()?, &node.place))) {
            places.insert_first(kind, format!("{path}/{}", text.0), text.1);
        }
    }
}
