//! Reads every table of every source under one snapshot each and writes the package.

use std::sync::Arc;

use futures::StreamExt;
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use planisphere_schemas::model::{Model, Table};
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use crate::error::{Error, Result};
use crate::source::{Snapshot, connect, staged_schema};

use super::package::{Package, SourceCertificate, TableCertificate};

/// Hears how an extraction goes on.
pub(crate) trait Progress: Send + Sync {
    /// A table has begun.
    fn begin(&self, source: &str, table: &str);
    /// More rows of it have arrived.
    fn rows(&self, rows: u64);
    /// The table is done.
    fn end(&self, source: &str, table: &str, certificate: &TableCertificate);
}

/// Extracts every source of the model into the package and seals it.
pub(crate) async fn extract(
    model: &Model,
    settings: &Settings,
    warehouse: &Warehouse,
    package: &mut Package,
    progress: &dyn Progress,
) -> Result<()> {
    for source in &model.sources {
        let reach =
            settings
                .sources
                .get(&source.name)
                .ok_or_else(|| Error::SourceNotConfigured {
                    source_name: source.name.clone(),
                })?;
        let mut snapshot = connect(source, reach)?.open().await?;
        let mut certificate = SourceCertificate {
            moment: snapshot.describe(),
            ..SourceCertificate::default()
        };
        for table in &source.tables {
            progress.begin(&source.name, &table.name);
            let extraction = Extraction {
                warehouse,
                settings,
                progress,
                source: &source.name,
            };
            let done = extraction.table(snapshot.as_mut(), table, package).await?;
            progress.end(&source.name, &table.name, &done);
            certificate.tables.insert(table.name.clone(), done);
        }
        package.sources.insert(source.name.clone(), certificate);
    }
    package.seal(warehouse).await
}

struct Extraction<'a> {
    warehouse: &'a Warehouse,
    settings: &'a Settings,
    progress: &'a dyn Progress,
    source: &'a str,
}

impl Extraction<'_> {
    async fn table(
        &self,
        snapshot: &mut dyn Snapshot,
        table: &Table,
        package: &mut Package,
    ) -> Result<TableCertificate> {
        let failed = |error: parquet::errors::ParquetError| Error::Engine {
            doing: format!("writing staged table '{}'", table.name),
            source: Box::new(error.into()),
        };
        let mut done = TableCertificate::default();
        let mut writer = self.writer(table, package).map_err(failed)?;
        let mut batches = snapshot.read(table, self.settings.etl.batch_rows).await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let (staged, rejected) = (batch.rows.num_rows() as u64, batch.rejects.len() as u64);
            writer.write(&batch.rows).await.map_err(failed)?;
            done.read += staged + rejected;
            done.staged += staged;
            done.rejected += rejected;
            done.nulled += batch.nulled;
            package.rejects.extend(batch.rejects);
            self.progress.rows(staged + rejected);
        }
        writer.finish().await.map_err(failed)?;
        done.bytes = writer.bytes_written() as u64;
        Ok(done)
    }

    fn writer(
        &self,
        table: &Table,
        package: &Package,
    ) -> parquet::errors::Result<AsyncArrowWriter<BufWriter>> {
        let path = self
            .warehouse
            .object_path(&package.table_path(self.source, &table.name));
        let object = BufWriter::new(Arc::clone(self.warehouse.store()), path);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(self.settings.etl.row_group_rows))
            .build();
        AsyncArrowWriter::try_new(object, staged_schema(table), Some(properties))
    }
}
