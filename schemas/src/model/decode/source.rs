//! `sources/*.yaml`.

use crate::document::{Decoder, Faults, Fields, Node, Place, Value};
use crate::model::source::{
    Column, Entity, EntityColumn, History, InvalidValue, Join, Rule, Source, Table, View,
};
use crate::model::types::DataType;

use super::{caption, data_type, file_format, id, own_id, short_type, texts, type_of_text};

/// Decodes a source file.
pub(in crate::model) fn source(node: &Node, faults: &mut Faults) -> Option<Source> {
    let mut fields = Fields::of(node, "a source file", faults)?;
    fields.optional("planisphere");
    let name = own_id(&mut fields, "source");
    let source = Source {
        caption: caption(&mut fields, &name),
        time_zone: fields.or("time_zone", "UTC".to_owned()),
        tables: fields.named("tables", table),
        views: fields.named("views", view),
        entities: fields.named("entities", entity),
        name,
    };
    fields.finish();
    Some(source)
}

fn table(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Table> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a table", faults)?;
    let origin = fields
        .want::<String>("table")
        .or_else(|| fields.want("file"));
    let format = fields
        .optional("format")
        .and_then(|node| file_format::format(node, fields.faults()));
    let table = Table {
        origin: origin.unwrap_or_else(|| name.clone()),
        format,
        key: texts(&mut fields, "key"),
        columns: fields.named("columns", column),
        history: fields
            .optional("history")
            .and_then(|node| history(node, fields.faults())),
        name,
    };
    if table.columns.is_empty() {
        let place = fields.place().clone();
        fields
            .faults()
            .add(&place, format!("table '{}' lacks columns", table.name));
    }
    fields.finish();
    Some(table)
}

fn column(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Column> {
    let name = id(name, place, faults);
    if short_type(node).is_some() {
        let data_type = (!is_native(node)).then(|| type_of_text(node, faults));
        return Some(plain_column(name, data_type));
    }
    let mut fields = Fields::of(node, "a column", faults)?;
    let invalid = [
        ("reject", InvalidValue::Reject),
        ("null", InvalidValue::Null),
        ("clamp", InvalidValue::Clamp),
    ];
    let data_type = match fields.optional("type") {
        Some(node) if is_native(node) => None,
        _ => Some(data_type(&mut fields)),
    };
    let column = Column {
        origin: fields.or("column", name.clone()),
        invalid: invalid_value(node, &mut fields, &invalid),
        pattern: fields.want("pattern"),
        tags: fields.list("tags"),
        ..plain_column(name, data_type)
    };
    fields.finish();
    Some(column)
}

/// `invalid: null` in YAML is an explicit null; it means the same as the word.
fn invalid_value(
    column: &Node,
    fields: &mut Fields<'_, '_>,
    words: &[(&str, InvalidValue)],
) -> InvalidValue {
    let word = fields.choice("invalid", words);
    match column.get("invalid").map(|node| &node.value) {
        Some(Value::Null) => InvalidValue::Null,
        _ => word.unwrap_or(InvalidValue::Reject),
    }
}

/// The type of a column that is taken as the source has it.
fn is_native(node: &Node) -> bool {
    node.value == Value::Text("native".into())
}

fn plain_column(name: String, data_type: Option<DataType>) -> Column {
    Column {
        origin: name.clone(),
        name,
        data_type,
        invalid: InvalidValue::Reject,
        pattern: None,
        tags: Vec::new(),
    }
}

fn history(node: &Node, faults: &mut Faults) -> Option<History> {
    let mut fields = Fields::of(node, "a history", faults)?;
    let history = History {
        audit: fields.need("audit").unwrap_or_default(),
        parent: fields.or("parent", "parent_id".to_owned()),
        at: fields.or("at", "date_created".to_owned()),
        field: fields.or("field", "field_name".to_owned()),
        before: fields.or("before", "before_value_string".to_owned()),
        after: fields.or("after", "after_value_string".to_owned()),
        created: fields.or("created", "date_entered".to_owned()),
        columns: texts(&mut fields, "columns"),
    };
    fields.finish();
    Some(history)
}

fn view(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<View> {
    let name = id(name, place, faults);
    let sql = match &node.value {
        Value::Text(sql) => Some(sql.clone()),
        _ => {
            let mut fields = Fields::of(node, "a view", faults)?;
            let sql = fields.need("sql");
            fields.finish();
            sql
        }
    }?;
    Some(View { name, sql })
}

fn entity(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Entity> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "an entity", faults)?;
    let (from, alias) = aliased(&fields.need::<String>("from").unwrap_or_default());
    let entity = Entity {
        from,
        alias,
        joins: fields.list("joins"),
        columns: fields.named("columns", |name, node, place, faults| {
            let name = id(name, place, faults);
            Some(EntityColumn {
                name,
                expression: String::decode(node, faults)?,
            })
        }),
        exclude: fields.named("exclude", rule),
        reject: fields.named("reject", rule),
        deleted: fields.want("deleted"),
        modified: fields.want("modified"),
        name,
    };
    fields.finish();
    Some(entity)
}

impl Decoder for Join {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "a join", faults)?;
        let (table, alias) = aliased(&fields.need::<String>("to").unwrap_or_default());
        let on = fields.need("on").unwrap_or_default();
        fields.finish();
        Some(Self { table, alias, on })
    }
}

/// Splits `accounts a` into table and alias.
fn aliased(text: &str) -> (String, String) {
    match text.split_once(char::is_whitespace) {
        Some((table, alias)) => (table.to_owned(), alias.trim().to_owned()),
        None => (text.to_owned(), text.to_owned()),
    }
}

fn rule(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Rule> {
    let name = id(name, place, faults);
    Some(Rule {
        name,
        when: String::decode(node, faults)?,
    })
}
