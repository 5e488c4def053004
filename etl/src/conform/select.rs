//! The SQL of an entity: what is asked of each row of its driving table, and from which tables.

use std::fmt::Write as _;

use planisphere_schemas::model::{
    Changes, DataType, Entity, Source, Table, parse_expression, referenced_columns,
    rename_qualifier,
};

use super::entity::{
    BASIS, CHANGE, DELETED, EXCLUDED, MERGED_INTO, MODIFIED, REJECTED, ROW_ID, SEQUENCE, VALID_FROM,
};
use super::functions::BEGINNING;
use super::rejected;

const NO_INSTANT: &str = "arrow_cast(NULL, 'Timestamp(Microsecond, Some(\"UTC\"))')";

/// One column of the outcome query.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// The name of the column.
    pub(super) name: String,
    /// The SQL scalar.
    pub(super) sql: String,
}

/// What is asked of each row: the entity's columns, then what becomes of the row.
pub(super) fn outputs(source: &Source, entity: &Entity) -> Vec<Output> {
    let columns = entity.columns.iter();
    let mut outputs: Vec<Output> = columns
        .map(|column| Output {
            name: column.name.clone(),
            sql: format!("({})", column.expression),
        })
        .collect();
    let deleted = entity.deleted.as_deref().unwrap_or("false");
    let modified = entity.modified.as_deref().unwrap_or(NO_INSTANT);
    let partners = rejected_partners(source, entity);
    let own = [
        (DELETED, format!("coalesce(({deleted}), false)")),
        (VALID_FROM, from_when(entity)),
        (BASIS, basis(entity)),
        (MODIFIED, instant(modified)),
        (SEQUENCE, sequence(entity)),
        (MERGED_INTO, merged_into(entity)),
        (ROW_ID, row_id(source, entity)),
        (EXCLUDED, first_rule(&entity.exclude)),
        (REJECTED, rejection(entity, &partners)),
    ];
    let change = entity.changes.as_ref();
    let change = change.map(|changes| (CHANGE, change_id(source, entity, changes)));
    outputs.extend(own.into_iter().chain(change).map(|(name, sql)| Output {
        name: name.to_owned(),
        sql,
    }));
    outputs
}

/// The driving table and its joins, those with the rejected rows of joined tables last.
pub(super) fn from_clause(source: &Source, entity: &Entity) -> String {
    let mut sql = format!("FROM \"{}\" AS {}", entity.from, entity.alias);
    for join in &entity.joins {
        let _ = write!(
            sql,
            " LEFT JOIN \"{}\" AS {} ON {}",
            join.table, join.alias, join.on
        );
    }
    for partner in rejected_partners(source, entity) {
        let (relation, alias) = (rejected::relation(partner.table), &partner.alias);
        let _ = write!(
            sql,
            " LEFT JOIN \"{relation}\" AS {alias} ON {}",
            partner.on
        );
    }
    sql
}

/// The SELECT of an entity with the outcome of each row.
pub(super) fn select(source: &Source, entity: &Entity) -> String {
    let outputs = outputs(source, entity);
    let outputs: Vec<String> = outputs
        .iter()
        .map(|output| format!("{} AS \"{}\"", output.sql, output.name))
        .collect();
    format!(
        "SELECT {} {}",
        outputs.join(", "),
        from_clause(source, entity)
    )
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

/// Which of several changes of one instant is the last.
fn sequence(entity: &Entity) -> String {
    let sequence = entity
        .changes
        .as_ref()
        .and_then(|changes| changes.sequence.as_deref());
    format!("CAST(({}) AS BIGINT)", sequence.unwrap_or("0"))
}

fn merged_into(entity: &Entity) -> String {
    let other = entity.merged_into.as_deref().unwrap_or("NULL");
    format!("CAST(({other}) AS VARCHAR)")
}

fn from_when(entity: &Entity) -> String {
    if let Some(changes) = &entity.changes {
        return instant(&changes.at);
    }
    match &entity.modified {
        _ if is_versioned(entity) => format!("{}.{VALID_FROM}", entity.alias),
        Some(modified) => instant(modified),
        None => NO_INSTANT.into(),
    }
}

/// An instant, or the one at which a day begins in the warehouse time zone.
fn instant(expression: &str) -> String {
    format!("{BEGINNING}({expression})")
}

fn basis(entity: &Entity) -> String {
    if entity.changes.is_some() {
        return "'audit'".into();
    }
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
    match driving_table(source, entity) {
        Some(table) if table.format.is_some() => joined(entity, &["_file_hash", "_row_number"]),
        Some(table) => joined(entity, &table.key),
        None => {
            let first = entity
                .columns
                .first()
                .map_or("''", |column| &column.expression);
            format!("coalesce(CAST(({first}) AS VARCHAR), '')")
        }
    }
}

/// The table whose rows, or past rows, an entity takes; `None` if it is a view.
fn driving_table<'a>(source: &'a Source, entity: &Entity) -> Option<&'a Table> {
    let name = entity.from.strip_suffix("_versions");
    source.table(name.unwrap_or(&entity.from))
}

/// Which row of the source a change is: that with the key of its table. Where the sequence is that key it says so itself. A
/// view has no key, nor have rows of a file, whose numbers are those of other rows once the file is another one.
fn change_id(source: &Source, entity: &Entity, changes: &Changes) -> String {
    match driving_table(source, entity) {
        Some(table) if is_key(table, changes.sequence.as_deref()) => "''".into(),
        Some(table) if !table.key.is_empty() => joined(entity, &table.key),
        _ => "CAST(NULL AS VARCHAR)".into(),
    }
}

/// True if the rows of an entity of changes are known by keys of the source.
pub(crate) fn is_identified(source: &Source, entity: &Entity) -> bool {
    driving_table(source, entity).is_some_and(|table| !table.key.is_empty())
}

/// True if an expression is the key of the table, a whole number.
fn is_key(table: &Table, expression: Option<&str>) -> bool {
    let ([key], Some(Ok(parsed))) = (table.key.as_slice(), expression.map(parse_expression)) else {
        return false;
    };
    let is_whole = table.column(key).and_then(|column| column.data_type);
    let is_whole = matches!(is_whole, Some(DataType::Integer | DataType::Bigint));
    let columns = referenced_columns(&parsed);
    let name = parsed.to_string();
    let is_column = columns.iter().all(|(_, column)| column == key)
        && columns.iter().any(|(qualifier, column)| match qualifier {
            Some(qualifier) => name == format!("{qualifier}.{column}"),
            None => name == *column,
        });
    is_whole && is_column
}

/// Columns of the driving row as one text.
fn joined(entity: &Entity, keys: &[impl AsRef<str>]) -> String {
    let parts: Vec<String> = keys
        .iter()
        .map(|key| {
            let key = key.as_ref();
            format!("coalesce(CAST({}.\"{key}\" AS VARCHAR), '')", entity.alias)
        })
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
