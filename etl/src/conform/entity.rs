//! One entity: its SELECT, the outcome of each row, and the count that must add up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches, filter_record_batch, is_null};
use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use planisphere_schemas::model::{Entity, Source, rename_qualifier};

use crate::error::{Error, Result};
use crate::reject::Reject;

use super::rejected;

/// Column of the outcome query: true when the source marks the row as deleted.
pub(crate) const DELETED: &str = "_deleted";
/// Column of the outcome query: from when the row's values hold; null if the source does not say.
pub(crate) const VALID_FROM: &str = "_valid_from";
/// Column of the outcome query: on which basis `_valid_from` stands.
pub(crate) const BASIS: &str = "_valid_from_basis";
/// Column of the outcome query: when the row was last modified; null if the source does not say.
pub(crate) const MODIFIED: &str = "_modified";
/// Column of the outcome query: the key of the driving row.
const ROW_ID: &str = "_row_id";
const NO_INSTANT: &str = "arrow_cast(NULL, 'Timestamp(Microsecond, Some(\"UTC\"))')";
const EXCLUDED: &str = "_excluded";
const REJECTED: &str = "_rejected";

/// What became of the rows of an entity.
#[derive(Debug)]
pub(crate) struct Conformed {
    /// The kept rows: the entity's columns, then `_deleted`, `_valid_from`, `_valid_from_basis`, `_modified`, `_row_id`.
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
    let batches = frame.collect().await.map_err(failed)?;
    let doing = || format!("conforming entity '{}'", entity.name);
    let rows = concat_batches(&schema, &batches).map_err(Error::arrow(doing()))?;
    if rows.num_rows() != before {
        let (entity, after) = (entity.name.clone(), rows.num_rows());
        return Err(Error::FanOut {
            entity,
            before,
            after,
        });
    }
    outcome(source, entity, &rows).map_err(Error::arrow(doing()))
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

/// The SELECT of an entity with the outcome of each row.
fn select(source: &Source, entity: &Entity) -> String {
    let mut sql = String::from("SELECT ");
    for column in &entity.columns {
        let _ = write!(sql, "({}) AS \"{}\", ", column.expression, column.name);
    }
    let deleted = entity.deleted.as_deref().unwrap_or("false");
    let _ = write!(sql, "coalesce(({deleted}), false) AS {DELETED}, ");
    let _ = write!(
        sql,
        "{} AS {VALID_FROM}, {} AS {BASIS}, ",
        from_when(entity),
        basis(entity)
    );
    let modified = entity.modified.as_deref().unwrap_or(NO_INSTANT);
    let _ = write!(sql, "({modified}) AS {MODIFIED}, ");
    let _ = write!(sql, "{} AS {ROW_ID}, ", row_id(source, entity));
    let _ = write!(sql, "{} AS {EXCLUDED}, ", first_rule(&entity.exclude));
    let partners = rejected_partners(source, entity);
    let _ = write!(sql, "{} AS {REJECTED} ", rejection(entity, &partners));
    let _ = write!(sql, "FROM \"{}\" AS {}", entity.from, entity.alias);
    for join in &entity.joins {
        let _ = write!(
            sql,
            " LEFT JOIN \"{}\" AS {} ON {}",
            join.table, join.alias, join.on
        );
    }
    for partner in &partners {
        let (relation, alias) = (rejected::relation(partner.table), &partner.alias);
        let _ = write!(
            sql,
            " LEFT JOIN \"{relation}\" AS {alias} ON {}",
            partner.on
        );
    }
    sql
}

/// A joined table whose rejected rows would have been found.
struct Partner<'a> {
    table: &'a str,
    alias: String,
    on: String,
    key: &'a str,
}

/// The joins of an entity, each with the rejected rows of its table in the place of the good ones.
fn rejected_partners<'a>(source: &'a Source, entity: &'a Entity) -> Vec<Partner<'a>> {
    let joins = entity.joins.iter();
    joins
        .filter_map(|join| {
            let key = source.table(&join.table)?.key.first()?;
            let alias = format!("{}_rejected", join.alias);
            let on = rename_qualifier(&join.on, &join.alias, &alias)?;
            Some(Partner {
                table: &join.table,
                alias,
                on,
                key,
            })
        })
        .collect()
}

/// The first reason to reject a row: a rejected partner, then the named rules.
fn rejection(entity: &Entity, partners: &[Partner<'_>]) -> String {
    if partners.is_empty() && entity.reject.is_empty() {
        return "CAST(NULL AS VARCHAR)".into();
    }
    let mut sql = String::from("CASE");
    for Partner {
        table, alias, key, ..
    } in partners
    {
        let _ = write!(
            sql,
            " WHEN {alias}.\"{key}\" IS NOT NULL THEN 'rejected_{table}'"
        );
    }
    for rule in &entity.reject {
        let _ = write!(sql, " WHEN ({}) THEN '{}'", rule.when, rule.name);
    }
    sql.push_str(" END");
    sql
}

fn is_versioned(entity: &Entity) -> bool {
    entity.from.ends_with("_versions")
}

fn from_when(entity: &Entity) -> String {
    match &entity.modified {
        _ if is_versioned(entity) => format!("{}.{VALID_FROM}", entity.alias),
        Some(modified) => format!("({modified})"),
        None => NO_INSTANT.into(),
    }
}

fn basis(entity: &Entity) -> String {
    match &entity.modified {
        _ if is_versioned(entity) => format!("{}.{BASIS}", entity.alias),
        Some(modified) => {
            format!("CASE WHEN ({modified}) IS NULL THEN 'snapshot' ELSE 'modified' END")
        }
        None => "'snapshot'".into(),
    }
}

/// The driving row's key as text; for views the entity's first column.
fn row_id(source: &Source, entity: &Entity) -> String {
    let name = entity
        .from
        .strip_suffix("_versions")
        .unwrap_or(&entity.from);
    let keys: Vec<String> = match source.table(name) {
        Some(table) if table.format.is_some() => {
            vec!["\"_file_hash\"".into(), "\"_row_number\"".into()]
        }
        Some(table) => table.key.iter().map(|key| format!("\"{key}\"")).collect(),
        None => {
            let first = entity
                .columns
                .first()
                .map_or("''", |column| &column.expression);
            return format!("coalesce(CAST(({first}) AS VARCHAR), '')");
        }
    };
    let parts: Vec<String> = keys
        .iter()
        .map(|key| format!("coalesce(CAST({}.{key} AS VARCHAR), '')", entity.alias))
        .map(|part| match keys.len() {
            1 => part,
            _ => format!("replace(replace({part}, '\\', '\\\\'), '|', '\\|')"),
        })
        .collect();
    parts.join(" || '|' || ")
}

fn first_rule(rules: &[planisphere_schemas::model::Rule]) -> String {
    if rules.is_empty() {
        return "CAST(NULL AS VARCHAR)".into();
    }
    let mut sql = String::from("CASE");
    for rule in rules {
        let _ = write!(sql, " WHEN ({}) THEN '{}'", rule.when, rule.name);
    }
    sql.push_str(" END");
    sql
}

fn outcome(
    source: &Source,
    entity: &Entity,
    rows: &RecordBatch,
) -> Result<Conformed, arrow::error::ArrowError> {
    let excluded = text(rows, EXCLUDED)?;
    let rejected = text(rows, REJECTED)?;
    let keep: BooleanArray = arrow::compute::and(&is_null(&excluded)?, &is_null(&rejected)?)?;
    let refuse: BooleanArray = (0..rows.num_rows())
        .map(|row| Some(excluded.is_null(row) && rejected.is_valid(row)))
        .collect();
    let columns = rows.num_columns() - 2;
    let visible = rows.project(&(0..columns).collect::<Vec<_>>())?;
    let rejects = rejects(source, entity, &filter_record_batch(rows, &refuse)?)?;
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

fn rejects(
    source: &Source,
    entity: &Entity,
    rows: &RecordBatch,
) -> Result<Vec<Reject>, arrow::error::ArrowError> {
    let (reasons, ids) = (text(rows, REJECTED)?, text(rows, ROW_ID)?);
    let shown = rows.project(&(0..entity.columns.len()).collect::<Vec<_>>())?;
    let json = json_rows(&shown)?;
    let condition = |reason: &str| match entity.reject.iter().find(|rule| rule.name == reason) {
        Some(rule) => rule.when.clone(),
        None => "the joined row was rejected when it was read".to_owned(),
    };
    let rejects = json.into_iter().enumerate().map(|(row, json)| Reject {
        source: source.name.clone(),
        stage: "conform".into(),
        object: entity.name.clone(),
        row_id: ids.value(row).to_owned(),
        reason: reasons.value(row).to_owned(),
        detail: condition(reasons.value(row)),
        row: json,
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
