//! `conformed/*.yaml`.

use chrono::NaiveDate;

use crate::document::{Decoder, Faults, Fields, Node, Place};
use crate::model::dimension::{
    Attribute, Dimension, DimensionKind, FastAttribute, Outrigger, Parent, Scd,
};
use crate::model::types::Caption;
use crate::model::{calendar, time_of_day};

use super::calendar::{calendar_spec, time_of_day_spec};
use super::hierarchy::{Way, hierarchy, way};
use super::{caption, data_type, id, own_id};

/// Decodes a dimension file.
pub(in crate::model) fn dimension(node: &Node, faults: &mut Faults) -> Option<Dimension> {
    let mut fields = Fields::of(node, "a dimension file", faults)?;
    fields.optional("planisphere");
    let name = own_id(&mut fields, "dimension");
    let caption = caption(&mut fields, &name);
    let calendar = fields.optional("calendar");
    let time_of_day = fields.optional("time_of_day");
    if let (Some(_), Some(node)) = (calendar, time_of_day) {
        let message = "a dimension is a calendar or a time of day, not both";
        fields.faults().add(&node.place, message);
    }
    let mini_of = fields.want::<String>("mini_of");
    let is_combination = fields.or("combination", false);
    let mut dimension = Dimension {
        kind: DimensionKind::Combination,
        attributes: Vec::new(),
        hierarchies: Vec::new(),
        fast: Vec::new(),
        outriggers: Vec::new(),
        parent: None,
        trees: Vec::new(),
        name,
        caption,
    };
    if let Some(node) = calendar {
        let spec = calendar_spec(node, fields.faults());
        dimension.attributes = calendar::attributes(&spec);
        dimension.hierarchies = calendar::hierarchies(&spec);
        dimension.kind = DimensionKind::Calendar(spec);
    } else if let Some(node) = time_of_day {
        let spec = time_of_day_spec(node, fields.faults());
        dimension.attributes = time_of_day::attributes(spec);
        dimension.hierarchies = time_of_day::hierarchies(spec);
        dimension.kind = DimensionKind::TimeOfDay(spec);
    } else if let Some(of) = mini_of {
        dimension.kind = DimensionKind::Mini { of };
        dimension.hierarchies = fields.named("hierarchies", hierarchy);
    } else if is_combination {
        dimension.attributes = fields.named("attributes", part);
        dimension.hierarchies = fields.named("hierarchies", hierarchy);
    } else {
        of_entity(&mut fields, &mut dimension);
    }
    fields.finish();
    Some(dimension)
}

/// A dimension whose members come from an entity.
fn of_entity(fields: &mut Fields<'_, '_>, dimension: &mut Dimension) {
    dimension.kind = DimensionKind::Entity {
        entity: fields.need("entity").unwrap_or_default(),
        key: fields.need("key").unwrap_or_default(),
    };
    let (fast, slow) = fields
        .named("attributes", attribute)
        .into_iter()
        .partition(|declared: &Declared| declared.mini.is_some());
    dimension.attributes = with_companions(slow);
    let fast: Vec<Declared> = fast;
    let fast = fast.into_iter().filter_map(|declared| {
        Some(FastAttribute {
            mini: declared.mini?,
            attribute: declared.attribute,
        })
    });
    dimension.fast = fast.collect();
    dimension.outriggers = fields.named("outriggers", outrigger);
    dimension.parent = fields
        .optional("parent")
        .and_then(|node| parent(node, fields.faults()));
    for way in fields.named("hierarchies", way) {
        match way {
            Way::Levels(hierarchy) => dimension.hierarchies.push(hierarchy),
            Way::Tree(mut tree) => {
                let id = dimension.id_column();
                for name in [&mut tree.name_en, &mut tree.name_zh, &mut tree.sort] {
                    if name.is_empty() {
                        name.clone_from(&id);
                    }
                }
                dimension.trees.push(tree);
            }
        }
    }
}

fn parent(node: &Node, faults: &mut Faults) -> Option<Parent> {
    let mut fields = Fields::of(node, "a parent", faults)?;
    let types = [("1", Scd::Overwrite), ("2", Scd::Version)];
    let parent = Parent {
        column: fields.need("column").unwrap_or_default(),
        scd: fields.choice("scd", &types).unwrap_or(Scd::Overwrite),
        operator: fields.want("operator"),
    };
    fields.finish();
    Some(parent)
}

fn outrigger(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Outrigger> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "an outrigger", faults)?;
    let outrigger = Outrigger {
        caption: caption(&mut fields, &name),
        dimension: fields.or("dimension", name.clone()),
        column: fields.need("column").unwrap_or_default(),
        name,
    };
    fields.finish();
    Some(outrigger)
}

impl Decoder for NaiveDate {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = String::decode(node, faults)?;
        let date = text.parse().ok();
        if date.is_none() {
            faults.add(
                &node.place,
                format!("'{text}' is not a date such as 2025-12-31"),
            );
        }
        date
    }
}

/// An attribute as it is declared, with a second column of another type of change for the types that have two.
struct Declared {
    attribute: Attribute,
    companion: Option<Companion>,
    /// The mini-dimension of an attribute of type 4.
    mini: Option<String>,
}

/// What the name and the captions of a second column begin with, and what a change does to it.
type Companion = ([&'static str; 3], Scd);

const CURRENT: [&str; 3] = ["current", "Current", "当前"];
const PREVIOUS: [&str; 3] = ["previous", "Previous", "先前"];

/// The attributes, each followed by its companion: of type 3 the previous value, of type 6 the current one.
fn with_companions(declared: Vec<Declared>) -> Vec<Attribute> {
    let columns = declared.into_iter().flat_map(|declared| {
        let attribute = declared.attribute;
        let companion = declared.companion.map(|([name, en, zh], scd)| Attribute {
            name: format!("{name}_{}", attribute.name),
            caption: Caption {
                en: format!("{en} {}", attribute.caption.en),
                zh: format!("{zh}{}", attribute.caption.zh),
            },
            scd,
            ..attribute.clone()
        });
        std::iter::once(attribute).chain(companion)
    });
    columns.collect()
}

fn attribute(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Declared> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "an attribute", faults)?;
    let types = [
        ("0", (Scd::Original, None)),
        ("1", (Scd::Overwrite, None)),
        ("2", (Scd::Version, None)),
        ("3", (Scd::Overwrite, Some((PREVIOUS, Scd::Previous)))),
        ("4", (Scd::Version, None)),
        ("6", (Scd::Version, Some((CURRENT, Scd::Overwrite)))),
    ];
    let fallback = (Scd::Overwrite, None);
    let (scd, companion) = fields.choice("scd", &types).unwrap_or(fallback);
    let mini = mini(&mut fields, &name);
    let attribute = Attribute {
        caption: caption(&mut fields, &name),
        data_type: data_type(&mut fields),
        scd,
        column: fields.or("column", name.clone()),
        tags: fields.list("tags"),
        name,
    };
    fields.finish();
    Some(Declared {
        attribute,
        companion,
        mini,
    })
}

/// The mini-dimension of an attribute of type 4; others have none.
fn mini(fields: &mut Fields<'_, '_>, name: &str) -> Option<String> {
    let scd = fields.optional("scd").and_then(Node::scalar_text);
    let mini = fields.want::<String>("mini");
    let place = fields.place().clone();
    let is_fast = scd.as_deref() == Some("4");
    let message = match &mini {
        Some(_) if !is_fast => {
            format!("attribute '{name}' has a 'mini'-dimension, but not 'scd: 4'")
        }
        None if is_fast => {
            format!(
                "attribute '{name}' of type 4 lacks 'mini', the mini-dimension that keeps its history"
            )
        }
        _ => return mini,
    };
    fields.faults().add(&place, message);
    None
}

/// An attribute of a combination: it never changes, and its column is said by the role of each star.
fn part(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Attribute> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "an attribute of a combination", faults)?;
    let attribute = Attribute {
        caption: caption(&mut fields, &name),
        data_type: data_type(&mut fields),
        scd: Scd::Original,
        column: name.clone(),
        tags: fields.list("tags"),
        name,
    };
    fields.finish();
    Some(attribute)
}
