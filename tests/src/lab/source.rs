//! A SQLite database that is the source of a lab, and what SQLite says of it.

use anyhow::{Context as _, Result};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::Lab;

/// Settings of a lab whose only source is `crm`; rows may vanish as they like.
fn settings(reject_limit_permille: u32) -> String {
    format!(
        "[model]\npath = \"model\"\n\n[etl]\nreject_limit_permille = {reject_limit_permille}\nvanish_limit_permille = 1000\n\n\
         [source.crm]\nurl = \"sqlite:crm.db\"\n"
    )
}

/// The database of a lab.
#[derive(Debug)]
pub struct Source(Connection);

impl Source {
    /// A lab without a model before a database that holds what the SQL makes.
    ///
    /// # Errors
    /// If SQLite refuses the SQL.
    pub fn with_lab(sql: &str, reject_limit_permille: u32) -> Result<(Lab, Self)> {
        let lab = Lab::with_settings(&settings(reject_limit_permille))?;
        let database = Connection::open(lab.path("crm.db"))?;
        database.execute_batch(sql)?;
        Ok((lab, Self(database)))
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.0
    }

    /// Runs statements.
    ///
    /// # Errors
    /// If SQLite refuses one.
    pub fn change(&self, sql: &str) -> Result<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    /// Rows, all as texts; null is an empty one.
    ///
    /// # Errors
    /// If SQLite refuses the SQL.
    pub fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let mut statement = self.0.prepare(sql).context(sql.to_owned())?;
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..width).map(|at| Ok(text(row.get_ref(at)?))).collect()
        })?;
        rows.collect::<rusqlite::Result<_>>()
            .context("asking the source")
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
