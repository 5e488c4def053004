//! The columns of a dimension table.

use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use planisphere_schemas::model::{DataType, Dimension};

/// The columns of `dim_<name>` in their order.
pub(crate) fn arrow_schema(dimension: &Dimension) -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    let mut fields = vec![
        Field::new(dimension.key_column(), Arrow::Int32, false),
        Field::new(dimension.durable_key_column(), Arrow::Int32, false),
        Field::new("source_system", Arrow::Utf8, false),
        Field::new(dimension.id_column(), Arrow::Utf8, false),
    ];
    let attributes = dimension.attributes.iter();
    fields.extend(attributes.map(|a| Field::new(&a.name, a.data_type.arrow(), true)));
    fields.extend([
        Field::new("valid_from", instant.clone(), false),
        Field::new("valid_to", instant, false),
        Field::new("valid_from_basis", Arrow::Utf8, false),
        Field::new("is_current", Arrow::Boolean, false),
        Field::new("deleted_at_source", Arrow::Boolean, false),
        Field::new("audit_key", Arrow::Int64, false),
    ]);
    Arc::new(Schema::new(fields))
}
