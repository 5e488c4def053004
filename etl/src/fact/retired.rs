//! Keys that this load retired, in rows of a fact that the source does not give again.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use crate::dimension::MemberIndex;

use super::FactInput;

/// The key columns in which keys were retired. Rows that the source gives are looked up anew; those that only stand as they
/// were take the keys in the place of the retired ones.
pub(crate) struct Retired<'a>(Vec<(String, &'a MemberIndex)>);

impl<'a> Retired<'a> {
    /// The roles of a star of whose dimensions this load retired keys.
    pub(crate) fn of(input: &FactInput<'a>) -> Self {
        let roles = input.star.roles.iter().filter_map(|role| {
            let members = input.members.get(&role.dimension)?;
            members.has_moved().then(|| (role.key_column(), members))
        });
        let groups = input.heirs.iter();
        let groups = groups.filter(|(_, heirs)| heirs.has_moved());
        let groups = groups.map(|(column, heirs)| (column.clone(), heirs));
        Self(roles.chain(groups).collect())
    }

    /// True if a row has a key that was retired.
    pub(super) fn moves(&self, rows: &RecordBatch, row: usize) -> bool {
        self.0.iter().any(|(name, members)| {
            let keys = rows.column_by_name(name);
            let keys = keys.map(|keys| keys.as_primitive::<Int32Type>());
            keys.is_some_and(|keys| members.moved(keys.value(row)).is_some())
        })
    }

    /// For each row whether it has a key that was retired.
    pub(crate) fn moving(&self, rows: &RecordBatch) -> BooleanArray {
        let rows_of = 0..rows.num_rows();
        rows_of.map(|row| Some(self.moves(rows, row))).collect()
    }

    /// The rows with the keys in the place of those that were retired, in the columns that they have.
    pub(crate) fn replaced(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut columns = rows.columns().to_vec();
        for (name, members) in &self.0 {
            let Ok(at) = rows.schema().index_of(name) else {
                continue;
            };
            let keys = columns[at].as_primitive::<Int32Type>();
            let keys = keys.unary::<_, Int32Type>(|key| members.moved(key).unwrap_or(key));
            columns[at] = Arc::new(keys) as ArrayRef;
        }
        RecordBatch::try_new(rows.schema(), columns)
    }
}
