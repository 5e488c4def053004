//! A model whose source 'bank' is a PostgreSQL database, and what a load staged of it.
//!
//! The stars are those of `tests/data/web`: the tables of the bank are only extracted.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use planisphere_tests::lab::{Lab, Said, TODAY};
use planisphere_tests::programs::{self, Running};
use serde_json::Value;

/// A source file, its settings and its warehouse.
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) lab: Lab,
}

impl Bank {
    /// A bank at a URL with these tables, as they stand below `tables:` in a source file.
    pub(crate) fn at(url: &str, tables: &str) -> Result<Self> {
        Self::with(url, tables, "UTC", "")
    }

    /// The same in a time zone and with settings of `[etl]`.
    pub(crate) fn with(url: &str, tables: &str, zone: &str, etl: &str) -> Result<Self> {
        let lab = Lab::web()?;
        lab.write(
            "model/sources/bank.yaml",
            format!("planisphere: 1\nsource: bank\ntime_zone: {zone}\ntables:\n{tables}"),
        )?;
        let settings = std::fs::read_to_string(lab.config())?;
        lab.write(
            "planisphere.toml",
            format!(
                "{settings}\n[source.bank]\nurl = \"{url}\"\n\n[etl]\nreject_limit_permille = 1000\n{etl}\n"
            ),
        )?;
        Ok(Self { lab })
    }

    /// Loads.
    pub(crate) fn load(&self) -> Result<Said> {
        self.lab.load()
    }

    /// Starts a load that tells whatever it does.
    pub(crate) fn start(&self) -> Result<Running> {
        let mut command = programs::etl()?;
        command.args(["load", "--as-of", TODAY]);
        command.args(["--log", "planisphere_etl=trace", "--config"]);
        Running::start(command.arg(self.lab.config()))
    }

    /// The folder of the only package.
    fn package_folder(&self) -> Result<PathBuf> {
        let staging = self.lab.path("warehouse/_planisphere/staging");
        let mut folders = std::fs::read_dir(staging)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        ensure!(folders.len() == 1, "packages: {folders:?}");
        folders.pop().context("a package")
    }

    /// The package's manifest.
    pub(crate) fn package(&self) -> Result<Value> {
        let manifest = self.package_folder()?.join("package.json");
        Ok(serde_json::from_slice(&std::fs::read(manifest)?)?)
    }

    /// What the manifest says of a table: rows read, staged, rejected; values nulled and clamped.
    pub(crate) fn counts(&self, table: &str) -> Result<[u64; 5]> {
        let package = self.package()?;
        let counts = &package["sources"]["bank"]["tables"][table];
        let count = |name: &str| counts[name].as_u64().with_context(|| name.to_owned());
        Ok([
            count("read")?,
            count("staged")?,
            count("rejected")?,
            count("nulled")?,
            count("clamped")?,
        ])
    }

    /// The files of a staged table.
    pub(crate) fn files(&self, table: &str) -> Result<Vec<PathBuf>> {
        let folder = self.package_folder()?.join("bank").join(table);
        let mut files = std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    }

    /// The rows of a staged table.
    pub(crate) fn staged(&self, table: &str) -> Result<RecordBatch> {
        let mut batches = Vec::new();
        let mut schema = None;
        for file in self.files(table)? {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?.build()?;
            schema = Some(arrow::array::RecordBatchReader::schema(&reader));
            for batch in reader {
                batches.push(batch?);
            }
        }
        let schema = schema.context("a staged table has a file")?;
        Ok(concat_batches(&schema, &batches)?)
    }
}
