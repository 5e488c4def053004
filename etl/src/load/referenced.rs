//! Which members the facts of a load refer to, so that those that never arrived can be inferred.
//!
//! Of each a hash is in memory; the ids themselves wait as far as there is room, beyond that in a file, until it is known who is
//! unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch, StringArray, StringBuilder};
use arrow::compute::{cast, filter_record_batch, not};
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Model, Role, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::{Conformed, DELETED};
use crate::dimension::IdIndex;
use crate::error::{Error, Result};
use crate::spool::{Memory, Spool, Spooled};
use crate::threads;

use super::execute::Execution;

/// The members to which facts refer, by dimension.
pub(super) type Referenced = BTreeMap<String, Referring>;

/// The members of one dimension to which facts refer.
pub(super) struct References {
    /// Their numbers.
    pub(super) ids: IdIndex,
    /// Their ids in the order of the numbers.
    texts: Spooled,
}

impl References {
    /// Those among them whose numbers and ids are wanted.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(super) fn which(&self, wanted: impl Fn(usize, &str) -> bool) -> Result<BTreeSet<String>> {
        let doing = || Error::arrow("reading the members to which facts refer");
        let (mut found, mut number) = (BTreeSet::new(), 0);
        for rows in self.texts.batches() {
            let rows = rows.map_err(doing())?;
            for id in rows.column(0).as_string::<i32>().iter().flatten() {
                if wanted(number, id) {
                    found.insert(id.to_owned());
                }
                number += 1;
            }
        }
        Ok(found)
    }
}

/// Takes the ids of one dimension.
pub(super) struct Referring {
    ids: IdIndex,
    texts: Spool,
    waiting: StringBuilder,
}

/// Ids that wait for the others of their batch.
const BATCH: usize = 8_192;

impl Referring {
    fn new(memory: &Memory) -> Self {
        Self {
            ids: IdIndex::default(),
            texts: Spool::new(schema(), memory),
            waiting: StringBuilder::new(),
        }
    }

    fn add(&mut self, ids: &StringArray) -> Result<(), ArrowError> {
        let is_given = |id: &Option<&str>| id.is_some_and(|id| !id.is_empty());
        let some;
        let ids = match ids.iter().all(|id| is_given(&id)) {
            true => ids,
            false => {
                some = ids.iter().filter(is_given).collect::<StringArray>();
                &some
            }
        };
        // few ids stand in many rows
        let mut next = self.ids.len();
        for (number, id) in self.ids.add_all(ids).into_iter().zip(ids.iter().flatten()) {
            if number as usize == next {
                next += 1;
                self.waiting.append_value(id);
            }
        }
        match arrow::array::ArrayBuilder::len(&self.waiting) < BATCH {
            true => Ok(()),
            false => self.flush(),
        }
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        let ids = Arc::new(self.waiting.finish());
        self.texts.push(RecordBatch::try_new(schema(), vec![ids])?)
    }

    /// All of them.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub(super) fn finish(mut self) -> Result<References> {
        let doing = || Error::arrow("reading the members to which facts refer");
        self.flush().map_err(doing())?;
        Ok(References {
            ids: self.ids,
            texts: self.texts.finish().map_err(doing())?,
        })
    }
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![Field::new("id", Arrow::Utf8, false)]))
}

/// The ids in the role columns of all stars, in their bridges and in the outriggers of dimensions, by dimension. Nulls and empty texts refer to nobody.
pub(super) fn referenced(
    model: &Model,
    conformed: &BTreeMap<String, Conformed>,
    memory: &Memory,
) -> Result<Referenced> {
    let mut referenced = Referenced::new();
    let new = || Referring::new(memory);
    for star in &model.stars {
        let Some(rows) = conformed.get(&star.entity) else {
            continue;
        };
        let columns = references(model, star, |_| true);
        add_all(&mut referenced, &rows.rows, columns, memory, &star.table())?;
    }
    for bridge in model.stars.iter().flat_map(|star| &star.bridges) {
        let Some(rows) = conformed.get(&bridge.entity) else {
            continue;
        };
        let ids = referenced
            .entry(bridge.dimension.clone())
            .or_insert_with(new);
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
                let ids = referenced
                    .entry(outrigger.dimension.clone())
                    .or_insert_with(new);
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
                let ids = referenced
                    .entry(dimension.to_owned())
                    .or_insert_with(|| Referring::new(&self.memory));
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

/// Adds the ids in several columns of some rows, the dimensions dealt out to threads.
fn add_all<'a>(
    referenced: &mut Referenced,
    rows: &Spooled,
    columns: impl Iterator<Item = (&'a str, &'a str)>,
    memory: &Memory,
    table: &str,
) -> Result<()> {
    let mut by_dimension: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (dimension, column) in columns {
        by_dimension.entry(dimension).or_default().push(column);
    }
    let most = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut parts: Vec<Vec<(&str, Referring, Vec<&str>)>> = Vec::new();
    parts.resize_with(most.min(by_dimension.len()), Vec::new);
    for (at, (dimension, columns)) in by_dimension.into_iter().enumerate() {
        let ids = referenced.remove(dimension);
        let ids = ids.unwrap_or_else(|| Referring::new(memory));
        let part = at % parts.len();
        parts[part].push((dimension, ids, columns));
    }
    threads::in_order(
        parts.into_iter().map(Ok),
        |mut part| {
            for rows in rows.batches() {
                let rows = rows.map_err(reading(table))?;
                for (_, ids, columns) in &mut part {
                    let mut columns = columns.iter();
                    columns.try_for_each(|column| add_rows(ids, &rows, column, table))?;
                }
            }
            Ok(part)
        },
        |part| {
            let ids = part.into_iter();
            referenced.extend(ids.map(|(dimension, ids, _)| (dimension.to_owned(), ids)));
            Ok(())
        },
    )
}

fn add(
    ids: &mut Referring,
    rows: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    column: &str,
    table: &str,
) -> Result<()> {
    for rows in rows {
        add_rows(ids, &rows.map_err(reading(table))?, column, table)?;
    }
    Ok(())
}

fn add_rows(ids: &mut Referring, rows: &RecordBatch, column: &str, table: &str) -> Result<()> {
    let Some(values) = rows.column_by_name(column) else {
        return Ok(());
    };
    let values = cast(values, &Arrow::Utf8).map_err(reading(table))?;
    ids.add(values.as_string::<i32>()).map_err(reading(table))
}

fn reading(table: &str) -> impl FnOnce(ArrowError) -> Error {
    Error::arrow(format!("reading the members to which {table} refers"))
}
