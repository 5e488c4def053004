//! MySQL and MariaDB: the binary protocol, under one consistent snapshot of all connections.
//!
//! ```text
//! FLUSH TABLES WITH READ LOCK (where granted) ─► START TRANSACTION WITH CONSISTENT SNAPSHOT, on each ─► UNLOCK TABLES
//! plan: types of the columns (as prepared); ranges of the key ─► parts
//! read: SELECT … of a part ─► values ─► cells ─► batches
//! ```

mod connect;
mod fault;
mod keys;
mod reader;
mod snapshot;
mod types;
mod value;

use chrono_tz::Tz;
use mysql::{Opts, OptsBuilder};
use planisphere_schemas::settings::SourceSettings;

use crate::error::{Error, Result};

use super::{Fault, Snapshot, Source, Stop};
use snapshot::MySqlSnapshot;

/// What every session sets: instants travel in UTC, texts in UTF-8; an open snapshot is not taken for a forgotten
/// connection, nor a warehouse that is slow for a client that is gone. A table that others keep locked is not waited for
/// until the next day.
const SESSION: [&str; 3] = [
    "SET time_zone = '+00:00', wait_timeout = 28800, net_write_timeout = 3600, lock_wait_timeout = 10 \
     /*M!100300 , idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0 */",
    "SET NAMES utf8mb4",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];

/// A MySQL or MariaDB database.
pub(super) struct MySql {
    name: String,
    opts: Opts,
    zone: Tz,
}

impl MySql {
    /// A database by its URL.
    ///
    /// # Errors
    /// [`Error::SourceUrl`] or [`Error::PasswordFile`].
    pub(super) fn new(name: String, settings: &SourceSettings, zone: Tz) -> Result<Self> {
        let url = settings.url.expose();
        let url = match url.strip_prefix("mariadb://") {
            Some(rest) => format!("mysql://{rest}"),
            None => url.to_owned(),
        };
        let opts = Opts::from_url(&url).map_err(|error| Error::SourceUrl {
            source_name: name.clone(),
            reason: fault::url_reason(&error),
        })?;
        let within = opts.get_tcp_connect_timeout().unwrap_or(connect::WITHIN);
        let mut builder = OptsBuilder::from_opts(opts)
            .init(SESSION.map(str::to_owned).to_vec())
            .prefer_socket(false)
            .tcp_connect_timeout(Some(within))
            .tcp_keepalive_time_ms(Some(30_000));
        if let Some(file) = &settings.password_file {
            let password = std::fs::read_to_string(file).map_err(|source| Error::PasswordFile {
                source_name: name.clone(),
                path: file.display().to_string(),
                source,
            })?;
            builder = builder.pass(Some(password.trim_end()));
        }
        Ok(Self {
            name,
            opts: builder.into(),
            zone,
        })
    }
}

impl Source for MySql {
    fn open(&self, readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault> {
        let snapshot = MySqlSnapshot::open(&self.name, &self.opts, self.zone, readers, stop)?;
        Ok(Box::new(snapshot))
    }
}
