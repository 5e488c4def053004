//! Every expression of an entity, where it stands, and what it has to be.

use arrow::datatypes::DataType;
use planisphere_schemas::model::Entity;

/// What an expression is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A value of any type.
    Value,
    /// True or false.
    Condition,
    /// A date or an instant.
    Instant,
    /// A whole number.
    Whole,
    /// The business key of a member.
    Id,
}

impl Wanted {
    /// True if values of a type are what is wanted; so is no value.
    pub(super) fn takes(self, found: &DataType) -> bool {
        let is_whole = || found.is_integer() || matches!(found, DataType::Decimal128(_, 0));
        match self {
            _ if found.is_null() => true,
            Self::Value => true,
            Self::Condition => found == &DataType::Boolean,
            Self::Instant => matches!(found, DataType::Date32 | DataType::Timestamp(..)),
            Self::Whole => is_whole(),
            Self::Id => found.is_string() || is_whole(),
        }
    }

    /// What is wanted, in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Condition => "true or false",
            Self::Instant => "a date or an instant",
            Self::Whole => "a whole number",
            Self::Id => "a business key, a text or a whole number",
        }
    }
}

/// One expression of an entity.
pub(super) struct Piece<'a> {
    /// The column, rule or field.
    pub(super) name: &'a str,
    /// The place of the expression below the source.
    pub(super) path: String,
    pub(super) sql: &'a str,
    pub(super) wanted: Wanted,
}

/// Every expression of an entity but the conditions of its joins.
pub(super) fn pieces<'a>(entity: &'a Entity, path: &str) -> Vec<Piece<'a>> {
    let columns = entity.columns.iter().map(|column| Piece {
        name: &column.name,
        path: format!("{path}/{}", column.name),
        sql: &column.expression,
        wanted: Wanted::Value,
    });
    let rules = entity.exclude.iter().chain(&entity.reject);
    let rules = rules.map(|rule| Piece {
        name: &rule.name,
        path: format!("{path}/{}", rule.name),
        sql: &rule.when,
        wanted: Wanted::Condition,
    });
    let changes = entity.changes.as_ref();
    let fields = [
        ("deleted", entity.deleted.as_ref(), Wanted::Condition),
        ("modified", entity.modified.as_ref(), Wanted::Instant),
        ("merged_into", entity.merged_into.as_ref(), Wanted::Id),
        ("changes/at", changes.map(|it| &it.at), Wanted::Instant),
        (
            "changes/sequence",
            changes.and_then(|it| it.sequence.as_ref()),
            Wanted::Whole,
        ),
    ];
    let fields = fields.into_iter().filter_map(|(field, sql, wanted)| {
        let sql = sql?;
        Some(Piece {
            name: field.rsplit('/').next().unwrap_or(field),
            path: format!("{path}/{field}/{sql}"),
            sql,
            wanted,
        })
    });
    columns.chain(rules).chain(fields).collect()
}
