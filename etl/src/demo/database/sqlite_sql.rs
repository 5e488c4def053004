//! The statements for SQLite.

use crate::demo::table::{Table, Type};

/// Creates a table.
pub(crate) fn create_sql(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns()
        .map(|(name, kind)| format!("\"{name}\" {}", type_sql(*kind)))
        .collect();
    format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", "))
}

/// The type as the real system declares it; SQLite takes its affinity from that.
fn type_sql(kind: Type) -> String {
    match kind {
        Type::Id => "char(36)".to_owned(),
        Type::Varchar(most) => format!("varchar({most})"),
        Type::Text => "text".to_owned(),
        Type::Int => "int(11)".to_owned(),
        Type::Flag => "tinyint(1)".to_owned(),
        Type::Double => "double".to_owned(),
        Type::Decimal(digits, scale) => format!("decimal({digits},{scale})"),
        Type::Date => "date".to_owned(),
        Type::Datetime => "datetime".to_owned(),
    }
}

/// Creates the indexes of a table, the one of its key first.
pub(crate) fn index_sql(table: &Table) -> String {
    let key: Vec<&str> = table.key_columns().collect();
    let name = table.name;
    let mut statements = vec![format!(
        "CREATE UNIQUE INDEX \"{name}_pk\" ON \"{name}\" ({})",
        key.join(", ")
    )];
    for columns in table.indexes {
        let (joined, listed) = (columns.join("_"), columns.join("\", \""));
        statements.push(format!(
            "CREATE INDEX \"idx_{name}_{joined}\" ON \"{name}\" (\"{listed}\")"
        ));
    }
    statements.join("; ")
}

/// Adds a row.
pub(crate) fn insert_sql(table: &Table) -> String {
    let marks = vec!["?"; table.columns().count()].join(", ");
    format!("INSERT INTO \"{}\" VALUES ({marks})", table.name)
}

/// Writes a row anew.
pub(crate) fn update_sql(table: &Table) -> String {
    let columns = (1..).zip(table.columns());
    let sets: Vec<String> = columns
        .map(|(number, (name, _))| format!("\"{name}\" = ?{number}"))
        .collect();
    format!(
        "UPDATE \"{}\" SET {} WHERE {}",
        table.name,
        sets.join(", "),
        where_key(table)
    )
}

/// Deletes a row by its key.
pub(crate) fn delete_sql(table: &Table) -> String {
    format!("DELETE FROM \"{}\" WHERE {}", table.name, where_key(table))
}

fn where_key(table: &Table) -> String {
    let columns = (1..).zip(table.key_columns());
    let tests: Vec<String> = columns
        .map(|(number, name)| format!("\"{name}\" = ?{number}"))
        .collect();
    tests.join(" AND ")
}
