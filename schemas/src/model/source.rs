//! Operational systems: their tables, views over staged tables, and how these become canonical entities.

use serde::{Deserialize, Serialize};

use super::file_format::FileFormat;
use super::types::{Caption, DataType, Tag};

/// One operational system, from one file in `sources/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The id; also the `source_system` of business keys and the `[source.<id>]` of the settings.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The time zone of instants that the source stores without one (IANA name).
    pub time_zone: String,
    /// The tables or files that are extracted.
    pub tables: Vec<Table>,
    /// Queries over staged tables, in order; each may use the ones before it.
    pub views: Vec<View>,
    /// The canonical entities that the tables become.
    pub entities: Vec<Entity>,
}

impl Source {
    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// One table or file of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The name under which views and entities use it.
    pub name: String,
    /// The name in the source: a table; or a file, a pattern of files or a folder, relative to the source's URL.
    pub origin: String,
    /// How the file is written; `None` for database tables.
    pub format: Option<FileFormat>,
    /// The columns that identify a row; empty for files, whose rows are identified by (file hash, row number).
    pub key: Vec<String>,
    /// The columns that are extracted.
    pub columns: Vec<Column>,
    /// How past states of the rows can be rebuilt, if they can.
    pub history: Option<History>,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// One extracted column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name in staging.
    pub name: String,
    /// The name in the source.
    pub origin: String,
    /// The declared type; a value that does not fit is handled by `invalid`. `None`, written `native`, takes the type
    /// that the source has.
    pub data_type: Option<DataType>,
    /// What to do with a value that does not fit the type.
    pub invalid: InvalidValue,
    /// A strftime pattern of dates and timestamps in files.
    pub pattern: Option<String>,
    /// What the column holds.
    pub tags: Vec<Tag>,
}

/// What happens to a value that does not fit its declared type. Each is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidValue {
    /// The row is rejected and kept with the reason.
    Reject,
    /// The value becomes null; the row goes on.
    Null,
    /// A value beyond what the type holds becomes the nearest that it holds; what is near none is rejected.
    Clamp,
}

/// Past states of a table's rows, from an audit table with one row a changed field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The audit table (a table of the same source).
    pub audit: String,
    /// Its column with the key of the changed row.
    pub parent: String,
    /// Its column with the instant of the change.
    pub at: String,
    /// Its column with the name of the changed field.
    pub field: String,
    /// Its column with the value before, as text.
    pub before: String,
    /// Its column with the value after, as text.
    pub after: String,
    /// The audited columns of the table that are rebuilt.
    pub columns: Vec<String>,
    /// The table's column with the instant when the row came into being.
    pub created: String,
}

/// A query over staged tables and earlier views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The name under which later views and entities use it.
    pub name: String,
    /// One SELECT.
    pub sql: String,
}

/// A canonical entity: rows of one driving table, joined to-one, conformed by SQL scalars.
///
/// Every row of the driving table ends in exactly one of: kept, rejected with a reason, excluded by a named rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// The id.
    pub name: String,
    /// The driving table or view. A table with history drives as `<table>` (current rows) or `<table>_versions`.
    pub from: String,
    /// Its alias.
    pub alias: String,
    /// To-one joins; a join that multiplies rows stops the load.
    pub joins: Vec<Join>,
    /// The columns.
    pub columns: Vec<EntityColumn>,
    /// Named rules that leave rows out on purpose; the first that is true applies.
    pub exclude: Vec<Rule>,
    /// Named reasons to reject a row; the first that is true applies, after the exclusions.
    pub reject: Vec<Rule>,
    /// True when the source marks the row as deleted.
    pub deleted: Option<String>,
    /// The instant from which the row's values hold.
    pub modified: Option<String>,
    /// The business key of the member that this one was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Each row is a change of a member, not its present state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
}

/// Rows that are changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The instant of the change.
    pub at: String,
    /// A number that orders the changes of one instant.
    pub sequence: Option<String>,
}

/// A to-one left join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// The table or view.
    pub table: String,
    /// Its alias.
    pub alias: String,
    /// The condition.
    pub on: String,
}

/// One conformed column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityColumn {
    /// The name.
    pub name: String,
    /// A SQL scalar over the driving table and the joins.
    pub expression: String,
}

/// A named condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The name: it is counted and kept under this name.
    pub name: String,
    /// A SQL condition.
    pub when: String,
}
