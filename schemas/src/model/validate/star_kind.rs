//! What the kind of a star demands and forbids: milestones, periods, and measures that are states.

use crate::model::milestones::Milestones;
use crate::model::periodic::{PERIOD_END, Periodic};
use crate::model::source::Entity;
use crate::model::star::{FactMeasure, Star, StarKind};
use crate::model::types::DataType;

use super::{Check, Spot, within};

/// What the rows of an entity are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum States {
    /// Present states.
    Present,
    /// Past and present states, rebuilt from an audit table.
    Rebuilt,
    /// Changes.
    Changes,
}

impl States {
    pub(super) fn of(entity: &Entity) -> Self {
        match (&entity.changes, entity.from.ends_with("_versions")) {
            (Some(_), _) => Self::Changes,
            (None, true) => Self::Rebuilt,
            (None, false) => Self::Present,
        }
    }
}

/// What the kind of a star demands and forbids.
pub(super) fn kind_rules(check: &mut Check<'_>, star: &Star, columns: &[&str], states: States) {
    if star.kind == StarKind::Factless
        && let Some(measure) = star.measures.first()
    {
        let spot = ("star", format!("{}/{}", star.name, measure.name));
        let message = format!(
            "star '{}' is factless and has no measures; count its rows in a cube",
            star.name
        );
        check.fault(&spot, message);
    }
    if let Some(milestones) = &star.milestones {
        milestone_rules(check, star, milestones, columns);
    }
    if let Some(periodic) = &star.periodic {
        periodic_rules(check, star, periodic, (columns, states));
    }
    for measure in &star.measures {
        semi_additive_rules(check, star, measure);
    }
}

fn milestone_rules(check: &mut Check<'_>, star: &Star, milestones: &Milestones, columns: &[&str]) {
    let spot: Spot = ("star", star.name.clone());
    if star.kind != StarKind::Accumulating {
        let message = "milestones belong to a star of 'kind: accumulating'";
        check.fault(&spot, message.into());
    }
    if milestones.steps.len() < 2 {
        check.fault(&spot, "a process has at least two milestones".into());
    }
    for step in &milestones.steps {
        let model = check.model;
        let calendar = model.dimension(&step.dimension);
        if calendar.is_some_and(|found| !found.is_calendar()) {
            let spot = ("star", format!("{}/{}", star.name, step.name));
            let message = format!(
                "dimension '{}' of milestone '{}' is no calendar",
                step.dimension, step.name
            );
            check.fault(&spot, message);
        }
    }
    if let Some(ended) = &milestones.ended {
        let spot = within(&spot, "ended", ended);
        let known = columns.iter().copied();
        check.known(&spot, "column of the entity", ended, known);
    }
}

fn periodic_rules(
    check: &mut Check<'_>,
    star: &Star,
    periodic: &Periodic,
    (columns, states): (&[&str], States),
) {
    let spot: Spot = ("star", star.name.clone());
    if columns.contains(&PERIOD_END) {
        let message = format!(
            "entity '{}' has a column '{PERIOD_END}', which a periodic star adds itself; call it otherwise",
            star.entity
        );
        check.fault(&spot, message);
    }
    let model = check.model;
    let is_calendar = |name: &str| model.dimension(name).is_none_or(|it| it.is_calendar());
    let mut roles = star.roles.iter();
    if !roles.any(|role| role.column == PERIOD_END && is_calendar(&role.dimension)) {
        let message = format!(
            "a periodic star needs a calendar role with 'column: {PERIOD_END}', the last day of the period"
        );
        check.fault(&spot, message);
    }
    let edges = [("begins", &periodic.begins), ("ends", &periodic.ends)];
    for (field, column) in edges {
        let Some(column) = column else { continue };
        let spot = within(&spot, field, column);
        check.known(
            &spot,
            "column of the entity",
            column,
            columns.iter().copied(),
        );
        if states == States::Present {
            let message = format!(
                "'{field}' is said of histories; entity '{}' gives present states",
                star.entity
            );
            check.fault(&spot, message);
        }
    }
    if states == States::Rebuilt && periodic.begins.is_none() {
        let message = format!(
            "a periodic star of the rebuilt history '{}' needs 'begins', the column from which a row is there: first versions are open",
            star.entity
        );
        check.fault(&spot, message);
    }
}

fn semi_additive_rules(check: &mut Check<'_>, star: &Star, measure: &FactMeasure) {
    let Some(semi) = &measure.semi_additive else {
        return;
    };
    let spot: Spot = ("star", format!("{}/{}", star.name, measure.name));
    let over = within(&spot, "over", &semi.over);
    let names = star.roles.iter().map(|role| role.name.as_str());
    if !check.given(&over, "role of the star", &semi.over, names) {
        return;
    }
    let model = check.model;
    let role = star.role(&semi.over);
    let dimension = role.and_then(|role| model.dimension(&role.dimension));
    if dimension.is_some_and(|dimension| !dimension.is_calendar()) {
        let message = format!("role '{}' is no day over which a state is told", semi.over);
        check.fault(&over, message);
    }
    if measure.data_type == DataType::Double {
        let message = format!(
            "measure '{}' is semi-additive and has to be exact: an integer or a decimal",
            measure.name
        );
        check.fault(&spot, message);
    }
}
