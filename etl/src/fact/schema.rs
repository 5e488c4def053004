//! The columns of a fact table.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use planisphere_schemas::model::Star;

use crate::dimension::MemberIndex;

/// The columns of `fact_<name>` in their order.
pub(crate) fn arrow_schema(star: &Star) -> SchemaRef {
    let roles = star
        .roles
        .iter()
        .map(|role| Field::new(role.key_column(), DataType::Int32, false));
    let groups = star.bridges.iter();
    let groups = groups.map(|bridge| Field::new(bridge.group_column(), DataType::Int32, false));
    let mut fields: Vec<Field> = roles.chain(groups).collect();
    fields.extend(
        star.degenerate
            .iter()
            .map(|column| Field::new(&column.name, column.data_type.arrow(), true)),
    );
    fields.extend(
        star.measures
            .iter()
            .map(|measure| Field::new(&measure.name, measure.data_type.arrow(), true)),
    );
    fields.extend([
        Field::new("source_system", DataType::Utf8, false),
        Field::new(SOURCE_ROW_ID, DataType::Utf8, false),
        Field::new(DELETED_AT_SOURCE, DataType::Boolean, false),
        Field::new(AUDIT_KEY, DataType::Int64, false),
    ]);
    Arc::new(Schema::new(fields))
}

/// The column that identifies a row of the source.
pub(crate) const SOURCE_ROW_ID: &str = "source_row_id";
/// The column that says whether the row is gone at the source.
pub(super) const DELETED_AT_SOURCE: &str = "deleted_at_source";
/// The column that names the load which wrote the row's values.
pub(super) const AUDIT_KEY: &str = "audit_key";

/// The column by which a fact's files are sorted: the key of the first calendar role.
pub(crate) fn day_column(star: &Star, members: &BTreeMap<String, MemberIndex>) -> Option<String> {
    let is_calendar =
        |name: &String| matches!(members.get(name), Some(MemberIndex::Calendar { .. }));
    let mut roles = star.roles.iter();
    let first = roles.find(|role| is_calendar(&role.dimension))?;
    Some(first.key_column())
}
