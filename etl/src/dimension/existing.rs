//! The published table of a dimension or fact, aligned to the columns that the model declares today.

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};

/// A published table in today's columns.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    /// The rows; columns that are new in the model are null.
    pub(crate) rows: RecordBatch,
    /// For each column whether it is new in the model.
    pub(crate) is_new: Vec<bool>,
    /// True if any column was added, dropped, moved or retyped.
    pub(crate) reshaped: bool,
}

/// Aligns a published table to a schema by column names.
///
/// # Errors
/// [`Error::ModelChange`] if a column's values do not fit its new type.
pub(crate) fn align(table: &str, rows: &RecordBatch, schema: &SchemaRef) -> Result<Existing> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    let mut is_new = Vec::with_capacity(schema.fields().len());
    let names = |schema: &SchemaRef| -> Vec<String> {
        let fields = schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    };
    let mut reshaped = names(&rows.schema()) != names(schema);
    for field in schema.fields() {
        let Some(column) = rows.column_by_name(field.name()) else {
            columns.push(new_null_array(field.data_type(), rows.num_rows()));
            is_new.push(true);
            reshaped = true;
            continue;
        };
        is_new.push(false);
        reshaped |= column.data_type() != field.data_type();
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let cast = cast_with_options(column, field.data_type(), &options);
        columns.push(cast.map_err(|error| Error::ModelChange {
            object: format!("column '{}' of {table}", field.name()),
            reason: error.to_string(),
        })?);
    }
    let nullable = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    let nullable = arrow::datatypes::Schema::new(nullable.collect::<Vec<_>>());
    let rows = RecordBatch::try_new(std::sync::Arc::new(nullable), columns)
        .map_err(Error::arrow(format!("aligning {table}")))?;
    Ok(Existing {
        rows,
        is_new,
        reshaped,
    })
}

impl Existing {
    /// True if the published columns are not those of the model.
    pub(crate) fn is_reshaped(&self) -> bool {
        self.reshaped
    }
}
