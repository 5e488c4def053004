//! A small CRM in SQLite with a model of its own for each test, and what SQLite says of it.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Lab, Said};
use rusqlite::Connection;

const SETTINGS: &str = "[model]\npath = \"model\"\n\n[etl]\nreject_limit_permille = 900\nvanish_limit_permille = 1000\n\n\
                        [source.crm]\nurl = \"sqlite:crm.db\"\n";

/// A warehouse before a source.
pub(crate) struct Crm {
    pub(crate) lab: Lab,
    database: Connection,
}

impl Crm {
    /// An empty warehouse, a model and a source that holds what the SQL makes.
    pub(crate) fn new(files: &[(&str, &str)], sql: &str) -> Result<Self> {
        let lab = Lab::with_settings(SETTINGS)?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: forms\n")?;
        for (name, text) in files {
            lab.write(&format!("model/{name}.yaml"), text)?;
        }
        let database = Connection::open(lab.path("crm.db"))?;
        database.execute_batch(sql)?;
        Ok(Self { lab, database })
    }

    /// Runs SQL on the source.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        Ok(self.database.execute_batch(sql)?)
    }

    /// Loads; what it said.
    pub(crate) fn load(&self) -> Result<Said> {
        self.lab.load()?.done()
    }

    /// Changes the source and loads.
    pub(crate) fn load_after(&self, sql: &str) -> Result<Said> {
        self.change(sql)?;
        self.load()
    }

    /// What the warehouse says.
    pub(crate) fn sql(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.lab.sql(sql)
    }

    /// What SQLite says of the source, null as an empty text.
    pub(crate) fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let mut statement = self.database.prepare(sql).context(sql.to_owned())?;
        let width = statement.column_count();
        let text = |value: rusqlite::types::Value| match value {
            rusqlite::types::Value::Null => String::new(),
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Real(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Blob(_) => "blob".to_owned(),
        };
        let rows = statement.query_map([], |row| {
            (0..width).map(|at| row.get(at).map(text)).collect()
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Fails if a key that stands in the first column of any of these listings ever means something else, or if the keys are not dense.
pub(crate) fn keys_mean_one_thing_for_ever(listings: &[Vec<Vec<String>>], told: &str) {
    let mut known = std::collections::BTreeMap::new();
    for row in listings.iter().flatten() {
        let meaning = known
            .entry(row[0].clone())
            .or_insert_with(|| row[1..].to_vec());
        assert_eq!(meaning, &row[1..], "key {} of {told}", row[0]);
    }
    let keys = known.keys().filter_map(|key| key.parse::<usize>().ok());
    assert_eq!(keys.max(), Some(known.len()), "keys are dense: {told}");
}
