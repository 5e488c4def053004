//! The published table of a dimension or fact, aligned to the columns that the model declares today.

use arrow::array::{Array as _, ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{DataType as Arrow, SchemaRef};
use arrow::util::display::array_value_to_string;
use chrono_tz::Tz;

use crate::declared::{declared_as, declared_column};
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
        let retyped = retyped(column, field.data_type());
        columns.push(retyped.map_err(|reason| Error::ModelChange {
            object: format!("column '{}' of {table}", field.name()),
            reason,
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

/// Published values in another type; says which of them have no place there.
fn retyped(column: &ArrayRef, to: &Arrow) -> Result<ArrayRef, String> {
    let from = column.data_type();
    if from == to {
        return Ok(ArrayRef::clone(column));
    }
    let declared = declared_as(to).ok_or_else(|| format!("{to} is no type of a model"))?;
    let is_of_zone = matches!(
        (from, to),
        (Arrow::Timestamp(..), Arrow::Date32) | (Arrow::Date32, Arrow::Timestamp(..))
    );
    if is_of_zone && column.null_count() < column.len() {
        return Err(format!(
            "days and instants are published, and which {declared} each is depends on the time zone of then"
        ));
    }
    let retyped = declared_column(column, declared, Tz::UTC);
    let (values, misfits) = retyped.map_err(|error| error.to_string())?;
    match misfits.first() {
        None => Ok(values),
        Some(row) => {
            let shown = array_value_to_string(column, *row).map_err(|error| error.to_string())?;
            Err(format!("'{shown}' is published, which is not {declared}"))
        }
    }
}

impl Existing {
    /// True if the published columns are not those of the model.
    pub(crate) fn is_reshaped(&self) -> bool {
        self.reshaped
    }
}
