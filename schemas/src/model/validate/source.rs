//! Sources: tables, histories, views and entities.

use std::collections::BTreeMap;

use crate::model::source::{Entity, History, InvalidValue, Source, Table, View};
use crate::model::sql::{parse_query, referenced_columns, referenced_tables};

use super::{Check, Spot, within};

/// Columns of a relation; `None` for views, whose columns only the engine knows.
type Relations<'a> = BTreeMap<String, Option<Vec<&'a str>>>;

/// Columns that the versions of a table have beside its own.
pub(crate) const VERSION_COLUMNS: [&str; 2] = ["_valid_from", "_valid_from_basis"];
/// Columns that identify a row of a file.
pub(crate) const FILE_COLUMNS: [&str; 2] = ["_file_hash", "_row_number"];

pub(super) fn check(check: &mut Check<'_>, source: &Source) {
    let spot = ("source", source.name.clone());
    check.time_zone(&source.time_zone, spot);
    let mut relations = Relations::new();
    for table in &source.tables {
        table_rules(check, source, table);
        relations.insert(table.name.clone(), Some(columns_of(table)));
        if table.history.is_some() {
            let columns = columns_of(table)
                .into_iter()
                .chain(VERSION_COLUMNS)
                .collect();
            relations.insert(format!("{}_versions", table.name), Some(columns));
        }
    }
    for view in &source.views {
        let spot = ("source", format!("{}/{}", source.name, view.name));
        view_rules(check, &spot, (source, view), &relations);
        if relations.insert(view.name.clone(), None).is_some() {
            check.fault(
                &spot,
                format!("'{}' is already the name of a table or view", view.name),
            );
        }
    }
    for entity in &source.entities {
        entity_rules(check, source, entity, &relations);
    }
}

fn columns_of(table: &Table) -> Vec<&str> {
    let file_columns = table.format.iter().flat_map(|_| FILE_COLUMNS);
    table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .chain(file_columns)
        .collect()
}

fn table_rules(check: &mut Check<'_>, source: &Source, table: &Table) {
    let spot = ("source", format!("{}/{}", source.name, table.name));
    let columns = columns_of(table);
    check.unique(&spot, "column", columns.iter().copied());
    let audited = table.history.iter().flat_map(|history| &history.columns);
    let needed = table.key.iter().chain(audited);
    let undeclared = |name: &&String| {
        table
            .column(name)
            .is_some_and(|column| column.data_type.is_none())
    };
    for name in needed.filter(undeclared) {
        let spot = ("source", format!("{}/{name}", spot.1));
        let message = format!(
            "'{name}' is of the key or the history and needs a declared type, not 'native'"
        );
        check.fault(&spot, message);
    }
    for key in &table.key {
        let spot = within(&spot, "key", key);
        check.known(&spot, "key column", key, columns.iter().copied());
    }
    let keeps_rows = |name: &&String| {
        let column = table.column(name);
        column.is_some_and(|column| column.invalid != InvalidValue::Reject)
    };
    for name in table.key.iter().filter(keeps_rows) {
        let spot = ("source", format!("{}/{name}", spot.1));
        let message = format!(
            "'{name}' is of the key: a row whose key does not fit is rejected; leave out 'invalid'"
        );
        check.fault(&spot, message);
    }
    if table.key.is_empty() && table.format.is_none() {
        check.fault(
            &spot,
            format!("table '{}' lacks 'key', the columns of its key", table.name),
        );
    }
    if let Some(history) = &table.history {
        history_rules(check, &spot, source, table, history);
    }
}

fn history_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    source: &Source,
    table: &Table,
    history: &History,
) {
    let tables: Vec<&str> = source
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let named = within(spot, "history", &history.audit);
    check.given(&named, "audit table", &history.audit, tables);
    if let Some(audit) = source.table(&history.audit) {
        let columns = columns_of(audit);
        for name in [
            &history.parent,
            &history.at,
            &history.field,
            &history.before,
            &history.after,
        ] {
            check.known(
                &within(spot, "history", name),
                "column of the audit table",
                name,
                columns.iter().copied(),
            );
        }
    }
    let columns = columns_of(table);
    for name in &history.columns {
        let spot = within(spot, "history", name);
        check.known(&spot, "column", name, columns.iter().copied());
    }
    let created = within(spot, "history", &history.created);
    let what =
        "column of the table in 'created' of its history, 'date_entered' where that is left out:";
    check.known(&created, what, &history.created, columns.iter().copied());
    if table.key.len() != 1 {
        check.fault(
            spot,
            "a table with a history has a key of one column".into(),
        );
    }
}

fn view_rules(
    check: &mut Check<'_>,
    spot: &Spot,
    (source, view): (&Source, &View),
    relations: &Relations<'_>,
) {
    let query = match parse_query(&view.sql) {
        Ok(query) => query,
        Err(message) => {
            return check.fault(spot, format!("the view's SQL is not a query: {message}"));
        }
    };
    for table in referenced_tables(&query) {
        let is_view = source.views.iter().any(|other| other.name == table);
        let name = &view.name;
        if !is_view || relations.contains_key(&table) {
            check.known(spot, "table", &table, relations.keys().map(String::as_str));
        } else if table == *name {
            let message =
                format!("view '{name}' reads itself; a view reads tables and earlier views");
            check.fault(spot, message);
        } else {
            let message = format!(
                "view '{name}' reads '{table}', which is declared later; a view reads tables and earlier views: \
                 put '{table}' before '{name}', and where each reads the other, break the circle"
            );
            check.fault(spot, message);
        }
    }
}

fn entity_rules(
    check: &mut Check<'_>,
    source: &Source,
    entity: &Entity,
    relations: &Relations<'_>,
) {
    let spot = ("source", format!("{}/{}", source.name, entity.name));
    let mut aliases: Relations<'_> = BTreeMap::new();
    let joins = entity.joins.iter();
    let joins = joins.map(|join| ("joins", &join.table, &join.alias));
    for (field, table, alias) in std::iter::once(("from", &entity.from, &entity.alias)).chain(joins)
    {
        let spot = within(&spot, field, &format!("{table} {alias}"));
        if check.given(&spot, "table", table, relations.keys().map(String::as_str)) {
            let columns = relations.get(table).cloned().flatten();
            if aliases.insert(alias.clone(), columns).is_some() {
                check.fault(&spot, format!("alias '{alias}' is used twice"));
            }
        }
    }
    check.unique(
        &spot,
        "column",
        entity.columns.iter().map(|column| column.name.as_str()),
    );
    for column in &entity.columns {
        let spot = ("source", format!("{}/{}", spot.1, column.name));
        expression_rules(check, &spot, &column.expression, &aliases);
    }
    for rule in entity.exclude.iter().chain(&entity.reject) {
        let spot = ("source", format!("{}/{}", spot.1, rule.name));
        expression_rules(check, &spot, &rule.when, &aliases);
    }
    let joins = entity.joins.iter().map(|join| ("joins", &join.on));
    let deleted = entity.deleted.iter().map(|text| ("deleted", text));
    let modified = entity.modified.iter().map(|text| ("modified", text));
    let changes = entity.changes.iter();
    let changes = changes.flat_map(|changes| {
        let sequence = changes
            .sequence
            .iter()
            .map(|text| ("changes/sequence", text));
        std::iter::once(("changes/at", &changes.at)).chain(sequence)
    });
    if entity.changes.is_some() && entity.modified.is_some() {
        let message =
            "an entity has either 'changes' or 'modified': rows are changes, or present states"
                .to_owned();
        check.fault(&spot, message);
    }
    let merged = entity.merged_into.iter().map(|text| ("merged_into", text));
    let conditions = joins.chain(deleted).chain(modified);
    for (field, text) in conditions.chain(changes).chain(merged) {
        expression_rules(check, &within(&spot, field, text), text, &aliases);
    }
}

fn expression_rules(check: &mut Check<'_>, spot: &Spot, text: &str, aliases: &Relations<'_>) {
    let Some(expression) = check.expression(spot, text) else {
        return;
    };
    for (qualifier, name) in referenced_columns(&expression) {
        let Some(qualifier) = qualifier else { continue };
        if !check.known(
            spot,
            "alias",
            &qualifier,
            aliases.keys().map(String::as_str),
        ) {
            continue;
        }
        if let Some(Some(columns)) = aliases.get(&qualifier) {
            let what = format!("column of '{qualifier}'");
            check.known(spot, &what, &name, columns.iter().copied());
        }
    }
}
