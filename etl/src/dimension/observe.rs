//! Conformed rows as observations of members: business ids, instants, values in their declared types.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Int64Type, TimestampMicrosecondType};
use planisphere_schemas::model::{DataType, Dimension, DimensionKind};

use crate::conform::{BASIS, DELETED, MERGED_INTO, MODIFIED, SEQUENCE, VALID_FROM};
use crate::error::{Error, Result};
use crate::problems::{Destination, Problems};
use crate::reject::Reject;

use super::{DimensionInput, Nature, cast_column};

/// The conformed rows of a dimension, column by column.
pub(super) struct Observations {
    /// For each attribute its values in the declared type; last the members that these were merged into.
    pub(super) attributes: Vec<ArrayRef>,
    /// From when each row holds; the snapshot's instant where the source does not say.
    pub(super) from: Vec<i64>,
    /// On which basis.
    pub(super) basis: StringArray,
    /// Which of several changes of one instant is the last.
    pub(super) sequence: Vec<i64>,
    /// When each row was last modified, where the source says so.
    pub(super) modified: TimestampMicrosecondArray,
    /// True where the source marks the row as deleted.
    pub(super) deleted: BooleanArray,
    /// The good rows of each business id in the order of time.
    pub(super) members: BTreeMap<String, Vec<usize>>,
    /// Rows that are rejected here.
    pub(super) rejects: Vec<Reject>,
}

/// Reads the conformed rows of a dimension.
pub(super) fn observe(input: &DimensionInput<'_>) -> Result<Observations> {
    let dimension = input.dimension;
    let rows = &input.conformed.rows;
    let doing = || format!("reading the entity of dimension '{}'", dimension.name);
    let column = |name: &str| -> Result<ArrayRef> {
        let index = rows
            .schema()
            .index_of(name)
            .map_err(Error::arrow(doing()))?;
        Ok(rows.column(index).clone())
    };
    let mut problems = Problems::default();
    let mut attributes = Vec::with_capacity(dimension.attributes.len());
    for attribute in &dimension.attributes {
        let values = column(&attribute.column)?;
        let (cast, misfits) =
            cast_column(&values, attribute.data_type).map_err(Error::arrow(doing()))?;
        problems.misfits(&attribute.name, attribute.data_type, misfits);
        attributes.push(cast);
    }
    let merged = cast(&column(MERGED_INTO)?, &Arrow::Utf8).map_err(Error::arrow(doing()))?;
    attributes.push(merged);
    let ids = ids(dimension, &column)
        .and_then(|ids| cast(&ids, &Arrow::Utf8).map_err(Error::arrow(doing())))?;
    let ids = ids.as_string::<i32>();
    let instants = |name: &str| -> Result<TimestampMicrosecondArray> {
        let instants =
            cast(&column(name)?, &DataType::Timestamp.arrow()).map_err(Error::arrow(doing()))?;
        Ok(instants.as_primitive::<TimestampMicrosecondType>().clone())
    };
    let instants_of_rows = instants(VALID_FROM)?;
    let from = instants_or(&instants_of_rows, input.snapshot_at);
    let basis = cast(&column(BASIS)?, &Arrow::Utf8).map_err(Error::arrow(doing()))?;
    let is_stream = input.nature == Nature::Changes;
    for row in (0..rows.num_rows()).filter(|row| is_stream && instants_of_rows.is_null(*row)) {
        problems.missing_key(row, "the instant of the change is null");
    }
    let members = members(ids, &from, is_stream, &mut problems);
    let sequence = cast(&column(SEQUENCE)?, &Arrow::Int64).map_err(Error::arrow(doing()))?;
    let sequence = sequence.as_primitive::<Int64Type>().iter();
    let destination = Destination {
        source: input.source_system,
        stage: "dimension",
        object: &dimension.name,
    };
    let rejects = problems
        .rejects(&destination, rows, ids)
        .map_err(Error::arrow(doing()))?;
    Ok(Observations {
        attributes,
        from,
        basis: basis.as_string::<i32>().clone(),
        modified: instants(MODIFIED)?,
        sequence: sequence.map(Option::unwrap_or_default).collect(),
        deleted: column(DELETED)?.as_boolean().clone(),
        members,
        rejects,
    })
}

fn ids(dimension: &Dimension, column: &dyn Fn(&str) -> Result<ArrayRef>) -> Result<ArrayRef> {
    match &dimension.kind {
        DimensionKind::Entity { key, .. } => column(key),
        DimensionKind::Calendar(_) | DimensionKind::TimeOfDay(_) => column(&dimension.id_column()),
    }
}

fn instants_or(instants: &TimestampMicrosecondArray, otherwise: i64) -> Vec<i64> {
    instants
        .iter()
        .map(|instant| instant.unwrap_or(otherwise))
        .collect()
}

/// Groups the rows by business id; a row without id is a problem, and so is one with the id and instant of another
/// unless it is a change, of which there may be several.
fn members(
    ids: &StringArray,
    from: &[i64],
    is_stream: bool,
    problems: &mut Problems,
) -> BTreeMap<String, Vec<usize>> {
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut seen: HashSet<(&str, i64)> = HashSet::new();
    for (row, instant) in from.iter().enumerate() {
        if problems.has(row) {
            continue;
        }
        if ids.is_null(row) {
            problems.missing_key(row, "the business key is null");
        } else if !seen.insert((ids.value(row), *instant)) && !is_stream {
            problems.duplicate_key(row, ids.value(row));
        } else {
            members
                .entry(ids.value(row).to_owned())
                .or_default()
                .push(row);
        }
    }
    for rows in members.values_mut() {
        rows.sort_by_key(|row| from[*row]);
    }
    members
}
