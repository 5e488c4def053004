//! A small CRM in SQLite with a model of its own for each test, and what SQLite says of it.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, Source};

/// A warehouse before a source.
pub(crate) struct Crm {
    pub(crate) lab: Lab,
    source: Source,
}

impl Crm {
    /// An empty warehouse, a model and a source that holds what the SQL makes.
    pub(crate) fn new(files: &[(&str, &str)], sql: &str) -> Result<Self> {
        let (lab, source) = Source::with_lab(sql, 900)?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: forms\n")?;
        for (name, text) in files {
            lab.write(&format!("model/{name}.yaml"), text)?;
        }
        Ok(Self { lab, source })
    }

    /// Runs SQL on the source.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        self.source.change(sql)
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
        self.source.ask(sql)
    }
}

/// A model that is changed in one place is refused, with these words.
pub(crate) fn refused(
    files: &[(&str, &str)],
    (file, old, new): (&str, &str, &str),
    expected: &[&str],
) -> Result<()> {
    let crm = Crm::new(files, "")?;
    crm.lab.replace(file, old, new)?;
    crm.lab.etl(&["plan"])?.refused(2, expected)?;
    Ok(())
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
