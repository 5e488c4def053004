//! What stars and cubes must not do where corrections are booked as rows of their own.

use crate::model::corrections::{BOOKED, BOOKED_BY, BOOKED_ON};
use crate::model::cube::Aggregation;
use crate::model::sql::referenced_columns;
use crate::model::star::{Star, StarKind};

use super::{Check, Spot, within};

/// What a star with `corrections: offset` demands; its entity has these columns.
pub(super) fn correction_rules(check: &mut Check<'_>, star: &Star, columns: &[&str]) {
    if !star.is_offset() {
        return;
    }
    let spot: Spot = ("star", star.name.clone());
    if star.kind != StarKind::Transaction {
        let message = "'corrections: offset' belongs to a star of 'kind: transaction': only events are booked, states are restated";
        check.fault(&within(&spot, "corrections", "offset"), message.into());
    }
    for name in [BOOKED, BOOKED_ON, BOOKED_BY] {
        if columns.contains(&name) {
            let message = format!(
                "entity '{}' has a column '{name}', which a star with 'corrections: offset' adds itself; call it otherwise",
                star.entity
            );
            check.fault(&spot, message);
        }
    }
    for measure in star.measures.iter().filter(|it| it.semi_additive.is_some()) {
        let spot = ("star", format!("{}/{}", star.name, measure.name));
        let message = format!(
            "measure '{}' is a state, which cannot be taken back by a row of its own; put it into a star that restates",
            measure.name
        );
        check.fault(&spot, message);
    }
}

/// What an aggregate of a cube must not be over rows that take others back.
pub(super) fn aggregate_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    star: &Star,
    (function, filter): (Aggregation, Option<&str>),
) {
    if !star.is_offset() {
        return;
    }
    if function != Aggregation::Sum {
        let message = format!(
            "star '{}' books corrections as rows of their own, over which only sums are right; the sum of '{BOOKED}' counts",
            star.name
        );
        check.fault(spot, message);
    }
    let parsed = filter.and_then(|filter| crate::model::sql::parse_expression(filter).ok());
    let parsed = parsed.iter();
    for (_, column) in parsed.flat_map(referenced_columns) {
        if star.measure(&column).is_some() {
            let message = format!(
                "measure '{column}' is negative in rows that take others back, so that a condition on it would keep one of the two"
            );
            check.fault(spot, message);
        }
    }
}
