//! Which members the facts of a load refer to, so that those that never arrived can be inferred.
//!
//! Of each a hash is in memory; the ids themselves wait as far as there is room, beyond that in a file, until it is known who is
//! unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch, StringArray, StringBuilder};
use arrow::compute::{cast, filter_record_batch, not};
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Model, Star};

use crate::conform::{Conformed, DELETED};
use crate::dimension::IdIndex;
use crate::error::{Error, Result};
use crate::spool::{Memory, Spool, Spooled};

/// The members to which facts refer, by dimension.
pub(super) type Referenced = BTreeMap<String, References>;

/// The members of one dimension to which facts refer.
#[derive(Default)]
pub(super) struct References {
    /// Their numbers.
    pub(super) ids: IdIndex,
    /// Their ids in the order of the numbers.
    texts: Option<Spooled>,
}

impl References {
    /// Those among them whose numbers and ids are wanted.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(super) fn which(&self, wanted: impl Fn(usize, &str) -> bool) -> Result<BTreeSet<String>> {
        let doing = || Error::arrow("reading the members to which facts refer");
        let (mut found, mut number) = (BTreeSet::new(), 0);
        for rows in self.texts.iter().flat_map(Spooled::batches) {
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

/// Takes ids.
struct Referring {
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
        for id in ids.iter().flatten().filter(|id| !id.is_empty()) {
            // few ids stand in many rows
            let before = self.ids.len();
            self.ids.add(id);
            if self.ids.len() > before {
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

    fn finish(mut self) -> Result<References, ArrowError> {
        self.flush()?;
        Ok(References {
            ids: self.ids,
            texts: Some(self.texts.finish()?),
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
    let mut referenced: BTreeMap<String, Referring> = BTreeMap::new();
    let new = || Referring::new(memory);
    for star in &model.stars {
        let Some(rows) = conformed.get(&star.entity) else {
            continue;
        };
        for (dimension, column) in references(model, star) {
            let ids = referenced.entry(dimension.to_owned()).or_insert_with(new);
            add(ids, rows.rows.batches(), column, &star.table())?;
        }
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
    let done = referenced.into_iter().map(|(dimension, ids)| {
        let ids = ids.finish().map_err(Error::arrow(format!(
            "reading the members of '{dimension}' to which facts refer"
        )))?;
        Ok((dimension, ids))
    });
    done.collect()
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
    ids: &mut Referring,
    rows: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    column: &str,
    table: &str,
) -> Result<()> {
    let doing = || Error::arrow(format!("reading the members to which {table} refers"));
    for rows in rows {
        let rows = rows.map_err(doing())?;
        let Some(values) = rows.column_by_name(column) else {
            return Ok(());
        };
        let values = cast(values, &Arrow::Utf8).map_err(doing())?;
        ids.add(values.as_string::<i32>()).map_err(doing())?;
    }
    Ok(())
}
