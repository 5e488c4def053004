//! A Parquet file on its way into the store: row groups come encoded, and leave the memory one by one.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use object_store::buffered::BufWriter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use planisphere_schemas::warehouse::Warehouse;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// A file that is being written.
pub(super) struct NewFile {
    /// Its name in the folder of the table.
    pub(super) path: String,
    writer: SerializedFileWriter<Vec<u8>>,
    store: BufWriter,
    bytes: u64,
}

impl NewFile {
    /// Begins a file under a name of its own.
    pub(super) fn begin(
        warehouse: &Warehouse,
        table: &str,
        schema: &SchemaRef,
        mut properties: WriterProperties,
    ) -> Result<Self> {
        let path = format!("part-{}.parquet", Uuid::now_v7());
        let place = warehouse.object_path(table).join(path.as_str());
        let parquet = ArrowSchemaConverter::new().convert(schema)?;
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
        let root = parquet.root_schema_ptr();
        Ok(Self {
            path,
            writer: SerializedFileWriter::new(Vec::new(), root, Arc::new(properties))?,
            store: BufWriter::new(Arc::clone(warehouse.store()), place),
            bytes: 0,
        })
    }

    /// What encodes columns for this file.
    pub(super) fn encoders(&self, schema: &SchemaRef) -> ArrowRowGroupWriterFactory {
        ArrowRowGroupWriterFactory::new(&self.writer, Arc::clone(schema))
    }

    /// Adds a row group and hands it to the store.
    pub(super) async fn add(
        &mut self,
        fill: impl FnOnce(&mut SerializedRowGroupWriter<'_, Vec<u8>>) -> Result<()>,
    ) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        fill(&mut group)?;
        group.close()?;
        self.writer.flush()?;
        let bytes = std::mem::take(self.writer.inner_mut());
        self.bytes += bytes.len() as u64;
        self.store.write_all(&bytes).await?;
        Ok(())
    }

    /// Completes the file; returns its name and size.
    pub(super) async fn finish(self) -> Result<(String, u64)> {
        let Self {
            path,
            writer,
            mut store,
            bytes,
        } = self;
        let rest = writer.into_inner()?;
        store.write_all(&rest).await?;
        store.shutdown().await?;
        Ok((path, bytes + rest.len() as u64))
    }
}
