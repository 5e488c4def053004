//! One entity: the outcome of each row, and the count that must add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch, is_null};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use planisphere_schemas::model::{Entity, Source};

use crate::error::{Error, Result};
use crate::reject::{Reject, Rejecting, Rejects};
use crate::spool::{Memory, Spool, Spooled};

use super::row_wise::{Misfits, RowWise, may_be_a_row};
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
/// Column of the outcome query of an entity of changes: which row of the source a change is, as a text; null if that cannot
/// be known. Its rows tell changes of the same member, instant and sequence apart, in this load and in later ones.
pub(crate) const CHANGE: &str = "_change";
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
    /// `_merged_into`, `_row_id`, and of changes `_change`.
    pub(crate) rows: Spooled,
    /// Rows of the driving table.
    pub(crate) read: u64,
    /// Rows left out by each named rule.
    pub(crate) excluded: BTreeMap<String, u64>,
    /// Rows rejected here.
    pub(crate) rejects: Rejects,
}

/// Runs an entity's SELECT and sorts its rows into kept, rejected and excluded.
pub(crate) async fn conform(
    session: &SessionContext,
    source: &Source,
    entity: &Entity,
    memory: &Memory,
) -> Result<Conformed> {
    let before = count(session, source, entity).await?;
    let failed = |error| Error::Conform {
        source_name: source.name.clone(),
        object: format!("entity '{}'", entity.name),
        source: Box::new(error),
    };
    let sorted = match selected(session, source, entity, memory).await {
        // one row that cannot be evaluated must not hold up the others
        Err(error) if may_be_a_row(&error) => {
            let one_by_one = evaluated(session, source, entity, memory).await;
            one_by_one.map_err(|also| {
                tracing::debug!(%also, "the rows cannot be evaluated one by one either");
                failed(error)
            })?
        }
        sorted => sorted.map_err(failed)?,
    };
    if sorted.read != before as u64 {
        let entity = entity.name.clone();
        let after = usize::try_from(sorted.read).unwrap_or(usize::MAX);
        return Err(Error::FanOut {
            entity,
            before,
            after,
        });
    }
    Ok(sorted)
}

/// The outcomes as the SELECT of the entity gives them, its partitions side by side.
async fn selected(
    session: &SessionContext,
    source: &Source,
    entity: &Entity,
    memory: &Memory,
) -> Result<Conformed, DataFusionError> {
    let frame = session.sql(&select(source, entity)).await?;
    let plan = frame.create_physical_plan().await?;
    let schema = visible(&plan.schema());
    let mut working = tokio::task::JoinSet::new();
    let streams = execute_stream_partitioned(plan, session.task_ctx())?;
    for (at, mut stream) in streams.into_iter().enumerate() {
        let sorter = Sorter::new(source, entity, &schema, memory);
        working.spawn(async move {
            let mut sorter = sorter;
            while let Some(rows) = stream.try_next().await? {
                sorter.sort(&rows, &Misfits::new())?;
            }
            Ok::<_, DataFusionError>((at, sorter.finish()?))
        });
    }
    let mut sorted = Vec::new();
    while let Some(part) = working.join_next().await {
        sorted.push(part.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??);
    }
    sorted.sort_by_key(|(at, _)| *at);
    Ok(together(schema, sorted.into_iter().map(|(_, part)| part)))
}

/// The outcomes as each expression gives them by itself, with the rows that cannot be evaluated among the rejected.
async fn evaluated(
    session: &SessionContext,
    source: &Source,
    entity: &Entity,
    memory: &Memory,
) -> Result<Conformed, DataFusionError> {
    let mut rows = RowWise::new(session, source, entity).await?;
    let schema = visible(&rows.schema());
    let mut sorter = Sorter::new(source, entity, &schema, memory);
    while let Some((rows, misfits)) = rows.next().await? {
        sorter.sort(&rows, &misfits)?;
    }
    Ok(together(schema, [sorter.finish()?].into_iter()))
}

/// The columns of the kept rows.
fn visible(outputs: &SchemaRef) -> SchemaRef {
    let fields = outputs.fields().iter();
    let fields = fields.filter(|field| field.name() != EXCLUDED && field.name() != REJECTED);
    // expressions may tell of the same column in two ways whether it can be null
    let fields = fields.map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Sorts rows by their outcomes.
struct Sorter {
    source: Source,
    entity: Entity,
    schema: SchemaRef,
    kept: Spool,
    read: u64,
    excluded: BTreeMap<String, u64>,
    rejects: Rejecting,
}

impl Sorter {
    fn new(source: &Source, entity: &Entity, schema: &SchemaRef, memory: &Memory) -> Self {
        Self {
            source: source.clone(),
            entity: entity.clone(),
            schema: Arc::clone(schema),
            kept: Spool::new(Arc::clone(schema), memory),
            read: 0,
            excluded: BTreeMap::new(),
            rejects: Rejecting::new(memory),
        }
    }

    fn sort(&mut self, rows: &RecordBatch, misfits: &Misfits) -> Result<(), ArrowError> {
        let excluded = text(rows, EXCLUDED)?;
        let rejected = reasons(&text(rows, REJECTED)?, misfits);
        let keep: BooleanArray = arrow::compute::and(&is_null(&excluded)?, &is_null(&rejected)?)?;
        let refuse: BooleanArray = (0..rows.num_rows())
            .map(|row| Some(excluded.is_null(row) && rejected.is_valid(row)))
            .collect();
        if refuse.true_count() > 0 {
            let named = (&self.source, &self.entity);
            let rejects = rejects(named, rows, &refuse, &rejected, misfits)?;
            self.rejects.add(rejects)?;
        }
        for rule in excluded.iter().flatten() {
            *self.excluded.entry(rule.to_owned()).or_insert(0) += 1;
        }
        self.read += rows.num_rows() as u64;
        let columns = self.schema.fields().iter();
        let columns =
            columns.map(|field| Ok(rows.column(rows.schema().index_of(field.name())?).clone()));
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        let all = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        match keep.true_count() == rows.num_rows() {
            true => self.kept.push(all),
            false => self.kept.push(filter_record_batch(&all, &keep)?),
        }
    }

    fn finish(self) -> Result<Conformed, ArrowError> {
        Ok(Conformed {
            rows: self.kept.finish()?,
            read: self.read,
            excluded: self.excluded,
            rejects: self.rejects.finish()?,
        })
    }
}

/// The outcomes of several parts of the rows, in their order.
fn together(schema: SchemaRef, parts: impl Iterator<Item = Conformed>) -> Conformed {
    let (mut rows, mut rejects, mut read) = (Vec::new(), Vec::new(), 0);
    let mut excluded = BTreeMap::new();
    for part in parts {
        rows.push(part.rows);
        read += part.read;
        rejects.push(part.rejects);
        for (rule, count) in part.excluded {
            *excluded.entry(rule).or_insert(0) += count;
        }
    }
    Conformed {
        rows: Spooled::chain(schema, rows),
        read,
        excluded,
        rejects: Rejects::together(rejects),
    }
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
    (source, entity): (&Source, &Entity),
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
