//! Looks up surrogate keys: by business id and instant, or by day.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use planisphere_schemas::model::{Dimension, DimensionKind, SpecialMember, TimeOfDaySpec};

use super::aliases::Aliases;
use super::time_of_day::key_of;

/// The versions of every member, ready for look-ups.
pub(crate) enum MemberIndex {
    /// Members of an entity dimension.
    Members {
        /// For each member its versions.
        spans: HashMap<String, Vec<Span>>,
        /// The members that were merged into others.
        aliases: Aliases,
        /// For each key that was retired that of the version that holds in its place.
        moved: HashMap<i32, i32>,
    },
    /// The keys of the calendar's first and last day.
    Calendar {
        /// The first key.
        first: i32,
        /// The last key.
        last: i32,
    },
    /// The times of a day.
    TimeOfDay(TimeOfDaySpec),
}

/// One version: half-open in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    from: i64,
    to: i64,
    key: i32,
    current: bool,
}

impl MemberIndex {
    /// No member at all.
    pub(crate) fn empty() -> Self {
        Self::Members {
            spans: HashMap::new(),
            aliases: Aliases::default(),
            moved: HashMap::new(),
        }
    }

    /// Indexes a dimension table, of which members may have been merged into others and keys been retired.
    pub(crate) fn of(
        dimension: &Dimension,
        table: &RecordBatch,
        aliases: Aliases,
        moved: HashMap<i32, i32>,
    ) -> Self {
        if let DimensionKind::TimeOfDay(spec) = &dimension.kind {
            return Self::TimeOfDay(*spec);
        }
        let name = dimension.key_column();
        let keys = table
            .column_by_name(&name)
            .map(|column| column.as_primitive::<Int32Type>());
        let Some(keys) = keys else {
            return Self::empty();
        };
        if dimension.is_calendar() {
            let days = || keys.iter().flatten().filter(|key| *key > 0);
            let (first, last) = (days().min().unwrap_or(1), days().max().unwrap_or(0));
            return Self::Calendar { first, last };
        }
        let column = |name: &str| table.column_by_name(name);
        let (Some(ids), Some(from), Some(to), Some(current)) = (
            column(&dimension.id_column()),
            column("valid_from"),
            column("valid_to"),
            column("is_current"),
        ) else {
            return Self::empty();
        };
        let (from, to) = (
            from.as_primitive::<TimestampMicrosecondType>(),
            to.as_primitive::<TimestampMicrosecondType>(),
        );
        let (ids, current) = (ids.as_string::<i32>(), current.as_boolean());
        let mut members: HashMap<String, Vec<Span>> = HashMap::new();
        for row in (0..table.num_rows()).filter(|row| keys.value(*row) > 0) {
            members
                .entry(ids.value(row).to_owned())
                .or_default()
                .push(Span {
                    from: from.value(row),
                    to: to.value(row),
                    key: keys.value(row),
                    current: current.value(row),
                });
        }
        Self::Members {
            spans: members,
            aliases,
            moved,
        }
    }

    /// The key of a member at an instant; the current version where no instant is given.
    pub(crate) fn member(&self, id: Option<&str>, at: Option<i64>) -> i32 {
        let Some(id) = id else {
            return SpecialMember::NotGiven.key();
        };
        let Self::Members { spans, aliases, .. } = self else {
            return SpecialMember::InvalidCode.key();
        };
        let Some(spans) = spans.get(aliases.of(id).unwrap_or(id)) else {
            return SpecialMember::NotYetArrived.key();
        };
        let valid = |span: &&Span| match at {
            Some(at) => span.from <= at && at < span.to,
            None => span.current,
        };
        let found = spans
            .iter()
            .find(valid)
            .or_else(|| spans.iter().find(|span| span.current));
        found.map_or(SpecialMember::NotYetArrived.key(), |span| span.key)
    }

    /// The key in the place of one that was retired by this load.
    pub(crate) fn moved(&self, key: i32) -> Option<i32> {
        match self {
            Self::Members { moved, .. } => moved.get(&key).copied(),
            Self::Calendar { .. } | Self::TimeOfDay(_) => None,
        }
    }

    /// True if this load retired keys.
    pub(crate) fn has_moved(&self) -> bool {
        matches!(self, Self::Members { moved, .. } if !moved.is_empty())
    }

    /// The key of a time of day, in seconds since midnight.
    pub(crate) fn time(&self, second: Option<u32>) -> i32 {
        match (self, second) {
            (_, None) => SpecialMember::NotGiven.key(),
            (Self::TimeOfDay(spec), Some(second)) => key_of(*spec, second),
            _ => SpecialMember::InvalidCode.key(),
        }
    }

    /// The key of a day; a day outside the calendar is an invalid code.
    pub(crate) fn day(&self, key: Option<i32>) -> i32 {
        match (self, key) {
            (_, None) => SpecialMember::NotGiven.key(),
            (Self::Calendar { first, last }, Some(key)) if (*first..=*last).contains(&key) => key,
            _ => SpecialMember::InvalidCode.key(),
        }
    }
}
