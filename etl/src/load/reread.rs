//! Columns of entities that a model reads otherwise than the model of the published version: pure, from two models.
//!
//! A column is read otherwise if its expression is another one, or a view or the condition of a join by which it is found; the
//! way in which these are written makes no difference. Not responsible for what that does to the tables.

use std::collections::{BTreeMap, BTreeSet};

use planisphere_schemas::model::{
    Entity, Model, Rule, Source, parse_expression, parse_query, referenced_columns,
    referenced_tables, rename_qualifier,
};

/// What an entity says otherwise than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reread {
    /// The columns that both models have, but read in different ways.
    pub(super) columns: BTreeSet<String>,
    /// Fields of the entity that decide which rows there are, of whom and since when.
    pub(super) fields: Vec<&'static str>,
}

impl Reread {
    /// True if nothing is read otherwise.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.fields.is_empty()
    }
}

/// The entities that are read otherwise, by their names.
pub(super) fn reread(model: &Model, old: &Model) -> BTreeMap<String, Reread> {
    let entities = model.sources.iter().flat_map(|source| {
        let entities = source.entities.iter();
        entities.map(move |entity| (source, entity))
    });
    let changed = entities.filter_map(|now| {
        let before = old.entity(&now.1.name)?;
        let reread = compare(before, now);
        (!reread.is_empty()).then(|| (now.1.name.clone(), reread))
    });
    changed.collect()
}

/// True if a column of an entity is not made as another one was before, of the entity in the old model.
pub(super) fn is_read_otherwise(
    (model, old): (&Model, &Model),
    entity: &str,
    (before, now): (&str, &str),
) -> bool {
    let of = |model: &Model, name: &str| {
        let (source, entity) = model.entity(entity)?;
        let column = entity.columns.iter().find(|it| it.name == name)?;
        Some(meaning(source, entity, &column.expression))
    };
    let (before, now) = (of(old, before), of(model, now));
    now.is_some() && before.is_some() && before != now
}

fn compare(before: (&Source, &Entity), now: (&Source, &Entity)) -> Reread {
    let of = |(source, entity): (&Source, &Entity)| -> BTreeMap<String, String> {
        let columns = entity.columns.iter();
        columns
            .map(|it| (it.name.clone(), meaning(source, entity, &it.expression)))
            .collect()
    };
    let (old, new) = (of(before), of(now));
    let differs = |(name, meaning): &(String, String)| {
        let before = old.get(name);
        before.is_some_and(|before| before != meaning)
    };
    let columns = new.into_iter().filter(differs).map(|(name, _)| name);
    let (old, new) = (fields(before), fields(now));
    let pairs = old.into_iter().zip(new);
    let fields = pairs.filter(|(old, new)| old.1 != new.1);
    Reread {
        columns: columns.collect(),
        fields: fields.map(|(_, (name, _))| name).collect(),
    }
}

/// The fields of an entity beside its columns, each with what it means.
fn fields((source, entity): (&Source, &Entity)) -> [(&'static str, String); 7] {
    let of =
        |text: Option<&String>| text.map_or_else(String::new, |it| meaning(source, entity, it));
    let rules = |rules: &[Rule]| -> String {
        let rules = rules.iter();
        let rules = rules.map(|rule| format!("{}: {}", rule.name, of(Some(&rule.when))));
        rules.collect::<Vec<_>>().join("; ")
    };
    let changes = entity.changes.as_ref();
    let changes = changes.map(|it| format!("{}, {}", of(Some(&it.at)), of(it.sequence.as_ref())));
    [
        ("from", relation(source, &entity.from)),
        ("exclude", rules(&entity.exclude)),
        ("reject", rules(&entity.reject)),
        ("deleted", of(entity.deleted.as_ref())),
        ("modified", of(entity.modified.as_ref())),
        ("merged_into", of(entity.merged_into.as_ref())),
        ("changes", changes.unwrap_or_default()),
    ]
}

/// What an expression of an entity means, as a text that is the same for the same meaning: itself, and by which joins and
/// views its columns are found.
fn meaning(source: &Source, entity: &Entity, expression: &str) -> String {
    let mut texts = Vec::new();
    let mut waiting = vec![expression.to_owned()];
    let mut found = BTreeSet::new();
    while let Some(text) = waiting.pop() {
        let Ok(parsed) = parse_expression(&text) else {
            texts.push(text);
            continue;
        };
        let plain = rename_qualifier(&text, &entity.alias, "_");
        texts.push(plain.unwrap_or(text));
        for (qualifier, _) in referenced_columns(&parsed) {
            let alias = qualifier.unwrap_or_else(|| entity.alias.clone());
            if !found.insert(alias.clone()) {
                continue;
            }
            match entity.joins.iter().find(|join| join.alias == alias) {
                Some(join) => {
                    texts.push(relation(source, &join.table));
                    waiting.push(join.on.clone());
                }
                None => texts.push(relation(source, &entity.from)),
            }
        }
    }
    texts.join(" | ")
}

/// What a table or view is: a view is its query, and the views that this reads.
fn relation(source: &Source, name: &str) -> String {
    let (mut texts, mut waiting) = (vec![name.to_owned()], vec![name.to_owned()]);
    let mut found = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let view = source.views.iter().find(|view| view.name == name);
        let Some(view) = view.filter(|_| found.insert(name)) else {
            continue;
        };
        match parse_query(&view.sql) {
            Ok(query) => {
                texts.push(query.to_string());
                waiting.extend(referenced_tables(&query));
            }
            Err(_) => texts.push(view.sql.clone()),
        }
    }
    texts.join(" | ")
}
