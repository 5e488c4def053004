//! The rejected rows of one part of a table as a Parquet file beside the part, and how they are read back.
//!
//! Rejected rows go through memory a few at a time, in both directions, however many there are.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use planisphere_schemas::warehouse::Warehouse;
use tokio::runtime::Handle;

use crate::error::Error;
use crate::reject::Reject;

use super::checksum::Written;
use super::part_file::Upload;

/// Bytes of rejected rows after which a row group is closed: what a reader of the file holds at once.
const GROUP_BYTES: usize = 4 << 20;
/// Rows of a batch that is read back.
const BATCH_ROWS: usize = 4096;

/// A file of rejected rows that is being written.
pub(super) struct RejectFile {
    writer: ArrowWriter<Upload>,
    open_bytes: usize,
}

impl RejectFile {
    /// Begins a file.
    pub(super) fn create(warehouse: &Warehouse, path: Path, runtime: &Handle) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .build();
        let upload = Upload::new(warehouse, path, runtime);
        Ok(Self {
            writer: ArrowWriter::try_new(upload, schema(), Some(properties))?,
            open_bytes: 0,
        })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, rejects: &[Reject]) -> Result<()> {
        let text = |get: fn(&Reject) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(rejects.iter().map(get)))
        };
        let columns = vec![
            text(|reject| &reject.row_id),
            text(|reject| &reject.reason),
            text(|reject| &reject.detail),
            text(|reject| &reject.row),
        ];
        let rows = RecordBatch::try_new(schema(), columns)?;
        self.writer.write(&rows)?;
        let bytes = |reject: &Reject| reject.row.len() + reject.detail.len() + reject.row_id.len();
        self.open_bytes += rejects.iter().map(bytes).sum::<usize>();
        if self.open_bytes >= GROUP_BYTES {
            self.writer.flush()?;
            self.open_bytes = 0;
        }
        Ok(())
    }

    /// Ends the file, which from now on exists.
    pub(super) fn close(self) -> Result<Written> {
        let upload = self.writer.into_inner()?;
        upload.complete().map_err(ParquetError::from)
    }
}

/// The columns of a file of rejected rows; source and table are those of its folder.
fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let names = ["row_id", "reason", "detail", "row_json"];
    Arc::new(Schema::new(names.map(text).to_vec()))
}

/// The rows of some files, in the order of the files, with the columns `row_id`, `reason`, `detail`, `row_json`.
pub(super) async fn read(
    warehouse: &Warehouse,
    files: Vec<String>,
    doing: &str,
) -> crate::error::Result<SendableRecordBatchStream> {
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(BATCH_ROWS)
        .set_bool(
            "datafusion.execution.parquet.schema_force_view_types",
            false,
        );
    let session = SessionContext::new_with_config(config);
    warehouse.register_store(&session.runtime_env());
    let schema = schema();
    let options = ParquetReadOptions::default().schema(&schema);
    let url = |file: &String| {
        format!(
            "{}{}",
            warehouse.store_url().as_str(),
            warehouse.object_path(file)
        )
    };
    let urls: Vec<String> = files.iter().map(url).collect();
    let frame = session
        .read_parquet(urls, options)
        .await
        .map_err(Error::engine(doing))?;
    frame.execute_stream().await.map_err(Error::engine(doing))
}
