//! The statements for PostgreSQL.

use crate::demo::table::{Table, Type};

/// Creates a table.
pub(crate) fn create_sql(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns()
        .map(|(name, kind)| format!("\"{name}\" {}", type_sql(*kind)))
        .collect();
    format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", "))
}

/// The type that stands for the real system's; `char` would pad short identifiers such as `-99` and is no good here.
fn type_sql(kind: Type) -> String {
    match kind {
        Type::Id => "varchar(36)".to_owned(),
        Type::Varchar(most) => format!("varchar({most})"),
        Type::Text => "text".to_owned(),
        Type::Int => "integer".to_owned(),
        Type::Flag => "smallint".to_owned(),
        Type::Double => "double precision".to_owned(),
        Type::Decimal(digits, scale) => format!("numeric({digits},{scale})"),
        Type::Date => "date".to_owned(),
        Type::Datetime => "timestamp".to_owned(),
    }
}

/// Adds the primary key and the indexes of a table.
pub(crate) fn index_sql(table: &Table) -> String {
    let name = table.name;
    let mut statements = vec![format!(
        "ALTER TABLE \"{name}\" ADD PRIMARY KEY ({})",
        key_list(table)
    )];
    for columns in table.indexes {
        statements.push(format!(
            "CREATE INDEX ON \"{name}\" (\"{}\")",
            columns.join("\", \"")
        ));
    }
    statements.join("; ")
}

/// The columns of a table's key.
pub(crate) fn key_list(table: &Table) -> String {
    let names: Vec<String> = table
        .key_columns()
        .map(|name| format!("\"{name}\""))
        .collect();
    names.join(", ")
}

/// Writes every row of the step table anew.
pub(crate) fn update_sql(table: &Table) -> String {
    let sets: Vec<String> = table
        .columns()
        .map(|(name, _)| format!("\"{name}\" = step.\"{name}\""))
        .collect();
    let name = table.name;
    format!(
        "UPDATE \"{name}\" AS old SET {} FROM planisphere_step AS step WHERE {}",
        sets.join(", "),
        same_key(table)
    )
}

/// Deletes every row whose key is in the step table.
pub(crate) fn delete_sql(table: &Table) -> String {
    format!(
        "DELETE FROM \"{}\" AS old USING planisphere_step AS step WHERE {}",
        table.name,
        same_key(table)
    )
}

fn same_key(table: &Table) -> String {
    let tests: Vec<String> = table
        .key_columns()
        .map(|name| format!("old.\"{name}\" = step.\"{name}\""))
        .collect();
    tests.join(" AND ")
}
