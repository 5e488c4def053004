//! The order in which dimensions are built: those that others refer to come first.

use planisphere_schemas::model::{Dimension, Model};

/// The dimensions, each behind those that its outriggers refer to; the validator has excluded circles.
pub(super) fn in_order(model: &Model) -> Vec<&Dimension> {
    let mut ordered: Vec<&Dimension> = Vec::new();
    for dimension in &model.dimensions {
        add(model, dimension, &mut ordered);
    }
    ordered
}

fn add<'a>(model: &'a Model, dimension: &'a Dimension, ordered: &mut Vec<&'a Dimension>) {
    let is_there = |ordered: &[&Dimension]| ordered.iter().any(|it| it.name == dimension.name);
    if is_there(ordered) {
        return;
    }
    for outrigger in &dimension.outriggers {
        if let Some(target) = model.dimension(&outrigger.dimension) {
            add(model, target, ordered);
        }
    }
    ordered.push(dimension);
}
