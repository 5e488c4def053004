//! Hierarchies of which branches may lack a level: members that lack one of the others are told.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use planisphere_schemas::model::Dimension;

use crate::conform::DELETED;
use crate::error::{Error, Result};
use crate::spool::Spooled;

/// What the operator should know of the rows that feed a dimension: how many of them lack a level that is not optional, in
/// hierarchies that have optional ones.
pub(super) fn incomplete(dimension: &Dimension, rows: &Spooled) -> Result<Vec<String>> {
    let ragged = dimension.hierarchies.iter();
    let ragged = ragged.filter(|it| it.levels.iter().any(|level| level.optional));
    let required = ragged.flat_map(|hierarchy| {
        let levels = hierarchy.levels.iter().filter(|level| !level.optional);
        levels.filter_map(move |level| Some((hierarchy, level, dimension.attribute(&level.key)?)))
    });
    let mut told = Vec::new();
    for (hierarchy, level, attribute) in required {
        let doing = || Error::arrow(format!("reading '{}' of {}", level.key, dimension.table()));
        let mut lack = 0;
        for rows in rows.batches() {
            lack += lacking(&rows.map_err(doing())?, &attribute.column);
        }
        if lack > 0 {
            told.push(format!(
                "{}: {lack} rows lack '{}', the level '{}' of hierarchy '{}', which is not optional",
                dimension.table(),
                level.key,
                level.name,
                hierarchy.name
            ));
        }
    }
    Ok(told)
}

/// The rows that are not deleted and have no value in a column.
fn lacking(rows: &RecordBatch, column: &str) -> usize {
    let Some(values) = rows.column_by_name(column) else {
        return 0;
    };
    let deleted = rows.column_by_name(DELETED).map(|it| it.as_boolean());
    let stands = |row: &usize| deleted.is_none_or(|deleted| !deleted.value(*row));
    let nulls = (0..rows.num_rows()).filter(|row| values.is_null(*row));
    nulls.filter(stands).count()
}
