//! Primary and foreign keys, as the model declares them: surrogate keys of dimensions and the roles of facts.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray, UInt8Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys,
};
use planisphere_schemas::model::Model;
use planisphere_schemas::warehouse::STAR_SCHEMA;
use tonic::Status;

use super::objects::built;
use crate::sql::CATALOG;

/// No action: keys of a pinned version never change.
const NO_ACTION: u8 = 3;

/// A role of a fact: its column refers to the surrogate key of a dimension.
struct ForeignKey {
    dimension_table: String,
    dimension_key: String,
    fact_table: String,
    role_key: String,
}

fn foreign_keys(model: &Model) -> Vec<ForeignKey> {
    let roles = model
        .stars
        .iter()
        .flat_map(|star| star.roles.iter().map(move |role| (star, role)));
    roles
        .filter_map(|(star, role)| {
            let dimension = model.dimension(&role.dimension)?;
            Some(ForeignKey {
                dimension_table: dimension.table(),
                dimension_key: dimension.key_column(),
                fact_table: star.table(),
                role_key: role.key_column(),
            })
        })
        .collect()
}

/// The surrogate key of a dimension; facts have none.
pub(super) fn primary(
    command: &CommandGetPrimaryKeys,
    model: &Model,
) -> Result<RecordBatch, Status> {
    let found = model
        .dimensions
        .iter()
        .find(|dimension| dimension.table() == command.table);
    let rows: Vec<_> = found
        .into_iter()
        .map(|it| (it.table(), it.key_column()))
        .collect();
    let names = |text: &str| texts(rows.iter().map(|_| text.to_owned()));
    let columns: Vec<(&str, bool, ArrayRef)> = vec![
        ("catalog_name", true, names(CATALOG)),
        ("db_schema_name", true, names(STAR_SCHEMA)),
        (
            "table_name",
            false,
            texts(rows.iter().map(|row| row.0.clone())),
        ),
        (
            "column_name",
            false,
            texts(rows.iter().map(|row| row.1.clone())),
        ),
        (
            "key_name",
            true,
            texts(rows.iter().map(|row| format!("{}_primary", row.0))),
        ),
        (
            "key_sequence",
            false,
            Arc::new(Int32Array::from(vec![1; rows.len()])),
        ),
    ];
    list(columns)
}

/// The foreign keys of a fact.
pub(super) fn imported(
    command: &CommandGetImportedKeys,
    model: &Model,
) -> Result<RecordBatch, Status> {
    references(model, |key| key.fact_table == command.table)
}

/// The foreign keys that refer to a dimension.
pub(super) fn exported(
    command: &CommandGetExportedKeys,
    model: &Model,
) -> Result<RecordBatch, Status> {
    references(model, |key| key.dimension_table == command.table)
}

/// The foreign keys of a fact that refer to a dimension.
pub(super) fn cross(
    command: &CommandGetCrossReference,
    model: &Model,
) -> Result<RecordBatch, Status> {
    references(model, |key| {
        key.dimension_table == command.pk_table && key.fact_table == command.fk_table
    })
}

fn references(model: &Model, wanted: impl Fn(&ForeignKey) -> bool) -> Result<RecordBatch, Status> {
    let keys: Vec<ForeignKey> = foreign_keys(model).into_iter().filter(wanted).collect();
    let names = |text: &str| texts(keys.iter().map(|_| text.to_owned()));
    let each = |of: fn(&ForeignKey) -> String| texts(keys.iter().map(of));
    let rules = || -> ArrayRef { Arc::new(UInt8Array::from(vec![NO_ACTION; keys.len()])) };
    list(vec![
        ("pk_catalog_name", true, names(CATALOG)),
        ("pk_db_schema_name", true, names(STAR_SCHEMA)),
        (
            "pk_table_name",
            false,
            each(|key| key.dimension_table.clone()),
        ),
        (
            "pk_column_name",
            false,
            each(|key| key.dimension_key.clone()),
        ),
        ("fk_catalog_name", true, names(CATALOG)),
        ("fk_db_schema_name", true, names(STAR_SCHEMA)),
        ("fk_table_name", false, each(|key| key.fact_table.clone())),
        ("fk_column_name", false, each(|key| key.role_key.clone())),
        (
            "key_sequence",
            false,
            Arc::new(Int32Array::from(vec![1; keys.len()])),
        ),
        (
            "fk_key_name",
            true,
            each(|key| format!("{}_{}", key.fact_table, key.role_key)),
        ),
        (
            "pk_key_name",
            true,
            each(|key| format!("{}_primary", key.dimension_table)),
        ),
        ("update_rule", false, rules()),
        ("delete_rule", false, rules()),
    ])
}

fn texts(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn list(columns: Vec<(&str, bool, ArrayRef)>) -> Result<RecordBatch, Status> {
    let field = |(name, nullable, array): &(&str, bool, ArrayRef)| -> Field {
        let data_type: DataType = array.data_type().clone();
        Field::new(*name, data_type, *nullable)
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    built(RecordBatch::try_new(Arc::new(schema), arrays))
}
