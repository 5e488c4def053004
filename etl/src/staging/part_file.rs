//! One part of a table as a Parquet file in the warehouse's object store, written by a blocking thread.
//!
//! A file that is not closed never comes into being.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use planisphere_schemas::warehouse::Warehouse;
use tokio::runtime::Handle;

use super::checksum::{Checksum, Written};

/// What is sent at once; object stores want parts of at least 5 MiB.
const CHUNK: usize = 6 << 20;
/// The same for folders, while it is still in the processor's cache.
const LOCAL_CHUNK: usize = 1 << 20;
/// A dictionary that becomes larger does not pay: nearly every text is another one.
const DICTIONARY: usize = 128 << 10;
/// Tables of more columns do without what takes much memory for each column of an open row group: a mebibyte for
/// differences, some hundred kibibytes for zstd.
const MOST_COLUMNS: usize = 100;

/// When a row group ends: at so many rows or so many bytes, whichever comes first.
///
/// Bytes are those of the values as Arrow holds them, since that is what a writer and later a reader of the row group
/// hold in memory; how well they compress is another matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowGroups {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// A file that is being written.
pub(super) struct PartFile {
    writer: ArrowWriter<Upload>,
    groups: RowGroups,
    /// Bytes of the open row group.
    open_bytes: usize,
}

impl PartFile {
    /// Begins a file.
    pub(super) fn create(
        warehouse: &Warehouse,
        path: Path,
        schema: SchemaRef,
        groups: RowGroups,
        runtime: &Handle,
    ) -> Result<Self> {
        let properties = properties(&schema, groups.rows)?;
        let upload = Upload::new(warehouse, path, runtime);
        let writer = ArrowWriter::try_new(upload, schema, Some(properties))?;
        Ok(Self {
            writer,
            groups,
            open_bytes: 0,
        })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.writer.write(rows)?;
        if self.writer.in_progress_rows() == 0 {
            self.open_bytes = 0;
        } else {
            self.open_bytes += bytes(rows)?;
        }
        if self.open_bytes >= self.groups.bytes {
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

/// What the values of a batch take in memory.
fn bytes(rows: &RecordBatch) -> Result<usize> {
    let columns = rows.columns().iter();
    let bytes = columns.map(|column| column.to_data().get_slice_memory_size());
    let bytes: std::result::Result<Vec<usize>, _> = bytes.collect();
    Ok(bytes?.into_iter().sum())
}

/// Numbers lie mostly close to their neighbours, so differences are small; only texts repeat enough for a dictionary.
fn properties(schema: &Schema, row_group_rows: usize) -> Result<WriterProperties> {
    let is_wide = schema.fields().len() > MOST_COLUMNS;
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(match is_wide {
            true => Compression::LZ4_RAW,
            false => Compression::ZSTD(ZstdLevel::try_new(1)?),
        })
        // staged files are read whole: nobody looks for a few of their pages
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_max_row_group_row_count(Some(row_group_rows));
    for field in schema.fields() {
        let column = ColumnPath::from(field.name().as_str());
        if field.data_type().is_primitive() {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
        }
        properties = match field.data_type() {
            data_type if has_deltas(data_type) && !is_wide => {
                properties.set_column_encoding(column, Encoding::DELTA_BINARY_PACKED)
            }
            // what zstd does not find is not worth the work of prefixes and lengths of their own
            data_type if data_type.is_primitive() || data_type.is_string() => {
                properties.set_column_encoding(column, Encoding::PLAIN)
            }
            _ => properties,
        };
    }
    Ok(properties.build())
}

/// True for types that Parquet stores as integers of 32 or 64 bits.
fn has_deltas(data_type: &DataType) -> bool {
    const DIGITS_OF_I64: u8 = 18;
    match data_type {
        DataType::Decimal128(precision, _) => *precision <= DIGITS_OF_I64,
        DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(..) => true,
        other => other.is_integer(),
    }
}

/// Bytes on their way into an object store, in chunks once they are many.
pub(super) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    runtime: Handle,
    chunk_bytes: usize,
    chunk: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    written: u64,
    checksum: Checksum,
}

impl Upload {
    /// An object that is to be.
    pub(super) fn new(warehouse: &Warehouse, path: Path, runtime: &Handle) -> Self {
        Self {
            store: Arc::clone(warehouse.store()),
            path,
            runtime: runtime.clone(),
            chunk_bytes: match warehouse.url().scheme() {
                "file" => LOCAL_CHUNK,
                _ => CHUNK,
            },
            chunk: Vec::new(),
            parts: None,
            written: 0,
            checksum: Checksum::default(),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let room = Vec::with_capacity(self.chunk.len());
        let chunk = PutPayload::from(std::mem::replace(&mut self.chunk, room));
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let begun = self
                    .runtime
                    .block_on(self.store.put_multipart(&self.path))?;
                self.parts.insert(begun)
            }
        };
        Ok(self.runtime.block_on(parts.put_part(chunk))?)
    }

    /// Ends the object, which from now on exists.
    pub(super) fn complete(mut self) -> io::Result<Written> {
        match self.parts.take() {
            None => {
                let all = PutPayload::from(std::mem::take(&mut self.chunk));
                self.runtime.block_on(self.store.put(&self.path, all))?;
            }
            Some(parts) => {
                self.parts = Some(parts);
                if !self.chunk.is_empty() {
                    self.send()?;
                }
                if let Some(parts) = &mut self.parts {
                    self.runtime.block_on(parts.complete())?;
                }
                self.parts = None;
            }
        }
        Ok(Written {
            bytes: self.written,
            checksum: self.checksum.text(),
        })
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        self.written += bytes.len() as u64;
        self.checksum.add(bytes);
        if self.chunk.len() >= self.chunk_bytes {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(parts) = &mut self.parts {
            // What cannot be taken back now is purged with its package.
            let _ = self.runtime.block_on(parts.abort());
        }
    }
}
