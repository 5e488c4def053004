//! The members of other dimensions that the rows of a dimension refer to, looked up before it is built.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, Outrigger, key_of_date};

use crate::dimension::MemberIndex;
use crate::error::{Error, Result};
use crate::moments::days;

use super::build::Built;
use super::combinations::column_named;
use super::execute::Execution;

impl Execution<'_> {
    /// The rows with the ids and keys of the members that they refer to.
    pub(super) fn outriggers(
        &self,
        dimension: &Dimension,
        rows: &RecordBatch,
        built: &Built,
    ) -> Result<RecordBatch> {
        let mut rows = rows.clone();
        for outrigger in &dimension.outriggers {
            let values = column_named(&rows, &outrigger.column)?;
            let missing = MemberIndex::empty();
            let index = built.members.get(&outrigger.dimension).unwrap_or(&missing);
            let doing = format!("looking up '{}' of '{}'", outrigger.name, dimension.name);
            rows = self
                .with_reference(&rows, outrigger, &values, index)
                .map_err(Error::arrow(doing))?;
        }
        Ok(rows)
    }

    fn with_reference(
        &self,
        rows: &RecordBatch,
        outrigger: &Outrigger,
        values: &ArrayRef,
        index: &MemberIndex,
    ) -> Result<RecordBatch, ArrowError> {
        let (ids, keys) = match index {
            MemberIndex::Calendar { .. } => {
                let days = days(values, self.model.zone())?;
                let ids: StringArray = days
                    .iter()
                    .map(|day| day.map(|day| day.to_string()))
                    .collect();
                let key = |day: chrono::NaiveDate| key_of_date(day).unwrap_or(0);
                let keys = days.iter().map(|day| index.day(day.map(key)));
                (ids, Int32Array::from_iter_values(keys))
            }
            _ => {
                let ids = cast(values, &Arrow::Utf8)?.as_string::<i32>().clone();
                let keys = index.members(&ids, &vec![None; ids.len()]);
                (ids, Int32Array::from(keys))
            }
        };
        let columns: [(String, ArrayRef); 2] = [
            (outrigger.id_column(), Arc::new(ids)),
            (outrigger.key_column(), Arc::new(keys)),
        ];
        with_columns(rows, columns)
    }
}

/// Rows with more columns behind the others.
pub(super) fn with_columns(
    rows: &RecordBatch,
    more: impl IntoIterator<Item = (String, ArrayRef)>,
) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
    let mut columns = rows.columns().to_vec();
    for (name, values) in more {
        fields.push(Arc::new(Field::new(name, values.data_type().clone(), true)));
        columns.push(values);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
