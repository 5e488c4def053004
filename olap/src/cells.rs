//! Plain cells: an answer for clients that do not read Arrow, as axes of tuples and cells at coordinates.
//!
//! Values are JSON-like: whole numbers, floats, texts; decimals are texts, so that nothing is lost.

use serde::Serialize;

use crate::error::Result;
use crate::query::{LevelRef, MemberPath};
use crate::result::ResultHeader;

/// An answer as axes and cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlainCells {
    /// The tuples of each axis, in the axis' order; no axes for a grand total.
    pub axes: Vec<Vec<Tuple>>,
    /// The measures, in the order asked for.
    pub measures: Vec<String>,
    /// The cells of every row of the answer, a row's measures together.
    pub cells: Vec<Cell>,
}

/// One position of an axis: a member of each level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tuple {
    /// The members in the order of the axis' levels.
    pub members: Vec<TupleMember>,
}

/// A member in a tuple.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TupleMember {
    /// The level.
    pub level: LevelRef,
    /// The member; empty for a subtotal.
    pub path: MemberPath,
    /// What people read.
    pub caption: String,
    /// True for the total over this level.
    pub subtotal: bool,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The position on each axis.
    pub coordinates: Vec<usize>,
    /// The measure's position.
    pub measure: usize,
    /// What the cell holds.
    pub state: CellState,
    /// The value, for state `Value`.
    pub value: Option<CellValue>,
    /// How near the value is to the truth.
    pub exactness: Exactness,
}

/// A value of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CellValue {
    /// A whole number.
    Integer(i64),
    /// A float.
    Double(f64),
    /// A decimal in full, a text, a date or an instant.
    Text(String),
    /// True or false.
    Boolean(bool),
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// A value.
    Value,
    /// No fact rows meet there; such cells are left out of [`PlainCells::cells`].
    Empty,
    /// Fact rows meet there, but the measure has no value.
    Null,
    /// The caller may not see it.
    Masked,
}

/// How near a value is to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exactness {
    /// Computed from all rows, without sketches or samples.
    Exact,
}

/// Turns an answer into plain cells.
pub fn plain_cells(
    _header: &ResultHeader,
    _batches: &[arrow::array::RecordBatch],
) -> Result<PlainCells> {
    Err(crate::OlapError::Internal {
        reason: "not built yet".into(),
    })
}
