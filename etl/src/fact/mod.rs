//! Facts: conformed rows with surrogate keys, merged into the published files.
//!
//! ```text
//! conformed rows ──chunk──► keys, types, hashes ──┐
//! published rows ──add──► ids, places, hashes ────┴─settle──► new (by day) · changed · unchanged · refused
//!                                                             └─ rest ──► gone, moved, left as they are
//! ```
//!
//! Pure: Arrow in, Arrow out. Rows come a chunk at a time; who reads the published ones and writes is `load::facts`.

mod bridge;
mod by_day;
mod combined;
mod currency;
mod fresh;
mod history;
mod milestones;
mod offset;
mod periods;
mod prepare;
mod prevailing;
mod rekey;
mod rest;
mod schema;
mod settle;
mod shares;
mod standing;
mod states;
mod told;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use planisphere_schemas::model::{Dimension, Star};

use crate::dimension::{MemberIndex, MiniIndex};

pub(crate) use bridge::{Bridging, DealtLinks, KeySet, groups_in, with_groups};
pub(crate) use by_day::{ByDay, Sorted};
pub(crate) use currency::RateTable;
pub(crate) use fresh::{LookedUp, chunk};
pub(crate) use history::{changes_schema, changes_table, stream};
pub(crate) use offset::{
    Chains, comparable, corrected, first_bookings, is_over, new_columns, reversals,
};
pub(crate) use prepare::{
    Kept, PrepareInput, Prepared, is_past, prepare, source_id, standing_rows,
};
pub(crate) use rekey::{Known, Rekeyed, Rekeying};
pub(crate) use rest::{is_same_day, rewritten};
pub(crate) use schema::{SOURCE_ROW_ID, arrow_schema, day_column};
pub(crate) use settle::{Settled, settle};
pub(crate) use shares::{ShareRoom, Shares};
pub(crate) use standing::{Rest, Round, Rules, Standing};
pub(crate) use states::problems;
pub(crate) use told::{Told, told_states};

/// What a fact is built from.
pub(crate) struct FactInput<'a> {
    /// The declaration.
    pub(crate) star: &'a Star,
    /// The source system of the entity.
    pub(crate) source_system: &'a str,
    /// What follows from each row by itself.
    pub(crate) prepare: &'a PrepareInput<'a>,
    /// The members of each dimension.
    pub(crate) members: &'a BTreeMap<String, MemberIndex>,
    /// The combinations that members had, by mini-dimension.
    pub(crate) minis: &'a BTreeMap<String, MiniIndex>,
    /// The declarations of all dimensions.
    pub(crate) dimensions: &'a [Dimension],
    /// The warehouse time zone.
    pub(crate) zone: Tz,
    /// The audit key of this load.
    pub(crate) audit_key: i64,
}
