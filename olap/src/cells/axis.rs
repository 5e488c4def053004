//! One axis of an answer: which tuple each row stands at, and the order of the tuples.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::SpecialMember;

use super::{Tuple, TupleMember, scalar};
use crate::error::Result;
use crate::plan::member_key;
use crate::query::{LevelRef, MemberKey, MemberPath};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// Where the members of one axis stand in an answer.
pub(super) struct AxisColumns {
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
    /// The columns of an axis.
    pub(super) fn of(header: &ResultHeader, of_axis: usize) -> Self {
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
    pub(super) fn positions(&self, batches: &[RecordBatch]) -> Result<(Vec<usize>, Vec<Tuple>)> {
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
        // what is rolled up has neither a key nor a special member
        for (of_key, of_special) in &self.path {
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
