//! PostgreSQL 14 and later: binary copies under one exported snapshot, by as many connections as are wanted.
//!
//! ```text
//! exporter ── pg_export_snapshot ──► id ──► reader, reader, …   (SET TRANSACTION SNAPSHOT id)
//! plan: catalog ─► types of the columns; pages of the table ─► parts
//! read: COPY (SELECT … WHERE ctid in the part) TO STDOUT (FORMAT binary) ─► wire ─► rows ─► decode ─► batches
//! ```

mod address;
mod catalog;
mod columns;
mod decode;
mod fault;
mod lock;
mod login;
mod moment;
mod parsed;
mod printer;
mod reader;
mod refusal;
mod rows;
mod snapshot;
mod stream;
mod tls;
mod types;
mod wire;

use chrono_tz::Tz;
use planisphere_schemas::settings::SourceSettings;

use crate::error::{Error, Result};

use super::{Fault, Snapshot, Source, Stop};
use address::Address;
use snapshot::PostgresSnapshot;

/// A PostgreSQL database.
pub(super) struct Postgres {
    name: String,
    address: Address,
    zone: Tz,
}

impl Postgres {
    /// A database by its URL.
    ///
    /// # Errors
    /// [`Error::SourceUrl`] or [`Error::PasswordFile`].
    pub(super) fn new(name: String, settings: &SourceSettings, zone: Tz) -> Result<Self> {
        let mut address =
            Address::parse(settings.url.expose()).map_err(|reason| Error::SourceUrl {
                source_name: name.clone(),
                reason,
            })?;
        if let Some(file) = &settings.password_file {
            let password = std::fs::read(file).map_err(|source| Error::PasswordFile {
                source_name: name.clone(),
                path: file.display().to_string(),
                source,
            })?;
            address.login.password = Some(password.trim_ascii_end().to_vec());
        }
        Ok(Self {
            name,
            address,
            zone,
        })
    }
}

impl Source for Postgres {
    fn open(&self, _readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault> {
        let snapshot = PostgresSnapshot::export(&self.name, &self.address, self.zone, stop)?;
        Ok(Box::new(snapshot))
    }
}
