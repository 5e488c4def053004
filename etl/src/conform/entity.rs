//! One entity: the outcome of each row, and the count that must add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches, filter_record_batch, is_null};
use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use planisphere_schemas::model::{Entity, Source};

use crate::error::{Error, Result};
use crate::reject::Reject;

use super::row_wise::{Misfits, may_be_a_row, row_wise};
use super::select::select;

/// Column of the outcome query: true when the source marks the row as deleted.
pub(crate) const DELETED: &str = "_deleted";
/// Column of the outcome query: from when the row's values hold; null if the source does not say.
pub(crate) const VALID_FROM: &str = "_valid_from";
/// Column of the outcome query: on which basis `_valid_from` stands.
pub(crate) const BASIS: &str = "_valid_from_basis";
/// Column of the outcome query: when the row was last modified; null if the source does not say.
pub(crate) const MODIFIED: &str = "_modified";
/// Column of the outcome query: the business key of the member that this one was merged into.
pub(crate) const MERGED_INTO: &str = "_merged_into";
/// Column of the outcome query: which of several changes of one instant is the last.
pub(crate) const SEQUENCE: &str = "_sequence";
/// Column of the outcome query: the key of the driving row.
pub(crate) const ROW_ID: &str = "_row_id";
/// Column of the outcome query: the rule that leaves the row out.
pub(super) const EXCLUDED: &str = "_excluded";
/// Column of the outcome query: the reason for which the row is rejected.
pub(super) const REJECTED: &str = "_rejected";

/// What became of the rows of an entity.
#[derive(Debug, Clone)]
pub(crate) struct Conformed {
    /// The kept rows: the entity's columns, then `_deleted`, `_valid_from`, `_valid_from_basis`, `_modified`, `_sequence`,
    /// `_merged_into`, `_row_id`.
    pub(crate) rows: RecordBatch,
    /// Rows of the driving table.
    pub(crate) read: u64,
    /// Rows left out by each named rule.
    pub(crate) excluded: BTreeMap<String, u64>,
    /// Rows rejected here.
    pub(crate) rejects: Vec<Reject>,
}

/// Runs an entity's SELECT and sorts its rows into kept, rejected and excluded.
pub(crate) async fn conform(
    session: &SessionContext,
    source: &Source,
    entity: &Entity,
) -> Result<Conformed> {
    let before = count(session, source, entity).await?;
    let failed = |error| Error::Conform {
        source_name: source.name.clone(),
        object: format!("entity '{}'", entity.name),
        source: Box::new(error),
    };
    let frame = session.sql(&select(source, entity)).await.map_err(failed)?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let doing = || format!("conforming entity '{}'", entity.name);
    let (rows, misfits) = match frame.collect().await {
        Ok(batches) => {
            let rows = concat_batches(&schema, &batches).map_err(Error::arrow(doing()))?;
            (rows, Misfits::new())
        }
        // one row that cannot be evaluated must not hold up the others
        Err(error) if may_be_a_row(&error) => match row_wise(session, source, entity).await {
            Ok(found) => found,
            Err(also) => {
                tracing::debug!(%also, "the rows cannot be evaluated one by one either");
                return Err(failed(error));
            }
        },
        Err(error) => return Err(failed(error)),
    };
    if rows.num_rows() != before {
        let (entity, after) = (entity.name.clone(), rows.num_rows());
        return Err(Error::FanOut {
            entity,
            before,
            after,
        });
    }
    outcome(source, entity, &rows, &misfits).map_err(Error::arrow(doing()))
}

async fn count(session: &SessionContext, source: &Source, entity: &Entity) -> Result<usize> {
    let failed = |error| Error::Conform {
        source_name: source.name.clone(),
        object: format!("'{}' of entity '{}'", entity.from, entity.name),
        source: Box::new(error),
    };
    let frame = session.table(entity.from.as_str()).await.map_err(failed)?;
    frame.count().await.map_err(failed)
}

fn outcome(
    source: &Source,
    entity: &Entity,
    rows: &RecordBatch,
    misfits: &Misfits,
) -> Result<Conformed, arrow::error::ArrowError> {
    let excluded = text(rows, EXCLUDED)?;
    let rejected = reasons(&text(rows, REJECTED)?, misfits);
    let keep: BooleanArray = arrow::compute::and(&is_null(&excluded)?, &is_null(&rejected)?)?;
    let refuse: BooleanArray = (0..rows.num_rows())
        .map(|row| Some(excluded.is_null(row) && rejected.is_valid(row)))
        .collect();
    let columns = rows.num_columns() - 2;
    let visible = rows.project(&(0..columns).collect::<Vec<_>>())?;
    let rejects = rejects(source, entity, rows, &refuse, &rejected, misfits)?;
    let mut counts = BTreeMap::new();
    for rule in excluded.iter().flatten() {
        *counts.entry(rule.to_owned()).or_insert(0) += 1;
    }
    Ok(Conformed {
        rows: filter_record_batch(&visible, &keep)?,
        read: rows.num_rows() as u64,
        excluded: counts,
        rejects,
    })
}

/// A column as texts.
fn text(batch: &RecordBatch, column: &str) -> Result<StringArray, arrow::error::ArrowError> {
    let index = batch.schema().index_of(column)?;
    Ok(cast(batch.column(index), &DataType::Utf8)?
        .as_string::<i32>()
        .clone())
}

/// The reason to reject each row: the one that the query gave, else a value that cannot be worked out.
fn reasons(given: &StringArray, misfits: &Misfits) -> StringArray {
    let reason = |row: usize| match given.is_valid(row) {
        true => Some(given.value(row).to_owned()),
        false => misfits
            .get(&row)
            .map(|misfit| format!("invalid_{}", misfit.column)),
    };
    (0..given.len()).map(reason).collect()
}

fn rejects(
    source: &Source,
    entity: &Entity,
    rows: &RecordBatch,
    refuse: &BooleanArray,
    reasons: &StringArray,
    misfits: &Misfits,
) -> Result<Vec<Reject>, arrow::error::ArrowError> {
    let ids = text(rows, ROW_ID)?;
    let shown = rows.project(&(0..entity.columns.len()).collect::<Vec<_>>())?;
    let mut json = json_rows(&filter_record_batch(&shown, refuse)?)?.into_iter();
    let refused = (0..rows.num_rows()).filter(|row| refuse.value(*row));
    let detail = |row: usize, reason: &str| {
        let mut rules = entity.reject.iter();
        match (rules.find(|rule| rule.name == reason), misfits.get(&row)) {
            (Some(rule), _) => rule.when.clone(),
            (None, Some(misfit)) if !reason.starts_with("rejected_") => misfit.detail.clone(),
            _ => "the joined row was rejected when it was read".to_owned(),
        }
    };
    let rejects = refused.map(|row| Reject {
        source: source.name.clone(),
        stage: "conform".into(),
        object: entity.name.clone(),
        row_id: ids.value(row).to_owned(),
        reason: reasons.value(row).to_owned(),
        detail: detail(row, reasons.value(row)),
        row: json.next().unwrap_or_default(),
    });
    Ok(rejects.collect())
}

/// Each row as a JSON object.
pub(crate) fn json_rows(rows: &RecordBatch) -> Result<Vec<String>, arrow::error::ArrowError> {
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(rows)?;
    writer.finish()?;
    let text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    Ok(text.lines().map(str::to_owned).collect())
}
