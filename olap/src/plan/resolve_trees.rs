//! What cannot be asked by the trees of dimensions.

use planisphere_schemas::model::{ContextFunction, Dimension, Model};

use super::resolved::{ResolvedHistory, ResolvedLevel, ResolvedQuery};
use super::resolved_measure::ResolvedKind;
use super::signs::is_signed;
use crate::error::QueryFaults;
use crate::model::DimensionSource;

const AS_IS: &str = "ask as is, or as of a day";

/// Refuses members above as they were at the time of each fact, where that changes: versions of a member tell when it changed itself, not when
/// somebody above it did.
pub(crate) fn check_trees(model: &Model, query: &ResolvedQuery, faults: &mut QueryFaults) {
    if query.history != ResolvedHistory::AsWas {
        return;
    }
    let mut levels = query.levels();
    if let Some(level) = levels.find(|level| is_of_history(model, level)) {
        let message = format!(
            "level '{}' is of a tree with a history, in which a fact does not tell who was above its member",
            level.name
        );
        faults.invalid("history", message, Some(AS_IS.into()));
    }
    let of_parts = query.across.iter().flat_map(|part| &part.signs);
    let mut signs = query.signs.iter().chain(of_parts);
    let has_history = |dimension: &str| {
        model
            .dimension(dimension)
            .is_some_and(Dimension::is_tree_versioned)
    };
    if let Some(signed) = signs.find(|it| has_history(&it.dimension)) {
        let message = format!(
            "a signed measure takes the operators of '{}', a tree with a history, in which a fact does not tell who was above its member",
            signed.role
        );
        faults.invalid("history", message, Some(AS_IS.into()));
    }
}

/// Refuses signed measures where their signs would not be those of the cell.
pub(crate) fn check_signs(query: &ResolvedQuery, faults: &mut QueryFaults) {
    let Some(signed) = query.signs.first() else {
        return;
    };
    if let Some(level) = query.levels().find(|level| level.is_bridged()) {
        let message = format!(
            "a signed measure is not told by '{}', of which a fact has many members",
            level.dimension()
        );
        let hint = "ask for it by other dimensions";
        faults.invalid("measures", message, Some(hint.into()));
    }
    let of_signed = |name: &str| {
        query
            .measures
            .only(name)
            .needed
            .iter()
            .any(|it| is_signed(&it.kind))
    };
    for measure in &query.measures.needed {
        if let ResolvedKind::InContext(context) = &measure.kind
            && query.signs.iter().any(|it| it.role == context.dimension)
            && !is_above(context.function)
            && of_signed(&context.measure)
        {
            let message = format!(
                "'{}' takes a signed measure to other members of '{}', whose operators hold for the members above",
                measure.name, signed.role
            );
            let hint = "take it to 'parent', 'ancestor', 'total' or 'rank' there";
            faults.invalid("measures", message, Some(hint.into()));
        }
    }
}

fn is_above(function: ContextFunction) -> bool {
    use ContextFunction::{Ancestor, Parent, Rank, Total};
    matches!(function, Parent | Ancestor | Total | Rank)
}

fn is_of_history(model: &Model, level: &ResolvedLevel) -> bool {
    let DimensionSource::Role { dimension, .. } = &level.source else {
        return false;
    };
    let dimension = model.dimension(dimension);
    dimension.is_some_and(|it| it.is_tree_versioned() && is_of_tree(it, level))
}

fn is_of_tree(dimension: &Dimension, level: &ResolvedLevel) -> bool {
    let own = level.own();
    own.is_some_and(|own| dimension.attribute_above(&own.key.name).is_some())
}
