//! The transaction that everything is read in: how it begins, and which moment it sees.

use std::io;

use super::address::Address;
use super::catalog::literal;
use super::wire::{Connection, Result, WireError};
use crate::source::Stop;

/// The first version whose pages can be read by ranges.
const OLDEST: u32 = 140_000;
/// The first version that ends transactions which last too long.
const ENDS_TRANSACTIONS: u32 = 170_000;

/// Every setting that the reading relies on, for this transaction only: a pooler may give the next one another session.
/// Rows that a policy would hide are an error instead of silently missing, and an open snapshot is not taken for a
/// forgotten one.
const SETTINGS: &str = "SET LOCAL row_security = off; SET LOCAL idle_in_transaction_session_timeout = 0; \
                        SET LOCAL DateStyle = ISO; SET LOCAL IntervalStyle = postgres; \
                        SET LOCAL bytea_output = hex; SET LOCAL extra_float_digits = 3";

/// How transactions on a server begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    version: String,
    number: u32,
    /// True if its texts are bytes of no known encoding.
    has_raw_texts: bool,
}

/// The moment that a transaction sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// The id under which other sessions can share it.
    pub(super) id: String,
    /// Which one it is, in the server's words.
    pub(super) description: String,
}

/// Connects to the first server that answers.
pub(super) fn connect(address: &Address, stop: &Stop) -> Result<Connection> {
    let mut last = WireError::Login("the URL names no host".into());
    for host in &address.hosts {
        match Connection::open(host, &address.login, stop.clone()) {
            Ok(connection) => return Ok(connection),
            Err(WireError::Io(error)) => {
                last = WireError::Io(io::Error::new(error.kind(), format!("{host}: {error}")));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Server {
    /// Which server it is.
    ///
    /// # Errors
    /// What the server says, or that it is too old.
    pub(super) fn of(connection: &mut Connection) -> Result<Self> {
        const VERSION: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                    current_setting('server_encoding')";
        let [number, version, encoding] = row(connection, VERSION)?;
        let number = number.parse().unwrap_or(0);
        match number >= OLDEST {
            true => Ok(Self {
                version,
                number,
                has_raw_texts: encoding == "SQL_ASCII",
            }),
            false => Err(WireError::Login(format!(
                "PostgreSQL {version} is too old; 14 or later is needed"
            ))),
        }
    }

    fn begin(&self) -> String {
        let lasting = match self.number >= ENDS_TRANSACTIONS {
            true => "; SET LOCAL transaction_timeout = 0",
            false => "",
        };
        // such a server would break off a copy at the first text that is no UTF-8; its texts are checked here
        let raw = match self.has_raw_texts {
            true => "; SET LOCAL client_encoding = 'SQL_ASCII'",
            false => "",
        };
        format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS}{lasting}{raw}")
    }

    /// Begins a transaction that prints as all do, and sees whatever is there.
    pub(super) fn begin_any(&self, connection: &mut Connection) -> Result<()> {
        connection.query(&self.begin()).map(drop)
    }

    /// Begins a transaction that sees what another one does.
    pub(super) fn begin_at(&self, connection: &mut Connection, moment: &Moment) -> Result<()> {
        let begin = self.begin();
        let id = literal(&moment.id);
        connection
            .query(&format!("{begin}; SET TRANSACTION SNAPSHOT {id}"))
            .map(drop)
    }

    /// Begins a transaction whose moment others can share.
    pub(super) fn begin_shared(&self, connection: &mut Connection) -> Result<Moment> {
        const EXPORT: &str = "SELECT pg_export_snapshot(), pg_current_snapshot()::text, \
            CASE WHEN NOT pg_is_in_recovery() THEN '' \
              WHEN pg_last_xact_replay_timestamp() IS NULL THEN ' on a replica that has replayed no commit' \
              ELSE format(' on a replica, whose last commit is of %s, %s s before', \
                pg_last_xact_replay_timestamp(), \
                extract(epoch FROM now() - pg_last_xact_replay_timestamp())::bigint) END";
        self.begin_any(connection)?;
        let [id, snapshot, replica] = row(connection, EXPORT)?;
        let version = &self.version;
        Ok(Moment {
            id,
            description: format!("postgres {version} snapshot {snapshot}{replica}"),
        })
    }
}

/// The cells of a query's only row.
fn row<const N: usize>(connection: &mut Connection, sql: &str) -> Result<[String; N]> {
    let row = connection
        .query(sql)?
        .into_iter()
        .next()
        .unwrap_or_default();
    let cells: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
    <[String; N]>::try_from(cells).map_err(|_| WireError::Protocol("a row of another length"))
}
