//! The manifest: everything that one published warehouse version consists of.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{LoadId, WarehouseVersion};
use crate::model::Model;
use crate::{Error, Result};

/// The format of the manifests that this program writes.
pub const FORMAT_VERSION: u32 = 1;
/// The newest `min_reader_version` that this program can read.
pub const READER_VERSION: u32 = 1;
/// The newest `min_writer_version` after which this program can publish.
pub const WRITER_VERSION: u32 = 1;

/// One published warehouse version: which version of each table, by which load, under which model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this document.
    pub format_version: u32,
    /// The oldest reader that understands it.
    pub min_reader_version: u32,
    /// The oldest writer that may publish after it.
    pub min_writer_version: u32,
    /// The number of the version.
    pub version: WarehouseVersion,
    /// The version that it was built upon.
    pub parent: Option<WarehouseVersion>,
    /// The load that published it.
    pub load_id: LoadId,
    /// The day for which the load was run, in the warehouse time zone.
    pub business_date: NaiveDate,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// The tables by name.
    pub tables: BTreeMap<String, TableEntry>,
    /// How far each source was read, by source or entity.
    #[serde(default)]
    pub watermarks: BTreeMap<String, serde_json::Value>,
    /// What each source guarantees about the completeness of what was read, by entity.
    #[serde(default)]
    pub certificates: BTreeMap<String, serde_json::Value>,
    /// SHA-256 of the model in hexadecimal.
    pub model_hash: String,
    /// The whole model, so that an old version stays readable by its own.
    pub model: Model,
}

/// One table of a warehouse version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// The folder of the Delta table, relative to the warehouse.
    pub path: String,
    /// The version of the Delta table.
    pub delta_version: u64,
    /// SHA-256 of the Delta schema in hexadecimal.
    pub schema_hash: String,
    /// The number of rows.
    pub row_count: u64,
    /// The bytes of its Parquet files.
    pub bytes: u64,
}

/// The part of a manifest that every format keeps, read before the rest.
#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    format_version: u32,
    version: u64,
    min_reader_version: u32,
}

impl Manifest {
    /// A manifest of today's format for a version that is to be published, without tables,
    /// watermarks or certificates.
    pub fn new(
        version: WarehouseVersion,
        load_id: LoadId,
        business_date: NaiveDate,
        published_at: DateTime<Utc>,
        model: Model,
    ) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            min_reader_version: READER_VERSION,
            min_writer_version: WRITER_VERSION,
            version,
            parent: version
                .0
                .checked_sub(1)
                .filter(|n| *n > 0)
                .map(WarehouseVersion),
            load_id,
            business_date,
            published_at,
            tables: BTreeMap::new(),
            watermarks: BTreeMap::new(),
            certificates: BTreeMap::new(),
            model_hash: model.hash(),
            model,
        }
    }

    /// Reads the JSON of a manifest; `path` is named in errors.
    ///
    /// # Errors
    /// [`Error::NewerFormat`] if it asks for a newer reader, [`Error::UnknownFormat`] if it is written in a newer
    /// format, [`Error::Malformed`] if it is not a manifest.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self> {
        let malformed = |source: serde_json::Error| Error::Malformed {
            path: path.to_owned(),
            reason: source.to_string(),
        };
        let header: Header = serde_json::from_slice(bytes).map_err(malformed)?;
        if header.min_reader_version > READER_VERSION {
            return Err(Error::NewerFormat {
                version: header.version,
                needed: header.min_reader_version,
                have: READER_VERSION,
            });
        }
        if header.format_version > FORMAT_VERSION {
            return Err(Error::UnknownFormat {
                version: header.version,
                format: header.format_version,
                known: FORMAT_VERSION,
            });
        }
        serde_json::from_slice(bytes).map_err(malformed)
    }

    /// Says whether this program may publish a version after this one.
    ///
    /// # Errors
    /// [`Error::NewerWriter`] if the manifest asks for a newer writer.
    pub fn check_writable(&self) -> Result<()> {
        if self.min_writer_version <= WRITER_VERSION {
            return Ok(());
        }
        Err(Error::NewerWriter {
            version: self.version.0,
            needed: self.min_writer_version,
            have: WRITER_VERSION,
        })
    }
}
