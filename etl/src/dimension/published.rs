//! The published table of a dimension by members and keys.

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use hashbrown::HashMap;
use planisphere_schemas::model::SpecialMember;

use super::{ById, DimensionInput};

/// Columns before the attributes: key, durable key, source system, id.
pub(super) const FIXED_BEFORE: usize = 4;

/// The published table by members.
pub(super) struct Published {
    pub(super) rows: RecordBatch,
    pub(super) attributes: Vec<ArrayRef>,
    pub(super) members: ById<Vec<usize>>,
    pub(super) from: TimestampMicrosecondArray,
    pub(super) to: TimestampMicrosecondArray,
    pub(super) basis: StringArray,
    pub(super) key: Int32Array,
    pub(super) current: BooleanArray,
    pub(super) deleted: BooleanArray,
    pub(super) audit: Int64Array,
    pub(super) is_first: bool,
    places: HashMap<i32, usize>,
}

impl Published {
    pub(super) fn new(input: &DimensionInput<'_>, rows: RecordBatch) -> Self {
        let width = input.entity.dimension.attributes.len();
        let column = |at: usize| rows.column(at).clone();
        let after = FIXED_BEFORE + width;
        let key = column(0).as_primitive::<Int32Type>().clone();
        let ids = column(3);
        let ids = ids.as_string::<i32>();
        let from = column(after)
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let mut members: ById<Vec<usize>> = ById::new();
        for row in (0..rows.num_rows()).filter(|row| key.value(*row) > 0) {
            members.entry_ref(ids.value(row)).or_default().push(row);
        }
        for rows in members.values_mut() {
            rows.sort_by_key(|row| from.value(*row));
        }
        let places = key.iter().enumerate();
        Self {
            places: places.filter_map(|(row, key)| Some((key?, row))).collect(),
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

    /// The row of a surrogate key.
    pub(super) fn row_of(&self, key: i32) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// The audit key of the special members, if they are published.
    pub(super) fn special_audit(&self) -> Option<i64> {
        let row = self.row_of(SpecialMember::NotGiven.key())?;
        Some(self.audit.value(row))
    }
}
