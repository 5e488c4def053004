//! `sources/*.yaml`.

use crate::document::{Decoder, Faults, Fields, Node, Place, Value};
use crate::model::source::{
    Changes, Column, Entity, EntityColumn, History, InvalidValue, Join, Rule, Source, Table, View,
};
use crate::model::types::DataType;

use super::{caption, data_type, file_format, id, own_id, short_type, texts, type_of_text};

/// Decodes a source file.
pub(in crate::model) fn source(node: &Node, faults: &mut Faults) -> Option<Source> {
    let mut fields = Fields::of(node, "a source file", faults)?;
    fields.optional("planisphere");
    let name = own_id(&mut fields, "source");
    let invalid = invalid_value(node, &mut fields, InvalidValue::Reject);
    let source = Source {
        caption: caption(&mut fields, &name),
        time_zone: fields.or("time_zone", "UTC".to_owned()),
        tables: fields.named("tables", |name, node, place, faults| {
            table(name, node, place, faults, invalid)
        }),
        views: fields.named("views", view),
        entities: fields.named("entities", entity),
        name,
    };
    fields.finish();
    Some(source)
}

fn table(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
    invalid: InvalidValue,
) -> Option<Table> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a table", faults)?;
    let origin = fields
        .want::<String>("table")
        .or_else(|| fields.want("file"));
    let format = fields
        .optional("format")
        .and_then(|node| file_format::format(node, fields.faults()));
    let invalid = invalid_value(node, &mut fields, invalid);
    let key = texts(&mut fields, "key");
    let inherited = |name: &str| match key.iter().any(|column| column == name) {
        // two rows must not become one because their keys became null or the same extreme
        true => InvalidValue::Reject,
        false => invalid,
    };
    let table = Table {
        origin: origin.unwrap_or_else(|| name.clone()),
        format,
        columns: fields.named("columns", |name, node, place, faults| {
            column(name, node, place, faults, inherited(name))
        }),
        key: key.clone(),
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

/// `invalid` is what the table or source says of columns that do not say it themselves.
fn column(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
    invalid: InvalidValue,
) -> Option<Column> {
    let name = id(name, place, faults);
    if short_type(node).is_some() {
        let data_type = (!is_native(node)).then(|| type_of_text(node, faults));
        return Some(plain_column(name, data_type, invalid));
    }
    let mut fields = Fields::of(node, "a column", faults)?;
    let data_type = match fields.optional("type") {
        Some(node) if is_native(node) => None,
        _ => Some(data_type(&mut fields)),
    };
    let column = Column {
        origin: fields.or("column", name.clone()),
        invalid: invalid_value(node, &mut fields, invalid),
        pattern: fields.want("pattern"),
        tags: fields.list("tags"),
        ..plain_column(name, data_type, invalid)
    };
    fields.finish();
    Some(column)
}

/// What becomes of values that do not fit; `invalid: null` in YAML is an explicit null and means the same as the word.
fn invalid_value(
    node: &Node,
    fields: &mut Fields<'_, '_>,
    otherwise: InvalidValue,
) -> InvalidValue {
    const WORDS: [(&str, InvalidValue); 3] = [
        ("reject", InvalidValue::Reject),
        ("null", InvalidValue::Null),
        ("clamp", InvalidValue::Clamp),
    ];
    let word = fields.choice("invalid", &WORDS);
    match node.get("invalid").map(|node| &node.value) {
        Some(Value::Null) => InvalidValue::Null,
        _ => word.unwrap_or(otherwise),
    }
}

/// The type of a column that is taken as the source has it.
fn is_native(node: &Node) -> bool {
    node.value == Value::Text("native".into())
}

fn plain_column(name: String, data_type: Option<DataType>, invalid: InvalidValue) -> Column {
    Column {
        origin: name.clone(),
        name,
        data_type,
        invalid,
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
        merged_into: fields.want("merged_into"),
        changes: fields
            .optional("changes")
            .and_then(|node| changes(node, fields.faults())),
        name,
    };
    fields.finish();
    Some(entity)
}

fn changes(node: &Node, faults: &mut Faults) -> Option<Changes> {
    let mut fields = Fields::of(node, "the changes of an entity", faults)?;
    let at = fields.need("at");
    let sequence = fields.want("sequence");
    fields.finish();
    Some(Changes { at: at?, sequence })
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::document::parse_yaml;

    /// A source file and its faults.
    fn read(text: &str) -> (Source, Vec<String>) {
        let mut faults = Faults::default();
        let node = parse_yaml("shop.yaml", text, &mut faults).unwrap();
        let source = source(&node, &mut faults).unwrap();
        let messages = faults.iter().map(|fault| fault.message.clone());
        (source, messages.collect())
    }

    fn invalid(source: &Source, table: &str, column: &str) -> InvalidValue {
        source.table(table).unwrap().column(column).unwrap().invalid
    }

    #[test]
    fn a_column_says_itself_or_its_table_or_its_source() {
        use InvalidValue::{Clamp, Null, Reject};
        let (source, faults) = read("source: shop\ninvalid: null\ntables:
  plain: {key: id, columns: {id: bigint, short: date, long: {type: date}, own: {type: date, invalid: clamp}}}
  strict: {key: [id], invalid: reject, columns: {id: bigint, short: date, own: {type: date, invalid: null}}}
  near: {key: id, invalid: clamp, columns: {id: bigint, short: native}}");
        assert_eq!(faults, [""; 0]);
        let cases = [
            ("plain", "short", Null),
            ("plain", "long", Null),
            ("plain", "own", Clamp),
            ("strict", "short", Reject),
            ("strict", "own", Null),
            ("near", "short", Clamp),
            // keys never inherit it
            ("plain", "id", Reject),
            ("strict", "id", Reject),
            ("near", "id", Reject),
        ];
        for (table, column, expected) in cases {
            assert_eq!(
                invalid(&source, table, column),
                expected,
                "{table}.{column}"
            );
        }
    }

    #[test]
    fn without_a_word_rows_are_rejected_and_unknown_words_are_faults() {
        let table = "\ntables: {t: {key: id, columns: {id: bigint, v: date}}}";
        let (source, _) = read(&format!("source: shop{table}"));
        assert_eq!(invalid(&source, "t", "v"), InvalidValue::Reject);
        let (_, faults) = read(&format!("source: shop\ninvalid: clam{table}"));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("'clam'"), "{faults:?}");
    }
}
