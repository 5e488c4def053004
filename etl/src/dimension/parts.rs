//! The members that a load touches, built in parts on threads.
//!
//! Every part issues new keys from the same number on; laid together, those of each part follow those of the parts before it.
//! Members that were merged are all in the first part, so that a merge never leads out of one.

use std::collections::{BTreeSet, HashSet};
use std::num::NonZero;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, RecordBatch};
use arrow::compute::{
    cast, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch,
};
use arrow::datatypes::{DataType as Arrow, Int32Type};
use arrow::error::ArrowError;
use planisphere_schemas::model::DimensionKind;
use twox_hash::XxHash3_128;

use crate::conform::MERGED_INTO;
use crate::error::{Error, Result};
use crate::threads;

use super::build::build_dimension;
use super::key_map::Issued;
use super::{Delta, DimensionBuild, DimensionInput, EntityRows, Existing};

/// Rows below which one thread is enough.
const FEW: usize = 4;
/// The same for a first load, so that keys of small dimensions do not depend on the number of processors.
const FEW_AT_FIRST: usize = 65_536;

/// Builds what a load makes of members that it touches, on as many threads as there are processors.
///
/// # Errors
/// As [`build_dimension`].
pub(crate) fn build_in_parts(
    input: DimensionInput<'_>,
    merged: &HashSet<String>,
) -> Result<DimensionBuild> {
    let most = std::thread::available_parallelism().map_or(1, NonZero::get);
    let few = match input.existing {
        Some(_) => FEW,
        None => FEW_AT_FIRST,
    };
    if most == 1 || input.is_whole || input.entity.rows.num_rows() < few {
        return build_dimension(input);
    }
    let doing = || {
        Error::arrow(format!(
            "building dimension '{}'",
            input.entity.dimension.name
        ))
    };
    let deal = Deal::of(&input, merged, most as u128).map_err(doing())?;
    let mut parts = Vec::with_capacity(most);
    threads::in_order(
        (0..most).map(Ok),
        |part| deal.build(&input, part as u128),
        |part| {
            parts.push(part);
            Ok(())
        },
    )?;
    together(parts, input.issued).map_err(doing())
}

/// In which of so many shares a member is, whose parts are built one after the other.
pub(crate) fn share_of(id: &str, shares: u32) -> u32 {
    // parts go by the remainders of the hash, shares by its upper bits
    let upper = hash(id) >> 64;
    u32::try_from(upper % u128::from(shares.max(1))).unwrap_or(0)
}

fn hash(id: &str) -> u128 {
    XxHash3_128::oneshot(id.as_bytes())
}

/// Who is in which part.
struct Deal<'a> {
    merged: HashSet<&'a str>,
    own: BTreeSet<String>,
    parts: u128,
}

impl<'a> Deal<'a> {
    fn of(
        input: &DimensionInput<'_>,
        merged: &'a HashSet<String>,
        parts: u128,
    ) -> Result<Self, ArrowError> {
        let ids = entity_ids(&input.entity)?;
        let ids = ids.as_string::<i32>();
        let rows = input.entity.rows;
        let into = rows.column(rows.schema().index_of(MERGED_INTO)?);
        let own = (0..rows.num_rows()).filter(|row| into.is_valid(*row) && ids.is_valid(*row));
        Ok(Self {
            merged: merged.iter().map(String::as_str).collect(),
            own: own.map(|row| ids.value(row).to_owned()).collect(),
            parts,
        })
    }

    fn part(&self, id: &str) -> u128 {
        match self.merged.contains(id) || self.own.contains(id) {
            true => 0,
            false => hash(id) % self.parts,
        }
    }

    /// The rows of a part; those without an id are in the first.
    fn rows(
        &self,
        rows: &RecordBatch,
        ids: &ArrayRef,
        part: u128,
    ) -> Result<RecordBatch, ArrowError> {
        let ids = ids.as_string::<i32>().iter();
        let mine = ids.map(|id| Some(id.map_or(0, |id| self.part(id)) == part));
        filter_record_batch(rows, &mine.collect::<BooleanArray>())
    }

    fn build(&self, input: &DimensionInput<'_>, part: u128) -> Result<DimensionBuild> {
        let dimension = input.entity.dimension;
        let doing = || Error::arrow(format!("building dimension '{}'", dimension.name));
        let ids = entity_ids(&input.entity).map_err(doing())?;
        let rows = self.rows(input.entity.rows, &ids, part).map_err(doing())?;
        let id = dimension.id_column();
        let published = |rows: &RecordBatch| -> Result<RecordBatch> {
            let ids = rows
                .schema()
                .index_of(&id)
                .map(|at| rows.column(at).clone());
            let ids = ids.map_err(doing())?;
            self.rows(rows, &ids, part).map_err(doing())
        };
        let existing = |existing: &Option<Existing>| -> Result<Option<Existing>> {
            let existing = existing.as_ref().map(|it| {
                Ok::<_, Error>(Existing {
                    rows: published(&it.rows)?,
                    ..it.clone()
                })
            });
            existing.transpose()
        };
        let referenced = input.referenced.iter();
        let referenced = referenced
            .filter(|id| self.part(id) == part)
            .cloned()
            .collect();
        build_dimension(DimensionInput {
            entity: EntityRows {
                rows: &rows,
                ..input.entity
            },
            existing: existing(&input.existing)?,
            existing_map: input.existing_map.as_ref().map(&published).transpose()?,
            existing_changes: existing(&input.existing_changes)?,
            audited: input.audited.clone(),
            referenced: &referenced,
            has_specials: input.has_specials && part == 0,
            ..*input
        })
    }
}

/// The business ids of conformed rows as texts.
fn entity_ids(entity: &EntityRows<'_>) -> Result<ArrayRef, ArrowError> {
    let DimensionKind::Entity { key, .. } = &entity.dimension.kind else {
        return Err(ArrowError::InvalidArgumentError(
            "no entity feeds it".into(),
        ));
    };
    let at = entity.rows.schema().index_of(key)?;
    cast(entity.rows.column(at), &Arrow::Utf8)
}

/// What all parts make together.
fn together(parts: Vec<DimensionBuild>, issued: Issued) -> Result<DimensionBuild, ArrowError> {
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else {
        return Err(ArrowError::InvalidArgumentError("there is no part".into()));
    };
    let mut last = all.issued;
    let (mut tables, mut maps) = (Deltas::of(all.table), Deltas::of(all.map));
    let mut changes = vec![all.changes];
    for part in parts {
        let shift = Shift {
            issued,
            by: Issued {
                keys: last.keys - issued.keys,
                durables: last.durables - issued.durables,
            },
        };
        last = Issued {
            keys: (last.keys).saturating_add(part.issued.keys - issued.keys),
            durables: (last.durables).saturating_add(part.issued.durables - issued.durables),
        };
        tables.add(part.table, &shift)?;
        maps.add(part.map, &shift)?;
        changes.push(part.changes);
        all.aliases.extend(part.aliases);
        let moved = part.moved.into_iter();
        all.moved
            .extend(moved.map(|(old, new)| (old, shift.key(new))));
        all.all_changes |= part.all_changes;
        all.doubts.add(&part.doubts);
        all.tally.add(&part.tally);
        all.rejects.extend(part.rejects);
    }
    let schema = changes[0].schema();
    Ok(DimensionBuild {
        table: tables.together()?,
        map: maps.together()?,
        changes: concat_batches(&schema, &changes)?,
        issued: last,
        ..all
    })
}

/// The new keys of a part behind those of the parts before it.
struct Shift {
    /// The keys that were issued before any part.
    issued: Issued,
    /// How many the parts before have issued.
    by: Issued,
}

impl Shift {
    fn key(&self, key: i32) -> i32 {
        key + if key > self.issued.keys {
            self.by.keys
        } else {
            0
        }
    }

    /// Rows with their surrogate and durable keys, which stand in the first two columns, behind the others.
    fn rows(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut columns = rows.columns().to_vec();
        let keys = columns[0].as_primitive::<Int32Type>();
        let keys: Int32Array = keys.unary(|key| self.key(key));
        let durables = columns[1].as_primitive::<Int32Type>();
        let durables: Int32Array = durables.unary(|key| {
            key + if key > self.issued.durables {
                self.by.durables
            } else {
                0
            }
        });
        columns[0] = Arc::new(keys);
        columns[1] = Arc::new(durables);
        RecordBatch::try_new(rows.schema(), columns)
    }
}

/// What becomes of the rows of a table, part by part.
struct Deltas {
    added: Vec<RecordBatch>,
    changed: Vec<RecordBatch>,
    columns: Vec<bool>,
    removed: Vec<i32>,
}

impl Deltas {
    fn of(first: Delta) -> Self {
        Self {
            added: vec![first.added],
            changed: vec![first.changed],
            columns: first.columns,
            removed: first.removed,
        }
    }

    fn add(&mut self, part: Delta, shift: &Shift) -> Result<(), ArrowError> {
        self.added.push(shift.rows(&part.added)?);
        self.changed.push(part.changed);
        for (known, found) in self.columns.iter_mut().zip(part.columns) {
            *known |= found;
        }
        self.removed.extend(part.removed);
        Ok(())
    }

    fn together(self) -> Result<Delta, ArrowError> {
        let added = concat_batches(&self.added[0].schema(), &self.added)?;
        // keys that come back are smaller than those that are new
        let keys = added.column(0).as_primitive::<Int32Type>().values();
        let added = match keys.is_sorted() {
            true => added,
            false => {
                let by = arrow::compute::SortColumn {
                    values: added.column(0).clone(),
                    options: None,
                };
                take_record_batch(&added, &lexsort_to_indices(&[by], None)?)?
            }
        };
        Ok(Delta {
            added,
            changed: concat_batches(&self.changed[0].schema(), &self.changed)?,
            columns: self.columns,
            removed: self.removed,
        })
    }
}
