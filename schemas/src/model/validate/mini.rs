//! Mini-dimensions: each has an owner with fast attributes, and each fast attribute has its mini-dimension.

use crate::model::dimension::{Dimension, DimensionKind};

use super::{Check, within};

pub(super) fn check(check: &mut Check<'_>, dimension: &Dimension) {
    for fast in &dimension.fast {
        declared(check, dimension, &fast.attribute.name, &fast.mini);
    }
    let DimensionKind::Mini { of } = &dimension.kind else {
        return;
    };
    let spot = ("dimension", dimension.name.clone());
    let model = check.model;
    let names: Vec<&str> = model.dimensions.iter().map(|it| it.name.as_str()).collect();
    if !check.known(&within(&spot, "mini_of", of), "dimension", of, names) {
        return;
    }
    if dimension.attributes.is_empty() {
        let message = format!(
            "mini-dimension '{0}' has no attributes; give attributes of '{of}' 'scd: 4' and 'mini: {0}'",
            dimension.name
        );
        check.fault(&within(&spot, "mini_of", of), message);
    }
    super::dimension::no_doubles(check, dimension);
    let history = format!("{}_history", dimension.name);
    if model.dimension(&history).is_some() {
        let message = format!(
            "the history of mini-dimension '{}' needs the name '{history}', which another dimension has",
            dimension.name
        );
        check.fault(&spot, message);
    }
}

/// The mini-dimension of a fast attribute must be one of its own dimension.
fn declared(check: &mut Check<'_>, owner: &Dimension, attribute: &str, mini: &str) {
    let is_own =
        |found: &Dimension| matches!(&found.kind, DimensionKind::Mini { of } if *of == owner.name);
    if check.model.dimension(mini).is_some_and(is_own) {
        return;
    }
    let spot = ("dimension", format!("{}/{attribute}", owner.name));
    let message = format!(
        "attribute '{attribute}' goes to mini-dimension '{mini}', which no file declares as one of '{0}'; write a file with \
         'dimension: {mini}' and 'mini_of: {0}'",
        owner.name
    );
    check.fault(&spot, message);
}
