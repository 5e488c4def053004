//! Periodic snapshots, and measures that must not be summed over their periods.

use serde::{Deserialize, Serialize};

/// The column that a periodic snapshot adds to its entity: the last day of the period.
pub const PERIOD_END: &str = "period_end";

/// How a periodic snapshot is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Periodic {
    /// How long a period is.
    pub every: Period,
    /// The entity's column with the day or instant from which a row is there; of histories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// The entity's column with its last day, or the instant from which it is no more; of histories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// A week, Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// How a number that is a state, such as a balance, is answered for several periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemiAdditive {
    /// The calendar role over which it must not be summed.
    pub over: String,
    /// Which period answers for several.
    pub take: Take,
}

/// Which period answers for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// The last one that has rows.
    Last,
    /// The first one that has rows.
    First,
    /// The average of the sums of those that have rows.
    Average,
}
