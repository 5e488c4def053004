//! A Parquet file on its way into the store: row groups come encoded, and leave the memory one by one.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use object_store::buffered::BufWriter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use planisphere_schemas::warehouse::{LoadId, Warehouse};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// With what the names of files begin.
const PREFIX: &str = "part-";
/// What stands between the load and the file in a name.
const BEHIND_LOAD: &str = "_";

/// The load that wrote a file, by the file's name, also while it is on its way into a folder; `None` if the name does not tell.
pub(crate) fn load_of(name: &str) -> Option<LoadId> {
    let (load, _) = name.strip_prefix(PREFIX)?.split_once(BEHIND_LOAD)?;
    load.parse().ok()
}

/// A file that is being written.
pub(super) struct NewFile {
    /// Its name in the folder of the table.
    pub(super) path: String,
    writer: SerializedFileWriter<Vec<u8>>,
    store: BufWriter,
    /// What was handed to the store.
    pub(super) bytes: u64,
}

impl NewFile {
    /// Begins a file under a name of its own, which tells the load that writes it.
    pub(super) fn begin(
        warehouse: &Warehouse,
        (table, load): (&str, Option<LoadId>),
        schema: &SchemaRef,
        mut properties: WriterProperties,
    ) -> Result<Self> {
        let load = load.map(|load| format!("{load}{BEHIND_LOAD}"));
        let path = format!(
            "{PREFIX}{}{}.parquet",
            load.unwrap_or_default(),
            Uuid::now_v7()
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_tells_its_load() {
        let (load, file) = (LoadId::generate(), Uuid::now_v7());
        let named = format!("{PREFIX}{load}{BEHIND_LOAD}{file}.parquet");
        assert_eq!(load_of(&named), Some(load));
        assert_eq!(load_of(&format!("{named}#1")), Some(load));
        assert_eq!(load_of(&format!("{PREFIX}{file}.parquet")), None);
        assert_eq!(load_of("other.parquet"), None);
    }
}
