//! Where a demo database is written: a SQLite file or a PostgreSQL database.

mod copy_text;
mod diff;
mod postgres;
mod postgres_sql;
mod sqlite;
mod sqlite_sql;

#[cfg(test)]
pub(crate) use diff::copy_line;

use super::dirt::Tally;
use super::error::DemoError;
use super::state::State;
use super::summary::TableSummary;
use super::world::Params;
use std::path::PathBuf;

/// What a target did: where the database stands now, what happened to each table, the dirt in it.
pub(crate) type Done = (State, Vec<TableSummary>, Tally);

/// A database to write to.
#[derive(Debug)]
pub(crate) enum Target {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<tokio_postgres::Config>),
}

impl Target {
    /// Reads a URL: `sqlite:PATH`, `sqlite://PATH` or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, DemoError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" | ":memory:" => Err(refused(url, "it names no file")),
                path if path.ends_with('/') => Err(refused(url, "it names a folder")),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let config: tokio_postgres::Config = url
                .parse()
                .map_err(|_| refused(url, "it is no postgres URL"))?;
            return if config.get_dbname().is_none() {
                Err(refused(url, "it names no database"))
            } else {
                Ok(Self::Postgres(Box::new(config)))
            };
        }
        Err(refused(url, "only sqlite: and postgres: are known"))
    }

    /// The URL without its password.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(config) => postgres::redacted(config),
        }
    }

    /// Creates the database, replacing a demo database that stands there.
    pub(crate) async fn create(&self, params: Params) -> Result<Done, DemoError> {
        match self {
            Self::Sqlite(path) => {
                let path = path.clone();
                blocking(move || sqlite::create(&path, params)).await
            }
            Self::Postgres(config) => Box::pin(postgres::create(config, params)).await,
        }
    }

    /// Moves the database forward.
    pub(crate) async fn advance(&self, days: u32) -> Result<Done, DemoError> {
        match self {
            Self::Sqlite(path) => {
                let path = path.clone();
                blocking(move || sqlite::advance(&path, days)).await
            }
            Self::Postgres(config) => Box::pin(postgres::advance(config, days)).await,
        }
    }
}

/// Runs work that computes or waits for a disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DemoError> + Send + 'static,
) -> Result<T, DemoError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(source) => Err(DemoError::Stopped { source }),
    }
}

/// The refusal of a URL; what may be a password in it is not repeated.
fn refused(url: &str, reason: &str) -> DemoError {
    let shown = match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            format!("{}…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    };
    DemoError::Url {
        url: shown,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn urls_name_files_and_databases() {
        for (url, shown) in [
            ("sqlite:demo/crm.db", "sqlite:demo/crm.db"),
            ("sqlite://demo/crm.db", "sqlite:demo/crm.db"),
            ("sqlite:///tmp/crm.db", "sqlite:/tmp/crm.db"),
            (
                "postgres://crm:secret@db:5433/x",
                "postgres://crm@db:5433/x",
            ),
        ] {
            assert_eq!(Target::parse(url).unwrap().url(), shown);
        }
    }

    #[test]
    fn other_urls_are_refused_without_their_password() {
        for url in [
            "",
            "crm.db",
            "sqlite:",
            "sqlite:x/",
            "mysql://a:secret@b/c",
            "postgres://a:secret@b",
        ] {
            let error = Target::parse(url).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
            assert!(error.hint().is_some());
        }
    }
}
