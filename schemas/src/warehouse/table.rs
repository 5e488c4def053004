//! One table of a pinned warehouse version: schema, files, what is known of them, and its scan.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::Statistics;
use datafusion::execution::object_store::ObjectStoreUrl;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoArrow as _;
use deltalake_core::table::state::DeltaTableState;
use object_store::path::Path;

use super::bounds::Bounds;
use super::connect::Warehouse;
use super::data_file::DataFile;
use super::manifest::TableEntry;
use super::scan::TableScan;
use super::snapshot::data_files;
use crate::{Error, Result};

/// A table as one warehouse version has it. Cheap to clone; nothing in it changes any more.
#[derive(Debug, Clone)]
pub struct PinnedTable {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    entry: TableEntry,
    schema: SchemaRef,
    store_url: ObjectStoreUrl,
    folder: Path,
    files: Vec<DataFile>,
    bounds: Bounds,
    statistics: Vec<Arc<Statistics>>,
    /// Of all files together, once somebody asks.
    merged: OnceLock<Statistics>,
}

impl PinnedTable {
    /// Opens the table at the Delta version that its manifest entry names.
    pub(crate) async fn open(
        warehouse: &Warehouse,
        name: &str,
        entry: &TableEntry,
    ) -> Result<Self> {
        let state = warehouse
            .delta_table(&entry.path, Some(entry.delta_version))
            .await?;
        let state = state.ok_or_else(|| Error::Malformed {
            path: format!("{}{}", warehouse.url(), entry.path),
            reason: format!("the manifest names it as a Delta table ({name}), but it holds no log"),
        })?;
        Self::of_state(warehouse, name, entry, &state)
    }

    fn of_state(
        warehouse: &Warehouse,
        name: &str,
        entry: &TableEntry,
        state: &DeltaTableState,
    ) -> Result<Self> {
        let unreadable = |error: arrow::error::ArrowError| Error::UnsupportedTable {
            table: name.to_owned(),
            feature: error.to_string(),
        };
        let schema: arrow::datatypes::Schema = state
            .schema()
            .as_ref()
            .try_into_arrow()
            .map_err(unreadable)?;
        let schema = Arc::new(schema);
        let files = data_files(name, state)?;
        let bounds = Bounds::of(name, &schema, &files).map_err(unreadable)?;
        let statistics = files
            .iter()
            .enumerate()
            .map(|(index, file)| Arc::new(bounds.statistics(index, file, &schema)))
            .collect();
        let inner = Inner {
            name: name.to_owned(),
            entry: entry.clone(),
            schema,
            store_url: warehouse.store_url().clone(),
            folder: warehouse.object_path(&entry.path),
            files,
            bounds,
            statistics,
            merged: OnceLock::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The name of the table, such as `dim_customer`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What the manifest says of the table.
    pub fn entry(&self) -> &TableEntry {
        &self.inner.entry
    }

    /// The columns; texts are `Utf8`, as in the log.
    pub fn schema(&self) -> &SchemaRef {
        &self.inner.schema
    }

    /// The files, in order of path.
    pub fn files(&self) -> &[DataFile] {
        &self.inner.files
    }

    /// The place of a file in the object store.
    pub fn file_path(&self, file: &DataFile) -> Path {
        file.path
            .split('/')
            .fold(self.inner.folder.clone(), |path, part| path.join(part))
    }

    /// Rows, nulls and bounds of each file, in the order of [`Self::files`].
    ///
    /// Bounds of integers, decimals, days and truth values are exact; those of texts, instants and floats
    /// are bounds only.
    pub fn file_statistics(&self) -> &[Arc<Statistics>] {
        &self.inner.statistics
    }

    /// Rows, nulls and bounds of the whole table.
    pub fn statistics(&self) -> &Statistics {
        let inner = &self.inner;
        let files = inner.statistics.iter().map(Arc::as_ref);
        inner.merged.get_or_init(|| merged(files, &inner.schema))
    }

    /// The URL under which a session must know the object store
    /// ([`super::PinnedWarehouse::register_store`] sees to it).
    pub fn store_url(&self) -> &ObjectStoreUrl {
        &self.inner.store_url
    }

    /// The scan of the table for DataFusion: files and row groups that the filters exclude are not read.
    ///
    /// It holds no open handle: the object store is found in the session's runtime when a plan is made.
    pub fn provider(&self) -> Arc<dyn TableProvider> {
        Arc::new(TableScan::new(self.clone()))
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.inner.bounds
    }
}

/// The statistics of several files together.
pub(crate) fn merged<'a>(
    files: impl Iterator<Item = &'a Statistics>,
    schema: &SchemaRef,
) -> Statistics {
    Statistics::try_merge_iter(files, schema).unwrap_or_else(|_| Statistics::new_unknown(schema))
}
