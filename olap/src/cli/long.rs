//! Cube answers as sheets for programs: one row a combination, keys and captions, all digits.

use arrow::array::RecordBatch;
use serde_json::Value;

use super::arrow_value::{shown_at, text_at, value_at};
use super::sheet::{Column, Sheet, Shown};
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// The answer with one row for each combination. A level has a column with its key (`@id` for special members,
/// empty for totals) and one with its caption; keys of levels above, where not asked for, come before.
pub(super) fn long(header: &ResultHeader, batches: &[RecordBatch]) -> Sheet {
    let kept: Vec<usize> = (0..header.columns.len())
        .filter(|at| is_kept(header, *at))
        .collect();
    let columns = kept
        .iter()
        .filter_map(|at| header.columns.get(*at))
        .map(|column| Column {
            name: column.name.clone(),
            heading: column.caption.clone(),
            right: column.data_type.is_number() && !is_member(&column.role),
        });
    let columns = columns.collect();
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(
                kept.iter()
                    .map(|at| long_value(header, batch, *at, row))
                    .collect(),
            );
        }
    }
    Sheet { columns, rows }
}

/// True for keys and captions, which stand on the left.
fn is_member(role: &ColumnRole) -> bool {
    match role {
        ColumnRole::Level { part, .. } => !matches!(part, LevelPart::Attribute { .. }),
        _ => false,
    }
}

fn is_kept(header: &ResultHeader, at: usize) -> bool {
    header
        .columns
        .get(at)
        .is_some_and(|column| match &column.role {
            ColumnRole::Measure { .. } | ColumnRole::Detail { .. } => true,
            ColumnRole::Level { part, .. } => {
                matches!(
                    part,
                    LevelPart::AncestorKey { .. }
                        | LevelPart::Key
                        | LevelPart::Caption
                        | LevelPart::Attribute { .. }
                )
            }
        })
}

fn long_value(header: &ResultHeader, batch: &RecordBatch, at: usize, row: usize) -> Shown {
    let column = batch.column(at);
    if column.is_null(row)
        && let Some(special) = special_of(header, at).map(|at| batch.column(at))
        && value_at(special, row) != Value::Null
    {
        return Shown::text(format!("@{}", text_at(special, row)));
    }
    shown_at(column, row)
}

/// The column that names the special member where this key is null.
fn special_of(header: &ResultHeader, at: usize) -> Option<usize> {
    let name = format!("{}.special", header.columns.get(at)?.name);
    header.columns.iter().position(|column| column.name == name)
}
