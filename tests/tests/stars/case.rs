//! A database, a model over it and a warehouse, free to be changed between loads.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Lab, Said};
use rusqlite::Connection;

const SETTINGS: &str = "[model]\npath = \"model\"\n\n[etl]\nreject_limit_permille = 1000\nvanish_limit_permille = 1000\n\n\
                        [source.crm]\nurl = \"sqlite:crm.db\"\n";

/// One model over one database.
pub(crate) struct Case {
    pub(crate) lab: Lab,
    database: Connection,
}

impl Case {
    /// A database with what the SQL makes, under a model of these files.
    pub(crate) fn new(zone: &str, sql: &str, files: &[(&str, &str)]) -> Result<Self> {
        let lab = Lab::with_settings(SETTINGS)?;
        let model = format!("planisphere: 1\nmodel: stars\ntime_zone: {zone}\n");
        lab.write("model/model.yaml", model)?;
        for (name, text) in files {
            lab.write(&format!("model/{name}"), format!("planisphere: 1\n{text}"))?;
        }
        let database = Connection::open(lab.path("crm.db"))?;
        database.execute_batch(sql)?;
        Ok(Self { lab, database })
    }

    /// Writes a file of the model anew.
    pub(crate) fn declare(&self, name: &str, text: &str) -> Result<()> {
        self.lab
            .write(&format!("model/{name}"), format!("planisphere: 1\n{text}"))
    }

    /// Changes the database.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        Ok(self.database.execute_batch(sql)?)
    }

    /// Loads as of a day; the load has to succeed.
    pub(crate) fn load(&self, day: &str) -> Result<Said> {
        self.lab.load_as_of(day)?.done()
    }

    /// Loads as of a day twice, of which the second load has to publish nothing.
    pub(crate) fn load_twice(&self, day: &str) -> Result<()> {
        self.load(day)?;
        let before = self.lab.versions()?;
        self.load(day)?;
        anyhow::ensure!(
            before == self.lab.versions()?,
            "a load without changes published"
        );
        Ok(())
    }

    /// Rows of the latest version; null is an empty text.
    pub(crate) fn stars(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.lab.sql(sql)
    }

    /// Rows of the database, all as texts; null is an empty text.
    pub(crate) fn source(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let mut statement = self.database.prepare(sql)?;
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..width).map(|at| Ok(text(row.get_ref(at)?))).collect()
        })?;
        rows.collect::<rusqlite::Result<_>>()
            .context("asking the source")
    }
}

fn text(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
