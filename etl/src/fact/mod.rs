//! Facts: conformed rows with surrogate keys, merged into the published files.
//!
//! ```text
//! conformed rows ──► keys and types (fresh rows) ──┐
//! files (published) ──────────────────────────────┴─► merge ──► kept files + rows to write
//! ```
//!
//! Pure: Arrow in, Arrow out. A file is rewritten only if one of its rows changed.

mod bridge;
mod combined;
mod currency;
mod fresh;
mod history;
mod merge;
mod milestones;
mod periods;
mod prepare;
mod schema;

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;
use chrono_tz::Tz;
use planisphere_schemas::model::{Dimension, Star};
use planisphere_schemas::warehouse::DataFile;

use crate::dimension::{MemberIndex, MiniIndex, Tally};
use crate::error::Result;
use crate::reject::Reject;

pub(crate) use bridge::{Bridging, with_groups};
pub(crate) use currency::RateTable;
pub(crate) use fresh::days;
pub(crate) use history::{changes_schema, changes_table};
pub(crate) use merge::sort_columns;
pub(crate) use prepare::{
    PrepareInput, Prepared, is_past, prepare, row_by_row, source_id, standing_rows,
};
pub(crate) use schema::{SOURCE_ROW_ID, arrow_schema};

/// What a fact is built from.
pub(crate) struct FactInput<'a> {
    /// The declaration.
    pub(crate) star: &'a Star,
    /// The source system of the entity.
    pub(crate) source_system: &'a str,
    /// The conformed rows with what the star adds to them.
    pub(crate) rows: &'a RecordBatch,
    /// The members of each dimension.
    pub(crate) members: &'a BTreeMap<String, MemberIndex>,
    /// The combinations that members had, by mini-dimension.
    pub(crate) minis: &'a BTreeMap<String, MiniIndex>,
    /// The declarations of all dimensions.
    pub(crate) dimensions: &'a [Dimension],
    /// The warehouse time zone.
    pub(crate) zone: Tz,
    /// The published files with their rows, aligned to the declared columns.
    pub(crate) existing: Vec<ExistingFile>,
    /// True if the published columns are not those of the model.
    pub(crate) reshaped: bool,
    /// For each column of groups those in the place of groups with retired keys.
    pub(crate) heirs: &'a BTreeMap<String, MemberIndex>,
    /// Ids of rows that were rejected before; their published rows stay as they are.
    pub(crate) rejected_ids: &'a HashSet<String>,
    /// The audit key of this load.
    pub(crate) audit_key: i64,
}

/// One published file.
pub(crate) struct ExistingFile {
    /// The file.
    pub(crate) file: DataFile,
    /// Its rows.
    pub(crate) rows: RecordBatch,
}

/// A fact after a load.
pub(crate) struct FactBuild {
    /// Published files that stay as they are.
    pub(crate) kept: Vec<DataFile>,
    /// Rows to write, in the order of the first calendar role.
    pub(crate) rows: RecordBatch,
    /// What happened to the rows.
    pub(crate) tally: Tally,
    /// Rows rejected here.
    pub(crate) rejects: Vec<Reject>,
}

/// Builds the next state of a fact.
pub(crate) fn build_fact(input: &FactInput<'_>) -> Result<FactBuild> {
    let fresh = fresh::fresh_rows(input)?;
    merge::merge(input, fresh)
}

/// The groups that the facts have after a load, for each bridge of the star.
pub(crate) fn groups_of(input: &FactInput<'_>, next: &FactBuild) -> Vec<HashSet<i32>> {
    let mut used = vec![HashSet::new(); input.star.bridges.len()];
    bridge::groups_in(input.star, &next.rows, &mut used);
    let is_kept = |path: &str| next.kept.iter().any(|kept| kept.path == path);
    for file in input.existing.iter().filter(|it| is_kept(&it.file.path)) {
        bridge::groups_in(input.star, &file.rows, &mut used);
    }
    used
}
