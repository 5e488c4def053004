//! A SQLite database of many rows, or of wide ones, that a load only stages, and how much memory loads take.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Said, TODAY};
use planisphere_tests::programs::{self, Running};
use rusqlite::Connection;

/// A lab with a second source `hoard`, whose tables no star uses.
pub(crate) struct Hoard {
    pub(crate) lab: Lab,
}

impl Hoard {
    /// A hoard made by SQL, with these tables, as they stand below `tables:` in a source file, and settings of `[etl]`.
    pub(crate) fn of(sql: &str, tables: &str, etl: &str) -> Result<Self> {
        let lab = Lab::web()?;
        lab.write(
            "model/sources/hoard.yaml",
            format!("planisphere: 1\nsource: hoard\ntables:\n{tables}"),
        )?;
        let settings = std::fs::read_to_string(lab.config())?;
        lab.write(
            "planisphere.toml",
            format!("{settings}\n[source.hoard]\nurl = \"sqlite:hoard.db\"\n\n[etl]\n{etl}\n"),
        )?;
        let hoard = Self { lab };
        hoard.database()?.execute_batch(sql)?;
        Ok(hoard)
    }

    /// The database.
    pub(crate) fn database(&self) -> Result<Connection> {
        Ok(Connection::open(self.lab.path("hoard.db"))?)
    }

    /// Starts a load in the background.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Running> {
        let mut command = programs::etl()?;
        command.args(["load", "--as-of", TODAY]).args(arguments);
        Running::start(command.arg("--config").arg(self.lab.config()))
    }

    /// Loads; also the most memory that the process took, in KiB.
    pub(crate) fn load_and_weigh(&self) -> Result<(Said, u64)> {
        let load = self.start(&[])?;
        let status = format!("/proc/{}/status", load.id());
        let mut most = 0;
        while let Some(peak) = peak(&status) {
            most = peak;
            std::thread::sleep(Duration::from_millis(2));
        }
        ensure!(most > 0, "the memory was not seen");
        Ok((load.ended()?, most))
    }
}

/// Holds the peak of a load of many rows to that of one of few, both of more bytes than the load may keep in memory: what waits
/// lies in files, and what is held of each row is little beside the setting.
pub(crate) fn check_peaks(few: u64, many: u64, memory_bytes: u64) {
    let more = many.saturating_sub(few) << 10;
    let most = 4 * memory_bytes;
    assert!(more < most, "{more} bytes more, {most} allowed");
}

/// The peak of a process's resident memory in KiB; `None` once it has ended.
fn peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// The only package's manifest.
pub(crate) fn package(lab: &Lab) -> Result<serde_json::Value> {
    let staging = lab.path("warehouse/_planisphere/staging");
    let mut manifests = Vec::new();
    for entry in std::fs::read_dir(staging)? {
        let manifest = entry?.path().join("package.json");
        if manifest.is_file() {
            manifests.push(manifest);
        }
    }
    ensure!(manifests.len() == 1, "sealed packages: {manifests:?}");
    let manifest = manifests.pop().context("a package")?;
    Ok(serde_json::from_slice(&std::fs::read(manifest)?)?)
}
