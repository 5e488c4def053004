//! URLs of object stores, and what else is needed to reach them: from the environment, or from the file that the
//! settings name. Nothing of it is ever shown.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use planisphere_schemas::settings::SourceSettings;
use tokio::runtime::Handle;
use url::Url;

use crate::error::{Error, Result};

use super::store::Store;

/// The scheme of a URL, and how the options of its store begin.
const SCHEMES: [(&str, &str); 9] = [
    ("s3", "aws_"),
    ("s3a", "aws_"),
    ("gs", "google_"),
    ("az", "azure_"),
    ("azure", "azure_"),
    ("abfs", "azure_"),
    ("abfss", "azure_"),
    ("http", "http_"),
    ("https", "http_"),
];

/// True for URLs of object stores.
pub(super) fn knows(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    SCHEMES.iter().any(|(known, _)| Some(*known) == scheme)
}

/// Options of a store by their names.
pub(super) struct Options(Vec<(String, String)>);

/// The store at a source's URL.
///
/// # Errors
/// [`Error::SourceUrl`] if the URL or an option cannot be understood, [`Error::PasswordFile`].
pub(super) fn store(source: &str, settings: &SourceSettings) -> Result<Store> {
    let unusable = |reason: String| Error::SourceUrl {
        source_name: source.to_owned(),
        reason,
    };
    let url = Url::parse(settings.url.expose()).map_err(|error| unusable(error.to_string()))?;
    let file = settings.password_file.as_deref();
    let options = Options::read(source, &url, file)?;
    let shown = shown(&url);
    let failed = |error: object_store::Error| {
        unusable(format!(
            "{shown}: {}",
            options.without_secrets(&error.to_string())
        ))
    };
    let lists = !url.scheme().starts_with("http");
    let store = options.build(&url).map_err(failed)?;
    // of a web server the path of the URL is part of the store
    let path = if lists { url.path() } else { "" };
    let root = Path::from_url_path(path).map_err(|error| unusable(error.to_string()))?;
    let runtime = Handle::try_current().map_err(|_| Error::Task {
        doing: "connecting to an object store",
    })?;
    Ok(Store {
        store,
        root,
        runtime,
        lists,
        shown,
        options,
    })
}

/// A URL without user, password and query.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    // both fail only for URLs that cannot hold a user name
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.to_string()
}

impl Options {
    /// Those of the environment, such as `AWS_REGION`; over them those of a file, one `NAME=value` a line.
    fn read(source: &str, url: &Url, file: Option<&FilePath>) -> Result<Self> {
        let known = SCHEMES.iter().find(|(scheme, _)| *scheme == url.scheme());
        let begin = known.map_or("", |(_, begin)| *begin);
        let mut options: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name.starts_with(begin))
            .collect();
        if let Some(path) = file {
            let text =
                std::fs::read_to_string(path).map_err(|source_error| Error::PasswordFile {
                    source_name: source.to_owned(),
                    path: path.display().to_string(),
                    source: source_error,
                })?;
            let lines = text.lines().filter_map(|line| line.split_once('='));
            let option = |(name, value): (&str, &str)| {
                (name.trim().to_ascii_lowercase(), value.trim().to_owned())
            };
            options.extend(lines.map(option));
        }
        if let Some(password) = url.password() {
            options.push(("http_password".into(), password.to_owned()));
        }
        // a query may be a signature or a token
        if let Some(query) = url.query() {
            options.push(("http_token".into(), query.to_owned()));
        }
        Ok(Self(options))
    }

    fn build(&self, url: &Url) -> object_store::Result<Arc<dyn ObjectStore>> {
        // a file is as large as it is: what limits the wait is that nothing comes any more
        const A_DAY: &str = "86400 seconds";
        let timeout = ("timeout".to_owned(), A_DAY.to_owned());
        let options = || std::iter::once(&timeout).chain(&self.0);
        Ok(match url.scheme() {
            "s3" | "s3a" => {
                let builder = options().fold(
                    AmazonS3Builder::new().with_url(url.as_str()),
                    |builder, (name, value)| match name.parse() {
                        Ok(name) => builder.with_config(name, value),
                        Err(_) => builder,
                    },
                );
                Arc::new(builder.with_retry(retry()).build()?)
            }
            "gs" => {
                let builder = options().fold(
                    GoogleCloudStorageBuilder::new().with_url(url.as_str()),
                    |builder, (name, value)| match name.parse() {
                        Ok(name) => builder.with_config(name, value),
                        Err(_) => builder,
                    },
                );
                Arc::new(builder.with_retry(retry()).build()?)
            }
            "http" | "https" => {
                let mut builder = HttpBuilder::new()
                    .with_url(url.as_str())
                    .with_retry(retry());
                let allow_http = ("http_allow_http".to_owned(), "true".to_owned());
                for (name, value) in options().chain([&allow_http]) {
                    if let Ok(name) = name.trim_start_matches("http_").parse() {
                        builder = builder.with_config(name, value);
                    }
                }
                Arc::new(builder.build()?)
            }
            _ => {
                let builder = options().fold(
                    MicrosoftAzureBuilder::new().with_url(url.as_str()),
                    |builder, (name, value)| match name.parse() {
                        Ok(name) => builder.with_config(name, value),
                        Err(_) => builder,
                    },
                );
                Arc::new(builder.with_retry(retry()).build()?)
            }
        })
    }

    /// A message without the values of options that are secret.
    pub(super) fn without_secrets(&self, message: &str) -> String {
        const SECRET: [&str; 6] = ["key", "secret", "token", "password", "sas", "credential"];
        let is_secret = |name: &str| SECRET.iter().any(|word| name.contains(word));
        let secrets = self
            .0
            .iter()
            .filter(|(name, value)| is_secret(name) && value.len() > 3);
        secrets.fold(message.to_owned(), |text, (_, secret)| {
            text.replace(secret, "***")
        })
    }
}

/// Soon over: what helps in the long run is tried by the crew of readers.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::from_secs(5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let options = [
            ("aws_secret_access_key", "hunter2hunter2"),
            ("aws_region", "eu-west-1"),
        ];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = Options(options.to_vec());
        let said = options.without_secrets("no hunter2hunter2 in eu-west-1");
        assert_eq!(said, "no *** in eu-west-1");
        let url = Url::parse("https://me:hunter2@host/folder?sig=hunter2");
        assert_eq!(
            url.map(|url| shown(&url)).ok().as_deref(),
            Some("https://host/folder")
        );
    }

    #[test]
    fn stores_are_known_by_their_schemes() {
        for url in [
            "s3://b/p",
            "gs://b",
            "az://c/p",
            "abfss://c@a.dfs.core.windows.net/p",
            "https://h/p",
        ] {
            assert!(knows(url), "{url}");
        }
        for url in ["ftp://h", "sqlite:x", "folder", "s3:/x"] {
            assert!(!knows(url), "{url}");
        }
    }
}
