//! One axis of an answer: which tuple each row stands at, and the order of the tuples.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::{DataType, SpecialMember};

use super::{Tuple, TupleAttribute, TupleMember, cell_value, scalar};
use crate::error::Result;
use crate::plan::member_key;
use crate::query::{LevelRef, MemberKey, MemberPath};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// Where the members of one axis stand in an answer.
pub(super) struct AxisColumns {
    axis: usize,
    levels: Vec<LevelColumns>,
    attributes: Vec<AttributeColumn>,
}

/// Where an attribute of members stands in an answer.
struct AttributeColumn {
    column: usize,
    position: usize,
    name: String,
    data_type: DataType,
}

/// Where the members of one level stand in an answer.
#[derive(Default)]
struct LevelColumns {
    level: Option<LevelRef>,
    /// From the top level down to the level itself.
    path: Vec<PathColumns>,
    caption: usize,
    subtotal: Option<usize>,
}

/// Where the member of one level of a path stands.
#[derive(Clone, Copy)]
struct PathColumns {
    key: usize,
    special: usize,
    /// What orders members, where that is not the key.
    sort: Option<usize>,
}

impl AxisColumns {
    /// The columns of an axis.
    pub(super) fn of(header: &ResultHeader, of_axis: usize) -> Self {
        let mut levels: Vec<LevelColumns> = Vec::new();
        // The path of a level that an earlier level of its hierarchy has brought onto the axis.
        let mut brought: Vec<(LevelRef, Vec<PathColumns>)> = Vec::new();
        let mut attributes = Vec::new();
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
                    columns.path.push(PathColumns {
                        key: number,
                        special: number + 1,
                        sort: None,
                    });
                }
                LevelPart::AncestorSpecial { .. } => {}
                LevelPart::AncestorSort { .. } => sorted_by(&mut columns.path, number),
                LevelPart::Special => brought.push((level.clone(), columns.path.clone())),
                LevelPart::Caption => columns.caption = number,
                LevelPart::Sort => {
                    sorted_by(&mut columns.path, number);
                    if let Some((_, path)) = brought.last_mut() {
                        sorted_by(path, number);
                    }
                }
                LevelPart::Subtotal => columns.subtotal = Some(number),
                LevelPart::Attribute { name } => attributes.push(AttributeColumn {
                    column: number,
                    position: *position,
                    name: name.clone(),
                    data_type: column.data_type,
                }),
            }
        }
        Self {
            axis: of_axis,
            levels,
            attributes,
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
            for part in &level.path {
                let special = scalar(batch, part.special, row)?;
                let sort = part.sort.unwrap_or(part.key);
                key.push(OrderKey {
                    subtotal,
                    special: special_rank(&special),
                    sort: Ordered(scalar(batch, sort, row)?),
                    key: Ordered(scalar(batch, part.key, row)?),
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
        let attributes = self.attributes.iter().map(|it| it.value(batch, row));
        Ok(Tuple {
            members: members.collect::<Result<_>>()?,
            attributes: attributes.collect::<Result<_>>()?,
        })
    }
}

impl AttributeColumn {
    fn value(&self, batch: &RecordBatch, row: usize) -> Result<TupleAttribute> {
        Ok(TupleAttribute {
            position: self.position,
            name: self.name.clone(),
            data_type: self.data_type,
            value: cell_value(&scalar(batch, self.column, row)?),
        })
    }
}

/// The last level of a path is ordered by a column.
fn sorted_by(path: &mut [PathColumns], column: usize) {
    if let Some(last) = path.last_mut() {
        last.sort = Some(column);
    }
}

/// The path columns of the nearest level above of the same hierarchy.
fn path_before(brought: &[(LevelRef, Vec<PathColumns>)], level: &LevelRef) -> Vec<PathColumns> {
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
        for part in &self.path {
            let special = scalar(batch, part.special, row)?;
            let special = special.try_as_str().flatten().map(str::to_owned);
            let key = match special {
                Some(id) => Some(MemberKey::Special(id)),
                None => member_key(&scalar(batch, part.key, row)?),
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;
    use crate::result::ResultColumn;

    /// A later axis of products whose categories are ordered by a number, against their keys.
    #[test]
    fn later_axes_are_ordered_by_what_orders_the_levels_above() {
        let level = || String::from("category");
        let parts = [
            LevelPart::AncestorKey { level: level() },
            LevelPart::AncestorSpecial { level: level() },
            LevelPart::AncestorSort { level: level() },
            LevelPart::Key,
            LevelPart::Special,
            LevelPart::Caption,
        ];
        let columns = parts
            .into_iter()
            .enumerate()
            .map(|(number, part)| ResultColumn {
                name: format!("c{number}"),
                caption: String::new(),
                data_type: DataType::Text,
                role: ColumnRole::Level {
                    axis: 1,
                    position: 0,
                    level: "product.product.product".parse().unwrap(),
                    part,
                },
            });
        let header = ResultHeader {
            query_id: "q".into(),
            warehouse_version: 1,
            model_hash: "h".into(),
            locale: "en".into(),
            columns: columns.collect(),
            next_page_token: None,
        };
        let texts =
            |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter([
            ("c0", texts([Some("a"), Some("b"), Some("b")])),
            ("c1", texts([None; 3])),
            ("c2", Arc::new(Int32Array::from(vec![2, 1, 1])) as ArrayRef),
            ("c3", texts([Some("p1"), Some("p3"), Some("p2")])),
            ("c4", texts([None; 3])),
            ("c5", texts([Some("One"), Some("Three"), Some("Two")])),
        ]);
        let (of_rows, tuples) = AxisColumns::of(&header, 1)
            .positions(&[batch.unwrap()])
            .unwrap();
        assert_eq!(of_rows, [2, 1, 0]);
        let captions: Vec<&str> = tuples
            .iter()
            .map(|it| it.members[0].caption.as_str())
            .collect();
        assert_eq!(captions, ["Two", "Three", "One"]);
    }
}
