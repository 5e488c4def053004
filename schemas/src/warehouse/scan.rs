//! Our own scan: the pinned files of a table as a DataFusion plan over Parquet.
//!
//! The log is not read again: the file list and its statistics were pinned when the version was opened.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;

use super::prune::files_to_read;
use super::table::{PinnedTable, merged};

/// A pinned table as DataFusion sees it.
#[derive(Debug)]
pub(crate) struct TableScan {
    table: PinnedTable,
}

impl TableScan {
    pub(crate) fn new(table: PinnedTable) -> Self {
        Self { table }
    }

    /// The files that a query with these filters has to read.
    fn files(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let table = &self.table;
        let wanted = files_to_read(session, table.schema(), table.bounds(), filters)?;
        let files = table
            .files()
            .iter()
            .zip(table.file_statistics())
            .zip(wanted);
        let files = files
            .filter(|(_, wanted)| *wanted)
            .map(|((file, statistics), _)| {
                let meta = ObjectMeta {
                    location: table.file_path(file),
                    last_modified: DateTime::from_timestamp_millis(file.modified_at_ms)
                        .unwrap_or_default(),
                    size: file.bytes,
                    e_tag: None,
                    version: None,
                };
                PartitionedFile::new_from_meta(meta).with_statistics(Arc::clone(statistics))
            });
        Ok(files.collect())
    }

    fn source(&self, session: &dyn Session) -> Result<ParquetSource> {
        let runtime = session.runtime_env();
        let store = runtime.object_store(self.table.store_url())?;
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let source = ParquetSource::new(Arc::clone(self.table.schema()))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(
                store, footers,
            )));
        Ok(source)
    }
}

#[async_trait]
impl TableProvider for TableScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.table.statistics().clone())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files(session, filters)?;
        if files.is_empty() {
            let schema = project_schema(self.table.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let statistics = match files.len() == self.table.files().len() {
            true => self.table.statistics().clone(),
            false => {
                let known = files.iter().filter_map(|file| file.statistics.as_deref());
                merged(known, self.table.schema())
            }
        };
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let source = Arc::new(self.source(session)?);
        let config = FileScanConfigBuilder::new(self.table.store_url().clone(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
