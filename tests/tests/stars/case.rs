//! A database, a model over it and a warehouse, free to be changed between loads.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, Source};

/// One model over one database.
pub(crate) struct Case {
    pub(crate) lab: Lab,
    source: Source,
}

impl Case {
    /// A database with what the SQL makes, under a model of these files.
    pub(crate) fn new(zone: &str, sql: &str, files: &[(&str, &str)]) -> Result<Self> {
        let (lab, source) = Source::with_lab(sql, 1000)?;
        let model = format!("planisphere: 1\nmodel: stars\ntime_zone: {zone}\n");
        lab.write("model/model.yaml", model)?;
        for (name, text) in files {
            lab.write(&format!("model/{name}"), format!("planisphere: 1\n{text}"))?;
        }
        Ok(Self { lab, source })
    }

    /// Writes a file of the model anew.
    pub(crate) fn declare(&self, name: &str, text: &str) -> Result<()> {
        self.lab
            .write(&format!("model/{name}"), format!("planisphere: 1\n{text}"))
    }

    /// Changes the database.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        self.source.change(sql)
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
        self.source.ask(sql)
    }
}
