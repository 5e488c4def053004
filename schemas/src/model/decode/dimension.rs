//! `conformed/*.yaml`.

use chrono::NaiveDate;

use crate::document::{Decoder, Faults, Fields, Node, Place};
use crate::model::dimension::{Attribute, Dimension, DimensionKind, Hierarchy, Level, Scd};
use crate::model::types::Caption;
use crate::model::{calendar, time_of_day};

use super::calendar::{calendar_spec, time_of_day_spec};
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
    let dimension = match (calendar, time_of_day) {
        (Some(node), _) => {
            let spec = calendar_spec(node, fields.faults());
            Dimension {
                attributes: calendar::attributes(&spec),
                hierarchies: calendar::hierarchies(&spec),
                kind: DimensionKind::Calendar(spec),
                name,
                caption,
            }
        }
        (None, Some(node)) => {
            let spec = time_of_day_spec(node, fields.faults());
            Dimension {
                kind: DimensionKind::TimeOfDay(spec),
                attributes: time_of_day::attributes(spec),
                hierarchies: time_of_day::hierarchies(spec),
                name,
                caption,
            }
        }
        (None, None) => Dimension {
            kind: DimensionKind::Entity {
                entity: fields.need("entity").unwrap_or_default(),
                key: fields.need("key").unwrap_or_default(),
            },
            attributes: with_companions(fields.named("attributes", attribute)),
            hierarchies: fields.named("hierarchies", hierarchy),
            name,
            caption,
        },
    };
    fields.finish();
    Some(dimension)
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
        ("6", (Scd::Version, Some((CURRENT, Scd::Overwrite)))),
    ];
    let fallback = (Scd::Overwrite, None);
    let (scd, companion) = fields.choice("scd", &types).unwrap_or(fallback);
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
    })
}

fn hierarchy(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Hierarchy> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a hierarchy", faults)?;
    let hierarchy = Hierarchy {
        caption: caption(&mut fields, &name),
        levels: fields.named("levels", level),
        name,
    };
    if hierarchy.levels.is_empty() {
        let place = fields.place().clone();
        fields.faults().add(
            &place,
            format!("hierarchy '{}' lacks levels", hierarchy.name),
        );
    }
    fields.finish();
    Some(hierarchy)
}

fn level(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Level> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a level", faults)?;
    let key = fields.or("key", name.clone());
    let name_en = fields
        .want::<String>("name")
        .or_else(|| fields.want("name_en"));
    let name_en = name_en.unwrap_or_else(|| key.clone());
    let level = Level {
        caption: caption(&mut fields, &name),
        name_zh: fields.or("name_zh", name_en.clone()),
        sort: fields.or("sort", key.clone()),
        name_en,
        key,
        name,
    };
    fields.finish();
    Some(level)
}
