//! The published table of a dimension by members, and its values beside the observed ones.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::row::{RowConverter, Rows, SortField};
use planisphere_schemas::model::SpecialMember;

use super::DimensionInput;
use super::merge::{Cell, SameValue, Version};
use super::observe::Observations;

/// Columns before the attributes: key, durable key, source system, id.
pub(super) const FIXED_BEFORE: usize = 4;

/// The published table by members.
pub(super) struct Published {
    pub(super) rows: RecordBatch,
    pub(super) attributes: Vec<ArrayRef>,
    pub(super) members: BTreeMap<String, Vec<usize>>,
    pub(super) from: TimestampMicrosecondArray,
    pub(super) to: TimestampMicrosecondArray,
    pub(super) basis: StringArray,
    pub(super) key: Int32Array,
    pub(super) current: BooleanArray,
    pub(super) deleted: BooleanArray,
    pub(super) audit: Int64Array,
    pub(super) is_first: bool,
}

impl Published {
    pub(super) fn new(input: &DimensionInput<'_>, rows: RecordBatch) -> Self {
        let width = input.dimension.attributes.len();
        let column = |at: usize| rows.column(at).clone();
        let after = FIXED_BEFORE + width;
        let key = column(0).as_primitive::<Int32Type>().clone();
        let ids = column(3);
        let ids = ids.as_string::<i32>();
        let from = column(after)
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in (0..rows.num_rows()).filter(|row| key.value(*row) > 0) {
            members
                .entry(ids.value(row).to_owned())
                .or_default()
                .push(row);
        }
        for rows in members.values_mut() {
            rows.sort_by_key(|row| from.value(*row));
        }
        Self {
            attributes: (FIXED_BEFORE..after).map(column).collect(),
            members,
            key,
            from,
            to: column(after + 1)
                .as_primitive::<TimestampMicrosecondType>()
                .clone(),
            basis: column(after + 2).as_string::<i32>().clone(),
            current: column(after + 3).as_boolean().clone(),
            deleted: column(after + 4).as_boolean().clone(),
            audit: column(after + 5).as_primitive::<Int64Type>().clone(),
            is_first: input.existing.is_none(),
            rows,
        }
    }

    /// The published versions of a member, in the order of time.
    pub(super) fn versions(&self, id: &str) -> Vec<Version> {
        let rows = self.members.get(id).map(Vec::as_slice).unwrap_or_default();
        let width = self.attributes.len();
        rows.iter()
            .map(|row| Version {
                from: self.from.value(*row),
                basis: self.basis.value(*row).to_owned(),
                cells: vec![(0, *row); width],
                published: Some(*row),
            })
            .collect()
    }

    /// The audit key of the special members, if they are published.
    pub(super) fn special_audit(&self) -> Option<i64> {
        let keys: HashMap<i32, usize> = self
            .key
            .iter()
            .flatten()
            .enumerate()
            .map(|(row, key)| (key, row))
            .collect();
        keys.get(&SpecialMember::NotGiven.key())
            .map(|row| self.audit.value(*row))
    }
}

/// The values of every attribute on both sides, in a form that can be compared.
pub(super) struct Values {
    sides: Vec<[Rows; 2]>,
}

impl Values {
    pub(super) fn new(
        published: &Published,
        observed: &Observations,
    ) -> Result<Self, arrow::error::ArrowError> {
        let pairs = published.attributes.iter().zip(&observed.attributes);
        let sides = pairs.map(|(old, new)| {
            let converter = RowConverter::new(vec![SortField::new(new.data_type().clone())])?;
            let old = converter.convert_columns(std::slice::from_ref(old))?;
            Ok([old, converter.convert_columns(std::slice::from_ref(new))?])
        });
        Ok(Self {
            sides: sides.collect::<Result<_, arrow::error::ArrowError>>()?,
        })
    }
}

impl SameValue for Values {
    fn same(&self, at: usize, a: Cell, b: Cell) -> bool {
        self.sides[at][a.0].row(a.1) == self.sides[at][b.0].row(b.1)
    }
}
