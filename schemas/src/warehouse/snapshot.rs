//! A Delta table at a version: its log replayed, refused where it uses what this program does not read.
//!
//! Not responsible for the data: [`super::PinnedTable`] scans the files that are named here.

use deltalake_core::DeltaTableError;
use deltalake_core::kernel::{StructType, Version};
use deltalake_core::table::state::DeltaTableState;
use sha2::{Digest as _, Sha256};

use super::connect::Warehouse;
use super::data_file::DataFile;
use crate::{Error, Result};

impl Warehouse {
    /// Replays the log of the Delta table in that folder, up to a version or to its latest.
    ///
    /// `None` if the folder holds no Delta table.
    ///
    /// # Errors
    /// [`Error::Delta`] if the log cannot be read or lacks the version, [`Error::UnsupportedTable`] if the
    /// table uses deletion vectors, column mapping or partitions.
    pub async fn delta_table(
        &self,
        folder: &str,
        version: Option<Version>,
    ) -> Result<Option<DeltaTableState>> {
        if self.list(&format!("{folder}/_delta_log")).await?.is_empty() {
            return Ok(None);
        }
        let log = self.log_store(folder)?;
        let state = match Box::pin(DeltaTableState::try_new(log.as_ref(), version)).await {
            Ok(state) => state,
            Err(DeltaTableError::NotATable(_)) => return Ok(None),
            Err(source) => {
                let (doing, source) = (reading(folder, version), Box::new(source));
                return Err(Error::Delta { doing, source });
            }
        };
        match unsupported_feature(&state) {
            Some(feature) => Err(Error::UnsupportedTable {
                table: folder.to_owned(),
                feature,
            }),
            None => Ok(Some(state)),
        }
    }
}

fn reading(folder: &str, version: Option<Version>) -> String {
    match version {
        Some(version) => format!("reading version {version} of table {folder}"),
        None => format!("reading the latest version of table {folder}"),
    }
}

/// The first feature of the table that our scan would answer wrongly for.
fn unsupported_feature(state: &DeltaTableState) -> Option<String> {
    let metadata = state.metadata();
    if !metadata.partition_columns().is_empty() {
        return Some("partition columns".into());
    }
    let mapping = metadata.configuration().get("delta.columnMapping.mode");
    if mapping.is_some_and(|mode| mode != "none") {
        return Some("column mapping".into());
    }
    let deletion_vectors = state
        .log_data()
        .iter()
        .any(|file| file.deletion_vector_descriptor().is_some());
    deletion_vectors.then(|| "deletion vectors".into())
}

/// The files of a table, in order of path: with time-ordered names that is the order of writing.
///
/// # Errors
/// [`Error::UnsupportedTable`] if a file has no row count in the log.
pub fn data_files(folder: &str, state: &DeltaTableState) -> Result<Vec<DataFile>> {
    let mut files = Vec::new();
    for file in state.log_data().iter() {
        let rows = file.num_records().ok_or_else(|| Error::UnsupportedTable {
            table: folder.to_owned(),
            feature: format!("a file without a row count ({})", file.path()),
        })?;
        files.push(DataFile {
            path: file.path().into_owned(),
            bytes: u64::try_from(file.size()).unwrap_or_default(),
            rows: rows as u64,
            modified_at_ms: file.modification_time(),
            stats: file
                .stats()
                .unwrap_or_else(|| format!("{{\"numRecords\":{rows}}}")),
        });
    }
    files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

/// SHA-256 of a Delta schema in hexadecimal: equal schemas have equal hashes.
pub fn schema_hash(schema: &StructType) -> String {
    let json = serde_json::to_vec(schema).unwrap_or_default();
    Sha256::digest(&json)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
