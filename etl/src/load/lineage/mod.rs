//! Column lineage: from which columns of the sources each column of a dimension or fact comes, as `audit_lineage`.
//!
//! It is read off the plans of the entities, not off their texts, and kept by the first load of each model.

mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Model, Source, Tag};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::{EntityLineage, How, Origins, VALID_FROM, entity_lineage};
use crate::error::{Error, Result};
use crate::staging::Package;

use self::parts::{Part, parts};
use super::execute::Execution;
use super::record::LoadRecord;

/// The table of column lineage.
pub(super) const TABLE: &str = "audit_lineage";

/// The columns of `audit_lineage`.
pub(super) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, Arrow::Utf8, false);
    Arc::new(Schema::new(vec![
        Field::new("audit_key", Arrow::Int64, false),
        text("load_id"),
        text("table_name"),
        text("column_name"),
        text("source"),
        text("source_table"),
        text("source_column"),
        text("how"),
        text("tags"),
    ]))
}

/// One column and one origin of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    table: String,
    column: String,
    source: String,
    source_table: String,
    source_column: String,
    how: How,
    tags: String,
}

impl Link {
    /// The two columns.
    fn ends(&self) -> [&str; 5] {
        let ends = [&self.table, &self.column, &self.source];
        let [table, column, source] = ends.map(String::as_str);
        [
            table,
            column,
            source,
            &self.source_table,
            &self.source_column,
        ]
    }
}

impl Execution<'_> {
    /// The lineage of all columns; `None` if the model is that of the published version, which has it.
    pub(super) async fn lineage(
        &self,
        package: &Package,
        base: Option<&PinnedWarehouse>,
        record: &LoadRecord,
    ) -> Result<Option<RecordBatch>> {
        let known = base.is_some_and(|base| {
            base.table(TABLE).is_some() && base.manifest().model_hash == self.model.hash()
        });
        if known {
            return Ok(None);
        }
        let mut entities = EntityLineage::new();
        for source in &self.model.sources {
            let settings = &self.options.settings.etl;
            let found = entity_lineage(package, source, settings, self.model.zone()).await?;
            entities.extend(found);
        }
        let links = links(self.model, &entities);
        let rows = rows(&links, record).map_err(Error::arrow("writing audit_lineage"))?;
        Ok(Some(rows))
    }
}

fn rows(links: &[Link], record: &LoadRecord) -> Result<RecordBatch, ArrowError> {
    let text = |get: &dyn Fn(&Link) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(links.iter().map(get)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![record.audit_key; links.len()])),
        text(&|_| record.load_id.to_string()),
        text(&|link| link.table.clone()),
        text(&|link| link.column.clone()),
        text(&|link| link.source.clone()),
        text(&|link| link.source_table.clone()),
        text(&|link| link.source_column.clone()),
        text(&|link| link.how.word().to_owned()),
        text(&|link| link.tags.clone()),
    ];
    RecordBatch::try_new(schema(), columns)
}

/// Every column of every dimension, closure and star with its origins.
fn links(model: &Model, entities: &EntityLineage) -> Vec<Link> {
    let mut links = Vec::new();
    for Part {
        table,
        column,
        entity,
        from,
        how,
    } in parts(model)
    {
        let origins = origins(entities, entity, from, how);
        links.extend(resolved(model, entity, &table, &column, &origins));
    }
    links.sort();
    merged(links)
}

/// Of several links between the same columns the one that changes the most.
fn merged(links: Vec<Link>) -> Vec<Link> {
    let mut merged: Vec<Link> = Vec::with_capacity(links.len());
    for link in links {
        match merged.last_mut() {
            Some(last) if last.ends() == link.ends() => last.how = last.how.max(link.how),
            _ => merged.push(link),
        }
    }
    merged
}

fn origins(entities: &EntityLineage, entity: &str, column: &str, least: How) -> Origins {
    let found = entities.get(&(entity.to_owned(), column.to_owned()));
    let found = found.into_iter().flatten();
    found
        .map(|(origin, how)| (origin.clone(), least.max(*how)))
        .collect()
}

/// Origins in the names of the source.
fn resolved(
    model: &Model,
    entity: &str,
    table: &str,
    column: &str,
    origins: &Origins,
) -> Vec<Link> {
    let Some((source, _)) = model.entity(entity) else {
        return Vec::new();
    };
    let mut found: BTreeMap<(String, String), (How, String)> = BTreeMap::new();
    for ((relation, name), how) in origins {
        for (source_table, source_column, tags) in in_source(source, relation, name) {
            let known = found
                .entry((source_table, source_column))
                .or_insert((*how, tags));
            known.0 = known.0.max(*how);
        }
    }
    let links = found.into_iter();
    links
        .map(|((source_table, source_column), (how, tags))| Link {
            table: table.to_owned(),
            column: column.to_owned(),
            source: source.name.clone(),
            source_table,
            source_column,
            how,
            tags,
        })
        .collect()
}

/// The columns of a source's tables behind one of a staged relation, with their tags. A rebuilt history has its values from
/// the audit table too.
fn in_source(source: &Source, relation: &str, column: &str) -> Vec<(String, String, String)> {
    let name = relation.strip_suffix("_versions").unwrap_or(relation);
    let Some(table) = source.table(relation).or_else(|| source.table(name)) else {
        return Vec::new();
    };
    let of = |table: &str, column: &str| {
        let table = source.table(table)?;
        let column = table.column(column)?;
        let tags = column.tags.iter().map(|tag| match tag {
            Tag::Personal => "personal",
            Tag::Secret => "secret",
        });
        let tags: Vec<&str> = tags.collect();
        Some((table.origin.clone(), column.origin.clone(), tags.join(" ")))
    };
    let mut found: Vec<_> = of(&table.name, column).into_iter().collect();
    let history = table.history.as_ref().filter(|_| relation != table.name);
    if let Some(history) = history {
        let audited = history.columns.iter().any(|audited| audited == column);
        let from: &[&String] = match column {
            VALID_FROM => &[&history.at],
            _ if audited => &[&history.before, &history.after],
            _ => &[],
        };
        found.extend(from.iter().filter_map(|from| of(&history.audit, from)));
    }
    found
}
