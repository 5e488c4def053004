//! The demo CRM as its users meet it: real SQLite files, looked at with SQL.

#![expect(clippy::unwrap_used, reason = "tests")]

mod advance;
mod behaviour;
mod consistency;
mod documented;
mod refusal;
mod reproducible;

use super::{DemoSourceArgs, DemoSummary, TableSummary, run};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A demo database in a folder that goes with it.
struct Demo {
    folder: TempDir,
    summary: DemoSummary,
}

/// The flags of a small demo database at a path.
fn small(path: &Path) -> DemoSourceArgs {
    DemoSourceArgs {
        customers: 400,
        months: 8,
        ..DemoSourceArgs::new(format!("sqlite:{}", path.display()))
    }
}

impl Demo {
    /// Makes a small demo database.
    async fn make() -> Self {
        Self::make_with(|_| ()).await
    }

    /// Makes a small demo database with other flags.
    async fn make_with(change: impl FnOnce(&mut DemoSourceArgs)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut args = small(&folder.path().join("crm.db"));
        change(&mut args);
        let summary = run(&args).await.unwrap();
        Self { folder, summary }
    }

    /// Moves it forward.
    async fn advance(&mut self, days: u32) {
        let args = DemoSourceArgs {
            advance_days: Some(days),
            ..small(&self.path())
        };
        self.summary = run(&args).await.unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("crm.db")
    }

    fn open(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// What happened to a table.
    fn table(&self, name: &str) -> TableSummary {
        *self
            .summary
            .tables
            .iter()
            .find(|table| table.name == name)
            .unwrap()
    }

    /// How many rows a kind of dirt has.
    fn dirt(&self, kind: &str) -> i64 {
        let found = self.summary.dirt.iter().find(|dirt| dirt.kind == kind);
        found.unwrap().rows.cast_signed()
    }
}

/// The number that a query answers.
fn number(connection: &Connection, sql: &str) -> i64 {
    let answer = connection.query_row(sql, [], |row| row.get(0));
    answer.unwrap_or_else(|error| unreachable!("{sql}: {error}"))
}

/// A hash of every row of every table; what the database remembers of its making is left out.
fn content_hash(connection: &Connection, summary: &DemoSummary) -> String {
    let mut hash = Sha256::new();
    for table in &summary.tables {
        hash.update(table.name);
        let sql = format!("SELECT * FROM {} ORDER BY 1, 2", table.name);
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let value: rusqlite::types::Value = row.get(column).unwrap();
                hash.update(format!("{value:?}|"));
            }
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
