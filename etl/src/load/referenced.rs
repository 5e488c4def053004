//! Which members the facts of a load refer to, so that those that never arrived can be inferred.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{cast, filter_record_batch, not};
use arrow::datatypes::DataType as Arrow;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Model, Role, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::{Conformed, DELETED};
use crate::dimension::IdIndex;
use crate::error::{Error, Result};

use super::execute::Execution;

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
        for (dimension, column) in references(model, star, |_| true) {
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

impl Execution<'_> {
    /// Adds the ids in what streams have shown before, in roles that the published star does not have: those of older roles have
    /// been looked at when they were shown.
    pub(super) async fn referenced_before(
        &self,
        referenced: &mut Referenced,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<()> {
        let model = base.map(|base| &base.manifest().model);
        for star in &self.model.stars {
            let Some(before) = model.and_then(|model| model.star(&star.name)) else {
                continue;
            };
            let new = references(self.model, star, |role| !before.roles.contains(role));
            let new: Vec<(&str, &str)> = new.collect();
            let Some(fed) = self
                .fed(&star.entity, conformed)
                .filter(|_| !new.is_empty())
            else {
                continue;
            };
            let Some(kept) = self.kept_changes(star, &fed, base).await? else {
                continue;
            };
            for (dimension, column) in new {
                let ids = referenced.entry(dimension.to_owned()).or_default();
                let rows = std::iter::once(Ok(kept.rows.clone()));
                add(ids, rows, column, &star.table())?;
            }
        }
        Ok(())
    }
}

/// The dimensions with members of their own that a star refers to, and the columns with their business keys, of some of its roles.
fn references<'a>(
    model: &'a Model,
    star: &'a Star,
    is_wanted: impl Fn(&Role) -> bool,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let roles = star.roles.iter().filter(move |role| {
        let dimension = model.dimension(&role.dimension);
        dimension.is_some_and(Dimension::has_entity) && is_wanted(role)
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
