//! `milestones:` of a star.

use crate::document::{Faults, Fields, Node, Place};
use crate::model::milestones::{DurationUnit, Milestone, Milestones};
use crate::model::types::Caption;

use super::{caption, id, short_type};

/// The milestones with what is said of them beside; `None` if the star has none.
pub(super) fn milestones(fields: &mut Fields<'_, '_>) -> Option<Milestones> {
    let steps = fields.named("milestones", milestone);
    let units = [("days", DurationUnit::Days), ("hours", DurationUnit::Hours)];
    let declared = fields.optional("durations").or(fields.optional("ended"));
    let durations = fields.choice("durations", &units);
    let ended = fields.want::<String>("ended");
    if steps.is_empty() {
        if let Some(node) = declared {
            let message = "'durations' and 'ended' are said of 'milestones', which the star lacks";
            fields.faults().add(&node.place, message);
        }
        return None;
    }
    Some(Milestones {
        steps,
        durations: durations.unwrap_or(DurationUnit::Days),
        ended,
    })
}

fn milestone(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Milestone> {
    let name = id(name, place, faults);
    if let Some(column) = short_type(node).filter(|column| !column.is_empty()) {
        return Some(Milestone {
            caption: Caption::of_id(&name),
            column: column.to_owned(),
            dimension: "date".into(),
            name,
        });
    }
    let mut fields = Fields::of(node, "a milestone", faults)?;
    let milestone = Milestone {
        caption: caption(&mut fields, &name),
        column: fields.need("column").unwrap_or_default(),
        dimension: fields.or("dimension", "date".to_owned()),
        name,
    };
    fields.finish();
    Some(milestone)
}
