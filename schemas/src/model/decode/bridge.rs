//! `bridges:` of a star.

use crate::document::{Faults, Fields, Node, Place};
use crate::model::bridge::Bridge;

use super::{caption, id, texts};

/// A role of many members; what it is compared by is filled in by its star.
pub(super) fn bridge(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
) -> Option<Bridge> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a bridge of a star", faults)?;
    let bridge = Bridge {
        caption: caption(&mut fields, &name),
        dimension: fields.or("dimension", name.clone()),
        entity: fields.need("entity").unwrap_or_default(),
        facts: texts(&mut fields, "facts"),
        by: texts(&mut fields, "by"),
        column: fields.need("column").unwrap_or_default(),
        weight: fields.want("weight"),
        as_of: fields.want("as_of"),
        name,
    };
    if bridge.facts.is_empty() {
        let place = fields.place().clone();
        let message =
            "a bridge lacks 'facts', the columns of its entity that say whose member a row names";
        fields.faults().add(&place, message);
    }
    fields.finish();
    Some(bridge)
}
