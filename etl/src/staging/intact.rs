//! Whether the files of a retained package are what was written.
//!
//! Files whose checksum the package tells are compared with it; packages of older programs tell none, and their files are
//! decoded from end to end. Not responsible for what becomes of a package that is damaged.

use object_store::ObjectStoreExt as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use planisphere_schemas::model::Source;
use planisphere_schemas::warehouse::Warehouse;

use crate::error::{Error, Result};

use super::checksum::Checksum;
use super::package::{Package, TableCertificate, part_path, reject_path};

/// What is read of a file at once.
const CHUNK: u64 = 4 << 20;

/// A file and what its bytes add up to, if that is known.
type File<'a> = (String, Option<&'a String>);

impl Package {
    /// Looks whether the files of a source are what was written.
    ///
    /// # Errors
    /// [`Error::DamagedPackage`] with the first file that is not.
    pub(crate) async fn check(&self, warehouse: &Warehouse, source: &Source) -> Result<()> {
        let tables = source.tables.iter().map(|table| table.name.as_str());
        for table in tables {
            let Some(certificate) = self.table(&source.name, table) else {
                continue;
            };
            for file in self.files(&source.name, table, certificate) {
                self.check_file(warehouse, file).await?;
            }
        }
        Ok(())
    }

    /// The files of a table, and of its rejected rows.
    fn files<'a>(
        &self,
        source: &str,
        table: &str,
        certificate: &'a TableCertificate,
    ) -> Vec<File<'a>> {
        let parts = certificate.parts.iter().map(|part| {
            let path = part_path(self.load_id, source, table, *part);
            (path, certificate.checksums.get(part))
        });
        let rejects = certificate.reject_parts.iter().map(|part| {
            let path = reject_path(self.load_id, source, table, *part);
            (path, certificate.reject_checksums.get(part))
        });
        parts.chain(rejects).collect()
    }

    async fn check_file(&self, warehouse: &Warehouse, (path, known): File<'_>) -> Result<()> {
        let looked = match known {
            Some(known) => compared(warehouse, &path, known).await,
            None => decoded(warehouse, &path).await,
        };
        looked.map_err(|reason| Error::DamagedPackage {
            load: self.load_id,
            file: path,
            reason,
            is_retained: true,
        })
    }
}

/// Compares a file with its checksum.
async fn compared(warehouse: &Warehouse, path: &str, known: &str) -> Result<(), String> {
    let place = warehouse.object_path(path);
    let said = |error: object_store::Error| match error {
        object_store::Error::NotFound { .. } => "is missing".to_owned(),
        error => said(&error),
    };
    let store = warehouse.store();
    let bytes = store.head(&place).await.map_err(said)?.size;
    let mut checksum = Checksum::default();
    let mut at = 0;
    while at < bytes {
        let to = bytes.min(at + CHUNK);
        checksum.add(&store.get_range(&place, at..to).await.map_err(said)?);
        at = to;
    }
    match checksum.text() == known {
        true => Ok(()),
        false => Err("is not what was written".to_owned()),
    }
}

/// Decodes every row of a file.
async fn decoded(warehouse: &Warehouse, path: &str) -> Result<(), String> {
    let bytes = warehouse.get_object(path).await;
    let bytes = bytes.map_err(|error| said(&error))?;
    let bytes = bytes.ok_or_else(|| "is missing".to_owned())?;
    let file = ParquetRecordBatchReaderBuilder::try_new(bytes);
    let file = file.and_then(ParquetRecordBatchReaderBuilder::build);
    for rows in file.map_err(|error| said(&error))? {
        rows.map_err(|error| said(&error))?;
    }
    Ok(())
}

fn said(error: &dyn std::error::Error) -> String {
    format!("cannot be read: {error}")
}
