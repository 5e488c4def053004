//! Finds the file behind a scan that failed: which of the files of a plan is missing or cannot be read.
//!
//! Only asked when a scan has failed, since it reads files whole. Not responsible for repairing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::OlapError;

/// The files that a plan reads, with the sizes that its version gives them.
pub(super) struct ScannedFiles {
    runtime: Arc<RuntimeEnv>,
    files: BTreeMap<(ObjectStoreUrl, Path), u64>,
}

impl ScannedFiles {
    /// The files of a plan.
    pub(super) fn of(plan: &dyn ExecutionPlan, runtime: Arc<RuntimeEnv>) -> Self {
        let mut files = BTreeMap::new();
        collect(plan, &mut files);
        Self { runtime, files }
    }

    /// The first file that is damaged, as an error.
    pub(super) async fn damage(&self) -> Option<OlapError> {
        for ((url, path), size) in &self.files {
            let Ok(store) = self.runtime.object_store(url) else {
                continue;
            };
            if let Some(reason) = trouble(store.as_ref(), path, *size).await {
                let folder = path.parts().rev().nth(1);
                return Some(OlapError::Damaged {
                    table: folder.map_or_else(String::new, |part| part.as_ref().to_owned()),
                    file: format!("{url}{path}"),
                    reason,
                });
            }
        }
        None
    }
}

fn collect(plan: &dyn ExecutionPlan, files: &mut BTreeMap<(ObjectStoreUrl, Path), u64>) {
    let scan = plan.downcast_ref::<DataSourceExec>();
    if let Some(scan) = scan.and_then(|it| it.data_source().downcast_ref::<FileScanConfig>()) {
        let scanned = scan.file_groups.iter().flat_map(|group| group.files());
        for meta in scanned.map(|file| &file.object_meta) {
            let place = (scan.object_store_url.clone(), meta.location.clone());
            files.insert(place, meta.size);
        }
    }
    for child in plan.children() {
        collect(child.as_ref(), files);
    }
}

/// True for errors that a damaged file may have caused.
pub(super) fn may_be_damage(error: &DataFusionError) -> bool {
    use arrow::error::ArrowError;
    match error.find_root() {
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::External(_) => true,
        DataFusionError::ArrowError(inner, _) => matches!(
            inner.as_ref(),
            ArrowError::ParquetError(_) | ArrowError::IoError(..) | ArrowError::ExternalError(_)
        ),
        _ => false,
    }
}

/// What is wrong with a file, if it is the file; a store that does not answer is not the file's fault.
async fn trouble(store: &dyn ObjectStore, path: &Path, size: u64) -> Option<String> {
    let bytes = match store.get(path).await {
        Ok(found) => found.bytes().await.ok()?,
        Err(object_store::Error::NotFound { .. }) => return Some("is missing".into()),
        Err(_) => return None,
    };
    if bytes.len() as u64 != size {
        return Some(format!("has {} bytes instead of {size}", bytes.len()));
    }
    // damaged pages may make the reader panic, which ends its own task only
    match tokio::task::spawn_blocking(move || read_whole(bytes)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("cannot be read: {error}")),
        Err(_) => Some("cannot be read".into()),
    }
}

fn read_whole(bytes: Bytes) -> Result<(), DataFusionError> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        batch?;
    }
    Ok(())
}
