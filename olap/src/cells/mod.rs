//! Plain cells: an answer for clients that do not read Arrow, as axes of tuples and cells at coordinates.
//!
//! Values are JSON-like: whole numbers, floats, texts; decimals are texts, so that nothing is lost.

mod axis;

use std::fmt;

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::DataType;
use serde::Serialize;

use self::axis::AxisColumns;
use crate::error::Result;
use crate::plan::{Planner, member_key};
use crate::query::{LevelRef, MemberKey, MemberPath};
use crate::result::{ColumnRole, Exactness, ResultHeader};

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
    /// What is told of them beside, in the order of the answer's columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<TupleAttribute>,
}

/// What is told of a member of a tuple.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TupleAttribute {
    /// The position of the member's level on the axis.
    pub position: usize,
    /// The attribute.
    pub name: String,
    /// Its type.
    #[serde(skip)]
    pub data_type: DataType,
    /// The value; nothing for null.
    pub value: Option<CellValue>,
}

/// A member in a tuple.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TupleMember {
    /// The level.
    pub level: LevelRef,
    /// The member; the path of a total ends above the level that it totals.
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

impl fmt::Display for CellValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Double(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Boolean(flag) => write!(f, "{flag}"),
        }
    }
}

/// The value of a measure; none for null.
pub(crate) fn cell_value(value: &ScalarValue) -> Option<CellValue> {
    match member_key(value)? {
        MemberKey::Integer(number) => Some(CellValue::Integer(number)),
        MemberKey::Boolean(flag) => Some(CellValue::Boolean(flag)),
        other => match value {
            ScalarValue::Float64(Some(number)) => Some(CellValue::Double(*number)),
            _ => Some(CellValue::Text(other.to_string())),
        },
    }
}

/// Turns an answer into plain cells.
///
/// The rows axis keeps the order of the answer; the other axes are ordered by their levels. Combinations
/// without facts have no cell.
pub fn plain_cells(header: &ResultHeader, batches: &[RecordBatch]) -> Result<PlainCells> {
    let measures = measure_columns(header);
    let axes = axis_count(header);
    let mut positions = Vec::with_capacity(axes);
    let mut tuples = Vec::with_capacity(axes);
    for axis in 0..axes {
        let columns = AxisColumns::of(header, axis);
        let (of_rows, of_axis) = columns.positions(batches)?;
        positions.push(of_rows);
        tuples.push(of_axis);
    }
    let mut cells = Vec::new();
    let mut row_of_all = 0;
    for batch in batches {
        for row in 0..batch.num_rows() {
            let coordinates: Vec<usize> = positions
                .iter()
                .filter_map(|of_rows| of_rows.get(row_of_all).copied())
                .collect();
            for (number, (column, _, exactness)) in measures.iter().enumerate() {
                let value = cell_value(&scalar(batch, *column, row)?);
                let state = if value.is_some() {
                    CellState::Value
                } else {
                    CellState::Null
                };
                cells.push(Cell {
                    coordinates: coordinates.clone(),
                    measure: number,
                    state,
                    value,
                    exactness: *exactness,
                });
            }
            row_of_all += 1;
        }
    }
    let measures = measures.into_iter().map(|(_, name, _)| name).collect();
    Ok(PlainCells {
        axes: tuples,
        measures,
        cells,
    })
}

fn measure_columns(header: &ResultHeader) -> Vec<(usize, String, Exactness)> {
    let numbered = header.columns.iter().enumerate();
    numbered
        .filter_map(|(number, column)| match &column.role {
            ColumnRole::Measure {
                name, exactness, ..
            } => Some((number, name.clone(), *exactness)),
            _ => None,
        })
        .collect()
}

/// One more than the last axis that has a level.
fn axis_count(header: &ResultHeader) -> usize {
    let axes = header
        .columns
        .iter()
        .filter_map(|column| match &column.role {
            ColumnRole::Level { axis, .. } => Some(axis + 1),
            _ => None,
        });
    axes.max().unwrap_or(0)
}

fn scalar(batch: &RecordBatch, column: usize, row: usize) -> Result<ScalarValue> {
    ScalarValue::try_from_array(batch.column(column), row).map_err(Planner::failed)
}
