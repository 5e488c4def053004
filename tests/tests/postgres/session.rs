//! A session on a server, statement by statement, and waiting until something is so.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use planisphere_tests::programs::PATIENCE;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// One connection; it is closed when it is dropped.
pub(crate) struct Session {
    client: Client,
    runtime: Runtime,
}

impl Session {
    /// Connects.
    pub(crate) fn open(url: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        // the connection's end is seen by whoever asks next
        runtime.spawn(connection);
        Ok(Self { client, runtime })
    }

    /// Runs statements.
    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        let done = self.runtime.block_on(self.client.batch_execute(sql));
        done.with_context(|| sql.to_owned())
    }

    /// The rows of a statement, as the server prints them; null is `None`.
    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let messages = answer.with_context(|| sql.to_owned())?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let cells = rows.map(|row| {
            let cell = |at| row.get(at).map(str::to_owned);
            (0..row.len()).map(cell).collect()
        });
        Ok(cells.collect())
    }

    /// The one value of a statement.
    pub(crate) fn value(&self, sql: &str) -> Result<String> {
        let rows = self.rows(sql)?;
        let value = rows.first().and_then(|row| row.first()?.clone());
        value.with_context(|| format!("no value: {sql}"))
    }

    /// Asks again and again until a statement's value is true.
    pub(crate) fn wait_until(&self, sql: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.value(sql)? != "t" {
            if Instant::now() > deadline {
                bail!("not so after {PATIENCE:?}: {sql}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}
