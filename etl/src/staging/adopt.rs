//! A package of another warehouse as the package of a load.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _, TryStreamExt as _};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use planisphere_schemas::model::{Model, Table};
use planisphere_schemas::warehouse::{LoadId, Warehouse, staging_path};
use tokio::io::AsyncWriteExt as _;

use crate::error::{Error, Result};
use crate::source::known_columns;

use super::package::{Package, part_path};

/// What is read of the end of a file at first.
const SOME: usize = 64 << 10;

impl Package {
    /// Copies a sealed package into a warehouse, where it becomes that of another load.
    ///
    /// # Errors
    /// [`planisphere_schemas::Error::Malformed`] for a package that cannot be understood, [`Error::DamagedPackage`] for one whose
    /// files are not what was written.
    pub(crate) async fn adopt(
        (from, package): (&Warehouse, LoadId),
        (to, load): (&Warehouse, LoadId),
        model: &Model,
    ) -> Result<Self> {
        let folder = staging_path(package);
        let mut adopted = None;
        for path in from.list(&folder).await? {
            let name = path.strip_prefix(&folder).unwrap_or(&path);
            if name == "/package.json" {
                let Some(bytes) = from.get_object(&path).await? else {
                    continue;
                };
                let read = serde_json::from_slice::<Self>(&bytes);
                adopted = Some(read.map_err(|error| malformed(&path, &error))?);
                continue;
            }
            let place = format!("{}{name}", staging_path(load));
            copy((from, &path), (to, &place)).await?;
        }
        let mut adopted: Self = adopted.ok_or_else(|| malformed(&folder, &"it is not sealed"))?;
        for source in &model.sources {
            adopted.check(from, source).await?;
        }
        adopted.load_id = load;
        adopted.find_columns(to, model).await?;
        adopted.seal(to).await?;
        Ok(adopted)
    }

    /// Opens the sealed package of an earlier load of the same warehouse under today's model.
    ///
    /// # Errors
    /// [`planisphere_schemas::Error::Malformed`] for a package that cannot be understood.
    pub(crate) async fn of_load(
        warehouse: &Warehouse,
        load: LoadId,
        model: &Model,
    ) -> Result<Self> {
        let path = Self::manifest_path(load);
        let Some(bytes) = warehouse.get_object(&path).await? else {
            return Err(malformed(&path, &"it is not sealed"));
        };
        let read = serde_json::from_slice::<Self>(&bytes);
        let mut package = read.map_err(|error| malformed(&path, &error))?;
        package.find_columns(warehouse, model).await?;
        Ok(package)
    }

    /// The columns of the staged tables: those of the files, and those that the model has beside them, without values.
    async fn find_columns(&mut self, warehouse: &Warehouse, model: &Model) -> Result<()> {
        for source in &model.sources {
            for table in &source.tables {
                let part = self.table(&source.name, &table.name);
                let part = part.and_then(|table| table.parts.first().copied());
                let staged = match part {
                    Some(part) => {
                        let path = part_path(self.load_id, &source.name, &table.name, part);
                        Some(schema_of(warehouse, &path).await?)
                    }
                    None => None,
                };
                let certificate = self.sources.entry(source.name.clone()).or_default();
                if let Some(staged) = &staged {
                    let held = staged.fields().iter().map(|field| field.name().clone());
                    certificate.held.insert(table.name.clone(), held.collect());
                }
                let schema = columns(table, staged);
                certificate.schemas.insert(table.name.clone(), schema);
            }
        }
        Ok(())
    }
}

/// Copies an object some bytes at a time: files of packages may be larger than the memory.
async fn copy((from, path): (&Warehouse, &str), (to, place): (&Warehouse, &str)) -> Result<()> {
    let failed = |source| {
        Error::Schemas(planisphere_schemas::Error::Store {
            doing: format!("copying {path}"),
            source,
        })
    };
    let found = from.store().get(&from.object_path(path)).await;
    let mut bytes = found.map_err(failed)?.into_stream();
    let mut copied = BufWriter::new(Arc::clone(to.store()), to.object_path(place));
    while let Some(bytes) = bytes.try_next().await.map_err(failed)? {
        copied.put(bytes).await.map_err(failed)?;
    }
    let ended = copied.shutdown().await;
    ended.map_err(|error| {
        failed(object_store::Error::Generic {
            store: "object store",
            source: error.into(),
        })
    })
}

fn columns(table: &Table, staged: Option<SchemaRef>) -> SchemaRef {
    let declared = known_columns(table);
    let Some(staged) = staged else {
        return declared;
    };
    let mut fields: Vec<Arc<Field>> = staged.fields().iter().cloned().collect();
    let missing = declared.fields().iter();
    let missing = missing.filter(|field| staged.field_with_name(field.name()).is_err());
    fields.extend(missing.map(|field| Arc::new(field.as_ref().clone().with_nullable(true))));
    Arc::new(Schema::new(fields))
}

async fn schema_of(warehouse: &Warehouse, path: &str) -> Result<SchemaRef> {
    let file = End {
        store: warehouse.store(),
        place: warehouse.object_path(path),
    };
    let metadata = file.metadata().await;
    let metadata = metadata.map_err(|error| malformed(path, &error))?;
    let fields = metadata.schema().fields().clone();
    Ok(Arc::new(Schema::new(fields)))
}

/// The end of a Parquet file, where its columns are told.
struct End<'w> {
    store: &'w Arc<dyn ObjectStore>,
    place: Path,
}

impl End<'_> {
    async fn metadata(self) -> Result<ArrowReaderMetadata, ParquetError> {
        let size = self.store.head(&self.place).await.map_err(unread)?.size;
        let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(SOME));
        let metadata = reader.load_and_finish(self, size).await?;
        ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())
    }
}

impl MetadataFetch for End<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        let bytes = self.store.get_range(&self.place, range);
        bytes.map_err(unread).boxed()
    }
}

fn unread(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

fn malformed(path: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Schemas(planisphere_schemas::Error::Malformed {
        path: path.to_owned(),
        reason: reason.to_string(),
    })
}
