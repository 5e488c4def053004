//! The members that a load touches: what becomes of their rows, their keys, and of what was seen of them.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::error::ArrowError;
use planisphere_schemas::model::Scd;

use crate::error::{Error, Result};
use crate::warehouse::changed_columns;

use super::assembly::Assembly;
use super::doubt::Doubts;
use super::evidence::Evidence;
use super::key_map::{KeyMap, map_rows};
use super::learn::Learner;
use super::observe::observe;
use super::published::Published;
use super::recall::Past;
use super::timeline::Rule;
use super::{Delta, DimensionBuild, DimensionInput, Tally, arrow_schema};

/// Builds what a load makes of the members that it touches.
///
/// # Errors
/// [`Error::Engine`] if the columns of the entity cannot be read.
pub(crate) fn build_dimension(input: DimensionInput<'_>) -> Result<DimensionBuild> {
    let dimension = input.entity.dimension;
    let doing = || format!("building dimension '{}'", dimension.name);
    let observed = observe(&input.entity)?;
    let schema = arrow_schema(dimension);
    let rows = match &input.existing {
        Some(existing) => existing.rows.clone(),
        None => RecordBatch::new_empty(Arc::clone(&schema)),
    };
    let published = Published::new(&input, rows);
    let is_new: Vec<bool> = match &input.existing {
        Some(existing) => attributes_of(&existing.is_new, dimension.attributes.len()),
        None => vec![false; dimension.attributes.len()],
    };
    let mut keys = KeyMap::read(
        dimension,
        input.existing_map.as_ref(),
        input.issued,
        input.is_seeded,
    );
    let past = Past {
        kept: input.existing_changes.as_ref(),
        published: &published,
        is_new: &is_new,
        keys: &keys,
    };
    let (evidence, known) = Evidence::new(dimension, &past, &observed, &input.audited)
        .map_err(Error::arrow(doing()))?;
    let rules = dimension.attributes.iter().map(|a| rule(a.scd));
    // what a member was merged into is what was last said of it
    let rules: Vec<Rule> = rules.chain([Rule::Overwrite]).collect();
    let mut assembly = Assembly {
        input: &input,
        published: &published,
        learner: Learner {
            input: &input,
            observed: &observed,
            evidence: &evidence,
            rules: &rules,
        },
        rows: Vec::new(),
        fresh: Vec::new(),
        tally: Tally::default(),
        doubts: Doubts::default(),
    };
    let aliases = assembly.members(known, &mut keys);
    if input.has_specials {
        assembly.specials();
    }
    let moved = assembly.account_for_vanished(&aliases);
    let mut tally = assembly.tally;
    tally.read = input.entity.rows.num_rows() as u64;
    tally.rejected = observed.rejects.len() as u64;
    let doubts = std::mem::take(&mut assembly.doubts);
    let changes = assembly.changes().map_err(Error::arrow(doing()))?;
    let table = table_delta(&assembly, input.is_whole).map_err(Error::arrow(doing()))?;
    let map = map_delta(&keys, &input).map_err(Error::arrow(doing()))?;
    Ok(DimensionBuild {
        table,
        map,
        changes,
        aliases,
        moved,
        all_changes: evidence.reshaped,
        doubts,
        issued: keys.issued(),
        tally,
        rejects: observed.rejects,
    })
}

/// What changes in the table of the dimension; all of its rows are added if it is written anew.
fn table_delta(assembly: &Assembly<'_>, is_whole: bool) -> Result<Delta, ArrowError> {
    if is_whole {
        return Delta::whole(assembly.table(|_| true)?);
    }
    let added = assembly.table(|row| !row.is_published())?;
    let changed = assembly.table(|row| row.changes_row().is_some())?;
    let mut places: Vec<_> = assembly.rows.iter().collect();
    places.sort_by_key(|row| row.key);
    let places = places.iter().filter_map(|row| row.changes_row());
    let places = places.map(|row| u32::try_from(row).unwrap_or(u32::MAX));
    let places: UInt32Array = places.collect::<Vec<u32>>().into();
    Ok(Delta {
        columns: changed_columns(&assembly.published.rows, &places, &changed)?,
        added,
        changed,
        removed: assembly.removed(),
    })
}

/// What changes in the key map.
fn map_delta(keys: &KeyMap, input: &DimensionInput<'_>) -> Result<Delta, ArrowError> {
    let (dimension, system) = (input.entity.dimension, input.entity.source_system);
    if input.is_whole {
        return Delta::whole(map_rows(dimension, system, keys.all_entries())?);
    }
    let added = map_rows(dimension, system, keys.new_entries())?;
    let changed = map_rows(dimension, system, keys.turned_entries())?;
    let schema = changed.schema();
    let is_flag = |field: &Arc<arrow::datatypes::Field>| field.name() == super::key_map::IS_RETIRED;
    Ok(Delta {
        columns: schema.fields().iter().map(is_flag).collect(),
        added,
        changed,
        removed: Vec::new(),
    })
}

/// The part of a table's flags that is of its attributes.
fn attributes_of(flags: &[bool], width: usize) -> Vec<bool> {
    let attributes = flags.iter().skip(super::published::FIXED_BEFORE);
    attributes.take(width).copied().collect()
}

fn rule(scd: Scd) -> Rule {
    match scd {
        Scd::Original => Rule::Original,
        Scd::Overwrite => Rule::Overwrite,
        Scd::Version => Rule::Version,
        Scd::Previous => Rule::Previous,
    }
}
