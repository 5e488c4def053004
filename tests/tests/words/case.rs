//! A database, a model over it and a warehouse, free to be changed between loads.

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, Said, Source};

/// A calendar of one year.
pub(crate) const DATE: (&str, &str) = (
    "conformed/date.yaml",
    "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n",
);

/// One model over one database.
pub(crate) struct Case {
    pub(crate) lab: Lab,
    source: Source,
}

impl Case {
    /// A database with what the SQL makes, under a model of these files.
    pub(crate) fn new(sql: &str, files: &[(&str, &str)]) -> Result<Self> {
        let (lab, source) = Source::with_lab(sql, 1000)?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: words\n")?;
        let case = Self { lab, source };
        for (name, text) in files.iter().chain([&DATE]) {
            case.declare(name, text)?;
        }
        Ok(case)
    }

    /// Writes a file of the model.
    pub(crate) fn declare(&self, name: &str, text: &str) -> Result<()> {
        self.lab
            .write(&format!("model/{name}"), format!("planisphere: 1\n{text}"))
    }

    /// Changes the database.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        self.source.change(sql)
    }

    /// Rows of the database, all as texts; null is an empty text.
    pub(crate) fn source(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.source.ask(sql)
    }

    /// Loads as of a day; the load has to succeed.
    pub(crate) fn load(&self, day: &str) -> Result<Said> {
        self.lab.load_as_of(day)?.done()
    }

    /// Loads as of a day twice, of which the second load has to publish nothing; returns what the first said.
    pub(crate) fn load_twice(&self, day: &str) -> Result<Said> {
        let said = self.load(day)?;
        let before = self.lab.versions()?;
        self.load(day)?;
        ensure!(
            before == self.lab.versions()?,
            "a load without changes published"
        );
        Ok(said)
    }

    /// Rows of the latest version.
    pub(crate) fn sql(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.lab.sql(sql)
    }

    /// Rows of a warehouse that is built anew from what this one has retained, each time another one.
    pub(crate) fn rebuilt(&self, name: &str, sql: &str) -> Result<Vec<Vec<String>>> {
        let settings = std::fs::read_to_string(self.lab.config())?;
        let old = self.lab.path("warehouse").display().to_string();
        let anew = format!("[warehouse]\nurl = \"{name}\"\n\n{settings}");
        self.lab.write("planisphere.toml", anew)?;
        self.lab.etl(&["rebuild", "--from", &old])?.done()?;
        let rows = self.lab.sql(sql);
        self.lab.write("planisphere.toml", settings)?;
        rows
    }
}

/// Rows as texts.
pub(crate) fn rows<const N: usize>(rows: &[[&str; N]]) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| row.map(str::to_owned).to_vec())
        .collect()
}
