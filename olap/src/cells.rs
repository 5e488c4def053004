//! Plain cells: an answer for clients that do not read Arrow, as axes of tuples and cells at coordinates.
//!
//! Values are JSON-like: whole numbers, floats, texts; decimals are texts, so that nothing is lost.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::SpecialMember;
use serde::Serialize;

use crate::error::Result;
use crate::plan::{Planner, member_key};
use crate::query::{LevelRef, MemberKey, MemberPath};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

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
    let measures: Vec<(usize, String)> = measure_columns(header);
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
            for (number, (column, _)) in measures.iter().enumerate() {
                let value = cell_value(&scalar(batch, *column, row)?);
                let state = if value.is_some() {
                    CellState::Value
                } else {
                    CellState::Null
                };
                let (coordinates, exactness) = (coordinates.clone(), Exactness::Exact);
                cells.push(Cell {
                    coordinates,
                    measure: number,
                    state,
                    value,
                    exactness,
                });
            }
            row_of_all += 1;
        }
    }
    let measures = measures.into_iter().map(|(_, name)| name).collect();
    Ok(PlainCells {
        axes: tuples,
        measures,
        cells,
    })
}

fn measure_columns(header: &ResultHeader) -> Vec<(usize, String)> {
    let numbered = header.columns.iter().enumerate();
    numbered
        .filter_map(|(number, column)| match &column.role {
            ColumnRole::Measure { name, .. } => Some((number, name.clone())),
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

/// Where the members of one axis stand in an answer.
struct AxisColumns {
    axis: usize,
    levels: Vec<LevelColumns>,
}

/// Where the members of one level stand in an answer.
#[derive(Default)]
struct LevelColumns {
    level: Option<LevelRef>,
    /// Pairs of key and special member, from the top level down to the level itself.
    path: Vec<(usize, usize)>,
    caption: usize,
    sort: Option<usize>,
    subtotal: Option<usize>,
}

impl AxisColumns {
    fn of(header: &ResultHeader, of_axis: usize) -> Self {
        let mut levels: Vec<LevelColumns> = Vec::new();
        // The path of a level that an earlier level of its hierarchy has brought onto the axis.
        let mut brought: Vec<(LevelRef, Vec<(usize, usize)>)> = Vec::new();
        for (number, column) in header.columns.iter().enumerate() {
            let ColumnRole::Level {
                axis,
                position,
                level,
                part,
            } = &column.role
            else {
                continue;
            };
            if *axis != of_axis {
                continue;
            }
            if levels.len() == *position {
                let path = path_before(&brought, level);
                levels.push(LevelColumns {
                    level: Some(level.clone()),
                    path,
                    ..Default::default()
                });
            }
            let Some(columns) = levels.last_mut() else {
                continue;
            };
            match part {
                LevelPart::AncestorKey { .. } | LevelPart::Key => {
                    columns.path.push((number, number + 1));
                }
                LevelPart::AncestorSpecial { .. } => {}
                LevelPart::Special => brought.push((level.clone(), columns.path.clone())),
                LevelPart::Caption => columns.caption = number,
                LevelPart::Sort => columns.sort = Some(number),
                LevelPart::Subtotal => columns.subtotal = Some(number),
            }
        }
        Self {
            axis: of_axis,
            levels,
        }
    }

    /// The position of each row on the axis, and the axis' tuples.
    fn positions(&self, batches: &[RecordBatch]) -> Result<(Vec<usize>, Vec<Tuple>)> {
        let mut seen: BTreeMap<Vec<OrderKey>, usize> = BTreeMap::new();
        let mut tuples = Vec::new();
        let mut of_rows = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                let key = self.order_key(batch, row)?;
                let next = tuples.len();
                let position = *seen.entry(key).or_insert(next);
                if position == next {
                    tuples.push(self.tuple(batch, row)?);
                }
                of_rows.push(position);
            }
        }
        if self.axis == 0 {
            return Ok((of_rows, tuples));
        }
        let ordered: Vec<usize> = seen.into_values().collect();
        let mut rank = vec![0; ordered.len()];
        for (place, position) in ordered.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*position) {
                *rank = place;
            }
        }
        let of_rows = of_rows
            .into_iter()
            .filter_map(|it| rank.get(it).copied())
            .collect();
        let tuples = ordered
            .into_iter()
            .filter_map(|it| tuples.get(it).cloned())
            .collect();
        Ok((of_rows, tuples))
    }

    fn order_key(&self, batch: &RecordBatch, row: usize) -> Result<Vec<OrderKey>> {
        let mut key = Vec::new();
        for level in &self.levels {
            let subtotal = level.subtotal(batch, row)?;
            let last = level.path.len().saturating_sub(1);
            for (depth, (of_key, of_special)) in level.path.iter().enumerate() {
                let sort = level.sort.filter(|_| depth == last).unwrap_or(*of_key);
                let special = scalar(batch, *of_special, row)?;
                key.push(OrderKey {
                    subtotal,
                    special: special_rank(&special),
                    sort: Ordered(scalar(batch, sort, row)?),
                    key: Ordered(scalar(batch, *of_key, row)?),
                });
            }
        }
        Ok(key)
    }

    fn tuple(&self, batch: &RecordBatch, row: usize) -> Result<Tuple> {
        let members = self
            .levels
            .iter()
            .filter_map(|level| level.member(batch, row).transpose());
        Ok(Tuple {
            members: members.collect::<Result<_>>()?,
        })
    }
}

/// The path columns of the nearest level above of the same hierarchy.
fn path_before(
    brought: &[(LevelRef, Vec<(usize, usize)>)],
    level: &LevelRef,
) -> Vec<(usize, usize)> {
    let same = brought.iter().rev().find(|(other, _)| {
        other.dimension == level.dimension && other.hierarchy == level.hierarchy
    });
    same.map(|(_, path)| path.clone()).unwrap_or_default()
}

impl LevelColumns {
    fn subtotal(&self, batch: &RecordBatch, row: usize) -> Result<bool> {
        match self.subtotal {
            Some(column) => Ok(scalar(batch, column, row)? == ScalarValue::Boolean(Some(true))),
            None => Ok(false),
        }
    }

    fn member(&self, batch: &RecordBatch, row: usize) -> Result<Option<TupleMember>> {
        let Some(level) = &self.level else {
            return Ok(None);
        };
        let subtotal = self.subtotal(batch, row)?;
        let mut path = MemberPath::default();
        for (of_key, of_special) in self.path.iter().filter(|_| !subtotal) {
            let special = scalar(batch, *of_special, row)?;
            let special = special.try_as_str().flatten().map(str::to_owned);
            let key = match special {
                Some(id) => Some(MemberKey::Special(id)),
                None => member_key(&scalar(batch, *of_key, row)?),
            };
            path.0.extend(key);
        }
        let caption = scalar(batch, self.caption, row)?;
        let caption = caption
            .try_as_str()
            .flatten()
            .unwrap_or_default()
            .to_owned();
        Ok(Some(TupleMember {
            level: level.clone(),
            path,
            caption,
            subtotal,
        }))
    }
}

/// Totals after members, special members after ordinary ones, then sort attribute, then key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OrderKey {
    subtotal: bool,
    special: usize,
    sort: Ordered,
    key: Ordered,
}

/// 0 for ordinary members, then the special ones in their order.
fn special_rank(special: &ScalarValue) -> usize {
    let id = special.try_as_str().flatten();
    let place = SpecialMember::ALL
        .iter()
        .position(|special| Some(special.id()) == id);
    place.map_or(0, |place| place + 1)
}

/// A value that sorts; values of one column always compare.
#[derive(Debug, PartialEq, Eq)]
struct Ordered(ScalarValue);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0.is_null(), other.0.is_null()) {
            (false, false) => self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal),
            (one, two) => one.cmp(&two),
        }
    }
}
