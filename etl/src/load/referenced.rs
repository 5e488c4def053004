//! Which members the facts of a load refer to, so that those that never arrived can be inferred.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{cast, filter_record_batch, not};
use arrow::datatypes::DataType as Arrow;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Model, Star};

use crate::conform::{Conformed, DELETED};
use crate::dimension::IdIndex;
use crate::error::{Error, Result};

/// Business ids by dimension.
pub(super) type Referenced = BTreeMap<String, BTreeSet<String>>;

/// The ids in the role columns of all stars, in their bridges and in the outriggers of dimensions, by dimension. Nulls and empty texts refer to nobody.
pub(super) fn referenced(
    model: &Model,
    conformed: &BTreeMap<String, Conformed>,
) -> Result<Referenced> {
    let mut referenced = Referenced::new();
    for star in &model.stars {
        let Some(rows) = conformed.get(&star.entity) else {
            continue;
        };
        for (dimension, column) in references(model, star) {
            let ids = referenced.entry(dimension.to_owned()).or_default();
            add(ids, rows.rows.batches(), column, &star.table())?;
        }
    }
    for bridge in model.stars.iter().flat_map(|star| &star.bridges) {
        let Some(rows) = conformed.get(&bridge.entity) else {
            continue;
        };
        let ids = referenced.entry(bridge.dimension.clone()).or_default();
        let rows = rows.rows.batches().map(|rows| standing(&rows?));
        add(ids, rows, &bridge.column, &bridge.table())?;
    }
    for owner in &model.dimensions {
        let DimensionKind::Entity { entity, .. } = &owner.kind else {
            continue;
        };
        let Some(rows) = conformed.get(entity) else {
            continue;
        };
        for outrigger in &owner.outriggers {
            let target = model.dimension(&outrigger.dimension);
            if target.is_some_and(Dimension::has_entity) {
                let ids = referenced.entry(outrigger.dimension.clone()).or_default();
                add(ids, rows.rows.batches(), &outrigger.column, &owner.table())?;
            }
        }
    }
    Ok(referenced)
}

/// The dimensions with members of their own that a star refers to, and the columns with their business keys.
fn references<'a>(model: &'a Model, star: &'a Star) -> impl Iterator<Item = (&'a str, &'a str)> {
    let roles = star.roles.iter().filter(|role| {
        let dimension = model.dimension(&role.dimension);
        dimension.is_some_and(Dimension::has_entity)
    });
    roles.map(|role| (role.dimension.as_str(), role.column.as_str()))
}

/// The rows that are not marked as deleted.
fn standing(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    match rows.column_by_name(DELETED) {
        Some(deleted) => filter_record_batch(rows, &not(deleted.as_boolean())?),
        None => Ok(rows.clone()),
    }
}

fn add(
    ids: &mut BTreeSet<String>,
    rows: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    column: &str,
    table: &str,
) -> Result<()> {
    let doing = || Error::arrow(format!("reading the members to which {table} refers"));
    let mut seen = IdIndex::default();
    for rows in rows {
        let rows = rows.map_err(doing())?;
        let Some(values) = rows.column_by_name(column) else {
            return Ok(());
        };
        let values = cast(values, &Arrow::Utf8).map_err(doing())?;
        let values = values.as_string::<i32>().iter().flatten();
        for id in values.filter(|id| !id.is_empty()) {
            // few ids stand in many rows
            let before = seen.len();
            seen.add(id);
            if seen.len() > before {
                ids.insert(id.to_owned());
            }
        }
    }
    Ok(())
}
