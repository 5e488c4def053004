//! Which members the facts of a load refer to, so that those that never arrived can be inferred.
//!
//! The rows of facts are read again for each dimension, once it is known who is known: only the ids of strangers are told.

use std::collections::BTreeMap;

use arrow::array::{AsArray as _, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch, not};
use arrow::datatypes::DataType as Arrow;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Model, Role, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::{Conformed, DELETED};
use crate::error::{Error, Result};
use crate::spool::Spooled;
use crate::threads;

use super::execute::Execution;

/// The members to which facts refer, by dimension.
pub(super) type Referenced = BTreeMap<String, References>;

/// Where the members of one dimension are referred to.
#[derive(Default)]
pub(super) struct References {
    columns: Vec<Column>,
}

/// A column with business keys.
struct Column {
    rows: Spooled,
    name: String,
    /// The table whose rows refer to the members.
    table: String,
    /// True if rows that are marked as deleted refer to nobody.
    has_gone: bool,
}

impl References {
    /// Tells the ids in these columns of those who are strangers, those of some rows at a time: for some ids, none of them null
    /// or empty, `is_known` says of each whether it is no stranger.
    ///
    /// # Errors
    /// If a temporary file cannot be read, and those of `tell`.
    pub(super) fn each_stranger(
        &self,
        is_known: impl Fn(&StringArray) -> Vec<bool> + Sync,
        mut tell: impl FnMut(Vec<String>) -> Result<()>,
    ) -> Result<()> {
        for column in &self.columns {
            let rows = column.rows.batches();
            threads::in_order(
                rows.map(|rows| rows.map_err(reading(&column.table))),
                |rows| {
                    let ids = column.ids(&rows).map_err(reading(&column.table))?;
                    let known = is_known(&ids).into_iter();
                    let strange = ids.iter().flatten().zip(known).filter(|(_, known)| !known);
                    let mut strange: Vec<String> = strange.map(|(id, _)| id.to_owned()).collect();
                    strange.sort_unstable();
                    strange.dedup();
                    Ok(strange)
                },
                &mut tell,
            )?;
        }
        Ok(())
    }
}

impl Column {
    /// The ids in some rows; nulls and empty texts refer to nobody.
    fn ids(&self, rows: &RecordBatch) -> Result<StringArray, ArrowError> {
        let standing;
        let rows = match rows.column_by_name(DELETED).filter(|_| self.has_gone) {
            Some(deleted) => {
                standing = filter_record_batch(rows, &not(deleted.as_boolean())?)?;
                &standing
            }
            None => rows,
        };
        let Some(ids) = rows.column_by_name(&self.name) else {
            return Ok(StringArray::new_null(0));
        };
        let ids = cast(ids, &Arrow::Utf8)?;
        let ids = ids.as_string::<i32>();
        let is_given = |id: &Option<&str>| id.is_some_and(|id| !id.is_empty());
        Ok(match ids.iter().all(|id| is_given(&id)) {
            true => ids.clone(),
            false => ids.iter().filter(is_given).collect(),
        })
    }
}

/// The ids in the role columns of all stars, in their bridges and in the outriggers of dimensions, by dimension.
pub(super) fn referenced(model: &Model, conformed: &BTreeMap<String, Conformed>) -> Referenced {
    let mut referenced = Referenced::new();
    let mut add = |dimension: &str, entity: &str, name: &str, table: String, has_gone| {
        if let Some(rows) = conformed.get(entity) {
            let references = referenced.entry(dimension.to_owned()).or_default();
            references.columns.push(Column {
                rows: rows.rows.clone(),
                name: name.to_owned(),
                table,
                has_gone,
            });
        }
    };
    for star in &model.stars {
        for (dimension, column) in references(model, star, |_| true) {
            add(dimension, &star.entity, column, star.table(), false);
        }
        for bridge in &star.bridges {
            let (dimension, entity) = (&bridge.dimension, &bridge.entity);
            add(dimension, entity, &bridge.column, bridge.table(), true);
        }
    }
    for owner in &model.dimensions {
        let DimensionKind::Entity { entity, .. } = &owner.kind else {
            continue;
        };
        for outrigger in &owner.outriggers {
            let target = model.dimension(&outrigger.dimension);
            if target.is_some_and(Dimension::has_entity) {
                let (dimension, column) = (&outrigger.dimension, &outrigger.column);
                add(dimension, entity, column, owner.table(), false);
            }
        }
    }
    referenced
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
        let Some(model) = base.map(|base| &base.manifest().model) else {
            return Ok(());
        };
        for star in &self.model.stars {
            let before = model.star(&star.name);
            let before = before.map_or(&[][..], |before| &before.roles);
            let new = references(self.model, star, |role| !before.contains(role));
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
                let references = referenced.entry(dimension.to_owned()).or_default();
                references.columns.push(Column {
                    rows: kept.rows.clone(),
                    name: column.to_owned(),
                    table: star.table(),
                    has_gone: false,
                });
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

fn reading(table: &str) -> impl FnOnce(ArrowError) -> Error {
    Error::arrow(format!("reading the members to which {table} refers"))
}
