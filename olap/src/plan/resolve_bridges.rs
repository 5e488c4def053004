//! What cannot be asked by dimensions of which a fact has many members.

use std::collections::BTreeSet;

use super::resolved::ResolvedQuery;
use crate::error::QueryFaults;

/// Refuses what would have no answer, or not the right one.
pub(crate) fn check_bridges(query: &ResolvedQuery, faults: &mut QueryFaults) {
    let levels = query.levels().filter(|level| level.is_bridged());
    let bridges: BTreeSet<&str> = levels.map(|level| level.dimension()).collect();
    let Some(bridge) = bridges.first() else {
        return;
    };
    let elsewhere = query.measures.needed.iter();
    let mut elsewhere = elsewhere.filter(|it| query.measures.leaves_its_cell(&it.name));
    if let Some(measure) = elsewhere.next() {
        let message = format!(
            "'{}' is of another context than its cell, which is not told by '{bridge}', of which a fact has many members",
            measure.name
        );
        let hint = "ask for it by other dimensions";
        faults.invalid("measures", message, Some(hint.into()));
    }
    for top in &query.tops {
        let Some(per) = &top.per else {
            continue;
        };
        let is_bridged = top.level.is_bridged() || per.is_bridged();
        if !is_bridged || top.level.dimension() == per.dimension() {
            continue;
        }
        let message = format!(
            "members of '{}' are not ranked within '{}': a fact has many members",
            top.level.name, per.name
        );
        let hint = "rank without 'per', or filter by one member";
        faults.invalid("top.per", message, Some(hint.into()));
    }
}
