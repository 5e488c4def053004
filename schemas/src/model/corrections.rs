//! What becomes of a published row that the source corrects: it is restated, or reversed and booked anew.

use serde::{Deserialize, Serialize};

use super::star::{DegenerateColumn, FactMeasure, Star};
use super::types::{Caption, DataType};

/// What a correction does to a published row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corrections {
    /// The row takes the new values.
    #[default]
    Restate,
    /// The row stays; another one takes it back, and a third one has the new values.
    Offset,
    /// A word that nobody knows, which is told as such: what would follow from the right one is not held against the model.
    #[serde(skip)]
    Unknown,
}

impl Corrections {
    /// True if rows take new values.
    pub fn is_restate(&self) -> bool {
        *self == Self::Restate
    }
}

/// The number that is 1 in each booking and -1 in each row that takes one back, so that its sum counts.
pub const BOOKED: &str = "booked";
/// The business date of the load that booked a row.
pub const BOOKED_ON: &str = "booked_on";
/// The audit key of the load that booked a row.
pub const BOOKED_BY: &str = "booked_by";

impl Star {
    /// True if corrections are booked as rows of their own.
    pub fn is_offset(&self) -> bool {
        self.corrections == Corrections::Offset
    }

    /// Adds the columns that tell bookings apart.
    pub(super) fn add_bookings(&mut self) {
        let caption = |en: &str, zh: &str| Caption {
            en: en.into(),
            zh: zh.into(),
        };
        let columns = [
            (BOOKED_ON, caption("Booked on", "入账日期"), DataType::Date),
            (
                BOOKED_BY,
                caption("Booked by load", "入账批次"),
                DataType::Bigint,
            ),
        ];
        let columns = columns.map(|(name, caption, data_type)| DegenerateColumn {
            name: name.into(),
            caption,
            data_type,
            column: name.into(),
        });
        self.degenerate.extend(columns);
        self.measures.push(FactMeasure {
            name: BOOKED.into(),
            caption: caption("Booked rows", "入账行数"),
            data_type: DataType::Integer,
            column: BOOKED.into(),
            additive: true,
            semi_additive: None,
        });
    }

    /// True for a column that tells bookings apart.
    pub(super) fn is_of_bookings(&self, column: &str) -> bool {
        !self.corrections.is_restate() && [BOOKED, BOOKED_ON, BOOKED_BY].contains(&column)
    }
}
