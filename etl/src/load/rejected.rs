//! The rejected rows of a load: they go through memory a few at a time.

use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::error::{Error, Result};
use crate::reject::{self, RejectSum, Rejects};
use crate::staging::Package;
use crate::warehouse::{NextFiles, TableWriter, WriteOptions};

use super::balance::Stage;
use super::build::Fed;
use super::execute::Execution;
use super::record::LoadRecord;

/// The rejected rows of an object.
pub(super) struct Rejected {
    pub(super) stage: Stage,
    pub(super) name: String,
    pub(super) rejects: Rejects,
}

impl Execution<'_> {
    /// Tells the ids of all driving rows that were rejected before they reached a dimension or star.
    pub(super) async fn each_rejected(
        &self,
        package: &Package,
        fed: &Fed<'_>,
        mut tell: impl FnMut(&str) -> Result<(), ArrowError>,
    ) -> Result<()> {
        let told = || Error::arrow("keeping the ids of rejected rows");
        let from = &fed.entity.from;
        let table = from.strip_suffix("_versions").unwrap_or(from);
        fed.rows.rejects.each_id(&mut tell).map_err(told())?;
        let source = &fed.source.name;
        let Some(mut staged) = package.rejects(self.warehouse, source, table).await? else {
            return Ok(());
        };
        let failed = || Error::engine(format!("reading the rejected rows of '{table}'"));
        while let Some(rows) = staged.try_next().await.map_err(failed())? {
            let ids = rows.column(0).as_string::<i32>().iter().flatten();
            for id in ids {
                tell(id).map_err(told())?;
            }
        }
        Ok(())
    }

    /// Writes every rejected row into files of `audit_reject`, behind those that are published.
    pub(super) async fn write_rejects(
        &self,
        package: &Package,
        later: &[Rejected],
        base: Option<&PinnedWarehouse>,
        record: &LoadRecord,
    ) -> Result<NextFiles> {
        let published = base.and_then(|base| base.table(reject::TABLE));
        let files = published.map(|table| table.files()).unwrap_or_default();
        let options = WriteOptions {
            row_group_rows: GROUP,
            ..WriteOptions::default()
        };
        let memory = self.options.settings.etl.memory_bytes;
        let options = options.of_load(self.load_id).within(memory);
        let schema = reject::schema();
        let table = (reject::TABLE, &schema);
        let mut writer = TableWriter::new(self.warehouse, table.0, Arc::clone(&schema), &options)?;
        let load = record.load_id.to_string();
        for (source, certificate) in &package.sources {
            for table in certificate.tables.keys() {
                let staged = package.rejects(self.warehouse, source, table).await?;
                let Some(staged) = staged else { continue };
                let audited = staged.and_then(|rows| {
                    let rows =
                        reject::staged_batch(&load, record.audit_key, (source, table), &rows);
                    std::future::ready(rows.map_err(DataFusionError::from))
                });
                writer.write_stream(audited).await?;
            }
        }
        for of_object in later {
            for rows in of_object.rejects.batches(&load, record.audit_key) {
                let rows = rows.map_err(Error::arrow("writing audit_reject"))?;
                writer.write(&rows).await?;
            }
        }
        let added = writer.finish().await?;
        if added.is_empty() {
            return Ok(NextFiles {
                files: files.to_vec(),
                ..NextFiles::default()
            });
        }
        let mut next = self.edited(table, (files, None), &options).await?;
        next.files.extend(added);
        Ok(next)
    }
}

/// Rows of a row group: each holds a whole row of the source as a text, and row groups wait in memory until they are full.
const GROUP: usize = 8192;

/// What is promised about the rejects: how many, and a sum of hashes that changes when any of them does.
pub(super) fn certificate(package: &Package, later: &[Rejected]) -> serde_json::Value {
    let mut sum = RejectSum::default();
    for of_object in later {
        sum.merge(of_object.rejects.sum());
    }
    for certificate in package.sources.values() {
        for counts in certificate.tables.values() {
            sum.merge(&counts.rejects.sum);
        }
    }
    serde_json::to_value(sum).unwrap_or_default()
}
