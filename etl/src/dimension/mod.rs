//! Conformed dimensions: members with history (SCD types 0, 1, 2, 3 and 6), stable surrogate keys, special members.
//!
//! ```text
//! conformed rows ──► observations ┐
//! what earlier loads have seen ────┴─► timeline of each member ──► keys ──► dim table, key map (next), what was seen
//! ```
//!
//! Pure: Arrow in, Arrow out. Not responsible for reading sources or committing tables.

mod aliases;
mod assembly;
mod build;
mod bulk;
mod calendar;
mod closure;
mod columns;
mod combination;
mod doubt;
mod evidence;
mod existing;
mod faithful;
mod hash;
mod holiday;
mod ids;
mod index;
mod inferred;
mod key_map;
mod learn;
mod levels;
mod mini;
mod observe;
mod occurring;
mod parts;
mod published;
mod recall;
mod retail;
mod shadow;
mod sieve;
mod sights;
mod special;
mod time_of_day;
mod timeline;
mod tree;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::reject::Reject;
use arrow::array::RecordBatch;

pub(crate) use aliases::Aliases;
pub(crate) use build::build_dimension;
pub(crate) use bulk::Bulk;
pub(crate) use calendar::build_calendar;
pub(crate) use closure::Pair;
pub(crate) use columns::arrow_schema;
pub(crate) use combination::{CombinationKeys, Combinations, build_combinations, combination_map};
pub(crate) use doubt::Doubts;
pub(crate) use evidence::{changes_schema, changes_table};
pub(crate) use existing::{Existing, align};
pub(crate) use hash::hash_columns;
pub(crate) use ids::IdIndex;
pub(crate) use index::{BYTES_OF_MEMBER, ByKey, IndexRoom, Indexing, MemberIndex, MembersBuilder};
pub(crate) use inferred::is_inferred;
pub(crate) use key_map::{IS_RETIRED, Issued, map_schema, map_table};
pub(crate) use levels::{Standing, standings};
pub(crate) use mini::{MiniIndex, attributes as mini_attributes, present_words};
pub(crate) use observe::{EntityRows, Origin, change_numbers};
pub(crate) use occurring::Occurring;
pub(crate) use parts::{build_in_parts, share_of};
pub(crate) use planisphere_schemas::model::{OPEN_FROM, OPEN_TO};
pub(crate) use shadow::Shadow;
pub(crate) use sieve::{Heard, Recognised, Recogniser, Sieve, Sorted};
pub(crate) use sights::Tables;
pub(crate) use time_of_day::build_time_of_day;
pub(crate) use tree::{Sayings, Tree};
pub(crate) use words::{once_each, words};

/// Something for each of some members, by their business ids.
type ById<T> = hashbrown::HashMap<String, T>;

/// What is known of the members that a load touches.
pub(crate) struct DimensionInput<'a> {
    /// The conformed rows that speak of them.
    pub(crate) entity: EntityRows<'a>,
    /// Their published versions, aligned to the declared columns; `None` if the dimension is new.
    pub(crate) existing: Option<Existing>,
    /// Their rows of the published key map, those of retired keys among them.
    pub(crate) existing_map: Option<RecordBatch>,
    /// What was kept of what earlier loads have seen of them, aligned to the declared columns.
    pub(crate) existing_changes: Option<Existing>,
    /// The keys that were issued so far.
    pub(crate) issued: Issued,
    /// True if the key map is that of another warehouse, which gives its keys.
    pub(crate) is_seeded: bool,
    /// True if these are all members, and the tables are written anew.
    pub(crate) is_whole: bool,
    /// True if the special members are among these.
    pub(crate) has_specials: bool,
    /// For each attribute whether the source keeps its past values.
    pub(crate) audited: Vec<bool>,
    /// Business ids of rows that were rejected before; their members stay as they are.
    pub(crate) rejected_ids: &'a HashSet<String>,
    /// Business ids that facts refer to and nobody else may know; who was never seen is inferred from them.
    pub(crate) referenced: &'a BTreeSet<String>,
    /// The audit key of this load.
    pub(crate) audit_key: i64,
}

/// What the rows of an entity say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Each is the present state of a member; a member without row is gone.
    Present,
    /// The last one of a member is its present state, those before it are what an audit table tells of the past.
    Mined,
    /// Each is a change of a member at an instant; a member without row has not changed.
    Changes,
}

/// What becomes of the rows of a table.
#[derive(Debug)]
pub(crate) struct Delta {
    /// New rows, in the order of their keys.
    pub(crate) added: RecordBatch,
    /// Rows with other values than those that are published under their keys.
    pub(crate) changed: RecordBatch,
    /// For each column whether any of the changed rows has another value in it.
    pub(crate) columns: Vec<bool>,
    /// The keys of published rows that are no more.
    pub(crate) removed: Vec<i32>,
}

impl Delta {
    /// All rows of a table that is written anew.
    fn whole(rows: RecordBatch) -> Result<Self, arrow::error::ArrowError> {
        Ok(Self {
            changed: RecordBatch::new_empty(rows.schema()),
            columns: vec![false; rows.num_columns()],
            added: rows,
            removed: Vec::new(),
        })
    }
}

/// What a load makes of the members that it touches.
#[derive(Debug)]
pub(crate) struct DimensionBuild {
    /// What becomes of the rows of the table.
    pub(crate) table: Delta,
    /// What becomes of the rows of the key map.
    pub(crate) map: Delta,
    /// What is to be kept of what was seen for the first time; with `all_changes` of everything that was ever seen.
    pub(crate) changes: RecordBatch,
    /// The members that were merged into others.
    pub(crate) aliases: Aliases,
    /// For each key that was retired that of the version that holds in its place.
    pub(crate) moved: HashMap<i32, i32>,
    /// True if `changes` takes the place of what was kept.
    pub(crate) all_changes: bool,
    /// Ties in doubt, of instants of which this load tells, or of all if what was kept is written anew.
    pub(crate) doubts: Doubts,
    /// The keys that are issued now.
    pub(crate) issued: Issued,
    /// What happened to the rows of the entity and of the table.
    pub(crate) tally: Tally,
    /// Rows rejected here.
    pub(crate) rejects: Vec<Reject>,
}

/// What a load did to a dimension or fact, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Conformed rows that came in.
    pub(crate) read: u64,
    /// Conformed rows that were new or changed something.
    pub(crate) loaded: u64,
    /// Conformed rows that changed nothing.
    pub(crate) unchanged: u64,
    /// Conformed rows that were rejected here.
    pub(crate) rejected: u64,
    /// Table rows added.
    pub(crate) inserted: u64,
    /// Table rows whose values changed in place.
    pub(crate) updated: u64,
    /// Dimension versions that ended because a newer one began.
    pub(crate) expired: u64,
    /// Dimension versions that are no more, since more is known of their time; their keys are retired.
    pub(crate) retired: u64,
    /// Table rows newly marked as deleted at the source.
    pub(crate) deleted: u64,
    /// Published table rows that were not marked as deleted before this load.
    pub(crate) standing: u64,
    /// Values of a new attribute that could not be rebuilt for the past and stand as today.
    pub(crate) assumed: u64,
    /// Members of the table of which nothing but references of facts is known.
    pub(crate) inferred: u64,
}

impl Tally {
    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.loaded += other.loaded;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.expired += other.expired;
        self.retired += other.retired;
        self.deleted += other.deleted;
        self.standing += other.standing;
        self.assumed += other.assumed;
        self.inferred += other.inferred;
    }

    /// True if the table differs from the published one.
    pub(crate) fn has_changes(&self) -> bool {
        self.inserted + self.updated + self.expired + self.retired + self.deleted > 0
    }
}
