//! A shop of a few rows in a temporary folder: settings, model, SQLite database and warehouse, free to be broken.
//!
//! What stands in `tests/data/shop` is copied, or what stands in `tests/data/web`, whose source is one file; the
//! programs run as processes, as a user runs them.

mod gate;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::programs::{self, Running, Server};

pub use crate::programs::{Said, cells};
pub use gate::Gate;
pub use source::Source;

/// The business date of loads here, unless another is asked for.
pub const TODAY: &str = "2025-06-30";

/// The file of the source of [`Lab::web`].
pub const VISITS: &str = "web/visits.csv";

/// One shop in its folder, which vanishes with it.
#[derive(Debug)]
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    /// A shop with its database, not loaded yet.
    ///
    /// # Errors
    /// If the files cannot be copied or the database cannot be made.
    pub fn shop() -> Result<Self> {
        let lab = Self::copy_of("tests/data/shop")?;
        let rows = std::fs::read_to_string(lab.path("shop.sql"))?;
        lab.database()?.execute_batch(&rows)?;
        Ok(lab)
    }

    /// A shop that was loaded once.
    ///
    /// # Errors
    /// If the load fails.
    pub fn loaded() -> Result<Self> {
        let lab = Self::shop()?;
        lab.load()?.done()?;
        Ok(lab)
    }

    /// Page visits in a file, [`VISITS`], not loaded yet.
    ///
    /// # Errors
    /// If the files cannot be copied.
    pub fn web() -> Result<Self> {
        Self::copy_of("tests/data/web")
    }

    /// An empty folder with a settings file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn with_settings(settings: &str) -> Result<Self> {
        let lab = Self {
            folder: tempfile::tempdir()?,
        };
        lab.write("planisphere.toml", settings)?;
        Ok(lab)
    }

    /// A copy of a folder of the checkout.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn copy_of(folder: &str) -> Result<Self> {
        let lab = Self {
            folder: tempfile::tempdir()?,
        };
        copy(&crate::root().join(folder), lab.folder.path())?;
        Ok(lab)
    }

    /// A path inside the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings file.
    pub fn config(&self) -> PathBuf {
        self.path("planisphere.toml")
    }

    /// Writes a file, with the folders above it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        Ok(std::fs::write(path, text)?)
    }

    /// Copies a file of a folder of the checkout.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn take(&self, folder: &str, name: &str) -> Result<()> {
        self.write(name, std::fs::read(crate::root().join(folder).join(name))?)
    }

    /// Replaces a text that a file holds exactly once.
    ///
    /// # Errors
    /// If the file does not hold it once.
    pub fn replace(&self, name: &str, old: &str, new: &str) -> Result<()> {
        let text = std::fs::read_to_string(self.path(name))?;
        let times = text.matches(old).count();
        ensure!(times == 1, "'{old}' stands {times} times in {name}");
        self.write(name, text.replace(old, new))
    }

    /// The operational database.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn database(&self) -> Result<Connection> {
        Ok(Connection::open(self.path("shop.db"))?)
    }

    /// Runs SQL on the operational database.
    ///
    /// # Errors
    /// If SQLite refuses it.
    pub fn change(&self, sql: &str) -> Result<()> {
        Ok(self.database()?.execute_batch(sql)?)
    }

    /// Runs `planisphere-etl` with the settings of the shop.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn etl(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = programs::etl()?;
        command.args(arguments).arg("--config").arg(self.config());
        Said::of(&mut command)
    }

    /// Runs `planisphere-olap` with the settings of the shop.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn olap(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = programs::olap()?;
        command.args(arguments).arg("--config").arg(self.config());
        Said::of(&mut command)
    }

    /// The same with one variable in the environment.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn olap_with(&self, name: &str, value: &str, arguments: &[&str]) -> Result<Said> {
        let mut command = programs::olap()?;
        command.env(name, value).args(arguments);
        Said::of(command.arg("--config").arg(self.config()))
    }

    /// Loads as of [`TODAY`].
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn load(&self) -> Result<Said> {
        self.load_as_of(TODAY)
    }

    /// Loads as of a day.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn load_as_of(&self, day: &str) -> Result<Said> {
        self.etl(&["load", "--as-of", day])
    }

    /// Starts a load as of [`TODAY`] in the background.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start_load(&self) -> Result<Running> {
        let mut command = programs::etl()?;
        command.args(["load", "--as-of", TODAY, "--config"]);
        Running::start(command.arg(self.config()))
    }

    /// Starts a load that waits in the middle of reading [`VISITS`] until the gate is opened or dropped; the file is
    /// in its place again for other loads.
    ///
    /// # Errors
    /// If the load ends or does not come to its source in time.
    pub fn start_held_load(&self) -> Result<(Running, Gate)> {
        self.held(Self::start_load)
    }

    /// The same of an extraction.
    ///
    /// # Errors
    /// If it ends or does not come to its source in time.
    pub fn start_held_extraction(&self) -> Result<(Running, Gate)> {
        self.held(|lab| {
            let mut command = programs::etl()?;
            command.args(["extract", "--config"]);
            Running::start(command.arg(lab.config()))
        })
    }

    fn held(&self, start: impl FnOnce(&Self) -> Result<Running>) -> Result<(Running, Gate)> {
        let (file, aside) = (self.path(VISITS), self.path("aside.csv"));
        std::fs::rename(&file, &aside)?;
        gate::make(&file)?;
        let running = start(self)?;
        let gate = gate::wait_for_reader(&file)?;
        std::fs::rename(&aside, &file)?;
        Ok((running, gate))
    }

    /// The rows of a statement over the latest version; null is an empty text.
    ///
    /// # Errors
    /// If the statement fails.
    pub fn sql(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let said = self.olap(&["sql", "--format", "csv", sql])?.done()?;
        cells(&said.out)
    }

    /// The rows of a cube query over the latest version, in flags of `query`.
    ///
    /// # Errors
    /// If the query fails.
    pub fn query(&self, flags: &[&str]) -> Result<Vec<Vec<String>>> {
        let mut arguments = vec!["query", "--format", "csv"];
        arguments.extend(flags);
        cells(&self.olap(&arguments)?.done()?.out)
    }

    /// The numbers of the published versions.
    ///
    /// # Errors
    /// If the warehouse cannot be read.
    pub fn versions(&self) -> Result<Vec<String>> {
        let said = self.etl(&["history", "--format", "csv"])?.done()?;
        let rows = cells(&said.out)?;
        Ok(rows.into_iter().map(|row| row[0].clone()).collect())
    }

    /// A server of the shop's warehouse.
    ///
    /// # Errors
    /// If it does not start.
    pub fn serve(&self) -> Result<Server> {
        Server::start(&self.config())
    }
}

/// A number of the environment for random tests: `SEED` repeats a run, `N` asks for more of them.
pub fn of_environment(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(otherwise)
}

/// Rows of texts, as the programs give them.
pub fn rows(expected: &[&[&str]]) -> Vec<Vec<String>> {
    let row = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
    expected.iter().map(row).collect()
}

/// Copies a folder, but for a warehouse inside it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), target)?;
        } else if entry.file_name() != "warehouse" {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}
