//! A demo CRM and its warehouse in a temporary folder, made and moved by the programs as they are shipped.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::programs::{etl, succeed};
use crate::{oracle, root};

/// The demo CRM in SQLite, with settings that load it by the model in `schemas/`.
#[derive(Debug)]
pub struct Crm {
    folder: TempDir,
}

impl Crm {
    /// Makes the database; nothing is loaded yet.
    ///
    /// # Errors
    /// What the program says.
    pub fn create(customers: u32, seed: u32) -> Result<Self> {
        let crm = Self {
            folder: tempfile::tempdir()?,
        };
        std::fs::write(crm.config(), settings(&root().join("schemas")))?;
        crm.demo_source(&[
            "--customers",
            &customers.to_string(),
            "--seed",
            &seed.to_string(),
        ])?;
        Ok(crm)
    }

    /// Moves the database forward; what it was before stays beside it for the oracle.
    ///
    /// # Errors
    /// What the program says.
    pub fn advance(&self, days: u32) -> Result<()> {
        std::fs::copy(self.database(), self.database_before())?;
        self.demo_source(&["--advance-days", &days.to_string()])
    }

    /// Loads the database as of a business date.
    ///
    /// # Errors
    /// What the program says.
    pub fn load(&self, business_date: &str) -> Result<()> {
        let mut command = etl()?;
        command.args(["load", "--as-of", business_date, "--config"]);
        succeed(command.arg(self.config()))?;
        Ok(())
    }

    /// Opens the database for the oracle, with the shared views of the questions.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn oracle(&self) -> Result<Connection> {
        let views = std::fs::read_to_string(root().join("tests/cases/suitecrm.views"))?;
        let connection = oracle::open(&self.database(), &views)?;
        if self.database_before().exists() {
            oracle::remember_accounts(&connection, &self.database_before())?;
        }
        oracle::compute_views(&connection)?;
        Ok(connection)
    }

    /// The ids of all rows of an oracle's view, deleted ones too: now, and those that have vanished since it was moved.
    ///
    /// # Errors
    /// If the view does not exist.
    pub fn ids(&self, view: &str) -> Result<(HashSet<String>, HashSet<String>)> {
        let views = std::fs::read_to_string(root().join("tests/cases/suitecrm.views"))?;
        let read = |database: &Path| -> Result<HashSet<String>> {
            let connection = oracle::open(database, &views)?;
            let mut statement = connection.prepare(&format!("select id from {view}"))?;
            let ids = statement.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        };
        let (now, before) = (read(&self.database())?, read(&self.database_before())?);
        let vanished = before.difference(&now).cloned().collect();
        Ok((now, vanished))
    }

    /// The settings file.
    pub fn config(&self) -> PathBuf {
        self.path().join("planisphere.toml")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn database(&self) -> PathBuf {
        self.path().join("crm.db")
    }

    fn database_before(&self) -> PathBuf {
        self.path().join("crm-before.db")
    }

    fn demo_source(&self, flags: &[&str]) -> Result<()> {
        let url = format!("sqlite:{}", self.database().display());
        succeed(
            etl()?
                .args(["demo-source", "--url", &url])
                .args(flags)
                .current_dir(self.path()),
        )?;
        Ok(())
    }
}

fn settings(model: &Path) -> String {
    format!(
        "[warehouse]\nurl = \"warehouse\"\n\n[model]\npath = \"{}\"\n\n\
         [source.suitecrm]\nurl = \"sqlite:crm.db\"\n",
        model.display()
    )
}
