//! The settings file `planisphere.toml`, shared by both programs.
//!
//! Each program parses the whole file; unknown fields are refused, all faults are reported at once.
//! `PLANISPHERE__SECTION__FIELD` in the environment replaces a field. Relative paths resolve from the
//! file's folder. Nothing else in the project reads the environment for settings.

mod decode;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::document::{Faults, Node, Place, Value, parse_toml};
use crate::error::{Error, Result};

/// A text that must not appear in logs, errors or debug output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself; only for the moment of its use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(***)")
    }
}

/// Everything in `planisphere.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The file that they were read from, for messages.
    pub file: PathBuf,
    /// `[warehouse]`.
    pub warehouse: WarehouseSettings,
    /// `[model]`.
    pub model: ModelSettings,
    /// `[etl]`.
    pub etl: EtlSettings,
    /// `[olap]`.
    pub olap: OlapSettings,
    /// `[source.<id>]`, one for each source of the model that is loaded.
    pub sources: BTreeMap<String, SourceSettings>,
}

/// Where the warehouse is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarehouseSettings {
    /// A folder (relative to the settings file) or an object store URL. Default `warehouse`.
    pub url: String,
}

/// Where the model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The folder with `model.yaml`. Default `schemas`.
    pub path: PathBuf,
}

/// How loads work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtlSettings {
    /// Rows of one Arrow batch. Default 8192.
    pub batch_rows: usize,
    /// Connections or threads that read one source at the same time. Default 2.
    pub readers: usize,
    /// Rows of one Parquet row group. Default 122880.
    pub row_group_rows: usize,
    /// Bytes of one row group of a staged file while it is written. Default 32 MiB.
    pub row_group_bytes: usize,
    /// How many small files of a table may follow one another before a load that changes it joins them; 0 for any number.
    /// Default 8.
    pub join_files: usize,
    /// How often a load says how far it is, in its log and in its record. Default 10 s.
    pub progress: Duration,
    /// Days for which staging packages are kept. Default 30.
    pub staging_days: u32,
    /// What rows on their way may take of the memory, in bytes; more of them go to temporary files. Default 1 GiB.
    pub memory_bytes: usize,
    /// Rejected rows, in parts per thousand of an entity's rows, above which a load does not publish. Default 50.
    pub reject_limit_permille: u32,
    /// Rows that vanished from the source, in parts per thousand of the rows that stood, above which a load does not
    /// publish; up to 20 rows may always vanish. Default 500.
    pub vanish_limit_permille: u32,
}

/// How the server works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlapSettings {
    /// Address and port. Default `127.0.0.1:50051`.
    pub listen: String,
    /// Allows a non-loopback address without TLS. Default false.
    pub insecure: bool,
    /// Memory for all running queries, in bytes. Default 2 GiB.
    pub memory_bytes: usize,
    /// The longest time a query may take. Default 60 s.
    pub query_timeout: Duration,
    /// The most rows a query may return. Default 1,000,000.
    pub row_limit: usize,
    /// How long running queries may go on after SIGTERM. Default 30 s.
    pub drain: Duration,
}

/// How one source is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// `sqlite:<path>`, `postgres://user@host/db`, or a folder of files. The URL may hold a password.
    pub url: Secret,
    /// A file that holds the password, so that the URL need not.
    pub password_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            file: "planisphere.toml".into(),
            warehouse: WarehouseSettings {
                url: "warehouse".into(),
            },
            model: ModelSettings {
                path: "schemas".into(),
            },
            etl: EtlSettings::default(),
            olap: OlapSettings::default(),
            sources: BTreeMap::new(),
        }
    }
}

impl Default for EtlSettings {
    fn default() -> Self {
        Self {
            batch_rows: 8192,
            readers: 2,
            row_group_rows: 122_880,
            row_group_bytes: 32 << 20,
            join_files: 8,
            progress: Duration::from_secs(10),
            staging_days: 30,
            memory_bytes: 1 << 30,
            reject_limit_permille: 50,
            vanish_limit_permille: 500,
        }
    }
}

impl Default for OlapSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:50051".into(),
            insecure: false,
            memory_bytes: 2 << 30,
            query_timeout: Duration::from_secs(60),
            row_limit: 1_000_000,
            drain: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Reads the file, lays the environment over it and resolves relative paths from the file's folder.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Faults`] with every fault otherwise.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: shown.clone(),
            source,
        })?;
        let mut settings = Self::parse(&shown, &text, std::env::vars())?;
        let folder = path.parent().unwrap_or(Path::new("."));
        settings.resolve_from(folder);
        path.clone_into(&mut settings.file);
        Ok(settings)
    }

    /// Parses the text of a settings file with an environment laid over it; paths stay as written.
    ///
    /// # Errors
    /// [`Error::Faults`] with every fault.
    pub fn parse(
        file: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let mut faults = Faults::default();
        let mut node = parse_toml(file, text, &mut faults);
        for (name, value) in environment {
            overlay(&mut node, &name, &value);
        }
        let settings = decode::settings(&node, &mut faults);
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            _ => Err(Error::Faults {
                faults: faults.sorted(),
            }),
        }
    }

    fn resolve_from(&mut self, folder: &Path) {
        if !self.warehouse.url.contains("://") {
            self.warehouse.url = folder.join(&self.warehouse.url).display().to_string();
        }
        self.model.path = folder.join(&self.model.path);
        for source in self.sources.values_mut() {
            source.resolve_from(folder);
        }
    }
}

impl SourceSettings {
    fn resolve_from(&mut self, folder: &Path) {
        let url = self.url.expose().to_owned();
        let resolved = match url.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", folder.join(path).display()),
            None if url.contains("://") => url,
            None => folder.join(url).display().to_string(),
        };
        self.url = Secret::new(resolved);
        self.password_file = self.password_file.take().map(|file| folder.join(file));
    }
}

/// `PLANISPHERE__OLAP__LISTEN=…` replaces `listen` in `[olap]`.
fn overlay(root: &mut Node, name: &str, value: &str) {
    let Some(path) = name.strip_prefix("PLANISPHERE__") else {
        return;
    };
    let path = path.to_ascii_lowercase();
    let place = Place::whole(&format!("environment {name}"));
    let mut node = root;
    for part in path.split("__") {
        node = entry(node, part, &place);
    }
    *node = Node {
        place,
        value: plain_value(value),
    };
}

/// The value under a key, created when missing.
fn entry<'n>(node: &'n mut Node, key: &str, place: &Place) -> &'n mut Node {
    let mut entries = match std::mem::replace(&mut node.value, Value::Null) {
        Value::Mapping(entries) => entries,
        _ => Vec::new(),
    };
    let name = Value::Text(key.to_owned());
    let known = entries.iter().position(|(known, _)| known.value == name);
    let position = known.unwrap_or(entries.len());
    if known.is_none() {
        let key = Node {
            place: place.clone(),
            value: name,
        };
        entries.push((
            key,
            Node {
                place: place.clone(),
                value: Value::Null,
            },
        ));
    }
    node.value = Value::Mapping(entries);
    match &mut node.value {
        Value::Mapping(entries) => &mut entries[position].1,
        _ => unreachable!("a mapping was put here a line above"),
    }
}

fn plain_value(text: &str) -> Value {
    match (text, text.parse::<i64>()) {
        ("true", _) => Value::Boolean(true),
        ("false", _) => Value::Boolean(false),
        (_, Ok(number)) => Value::Integer(number),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Settings> {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::parse("p.toml", text, environment)
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(parse("", &[]).unwrap(), Settings::default());
    }

    #[test]
    fn all_faults_are_reported_with_places() {
        let error = parse(
            "[warehous]\nurl = 'x'\n[olap]\nlisten = 5\nrow_limit = 'many'\nquery_timeout_seconds = 0\n[source.a]\n[source.b]\nurl = 1\n",
            &[],
        )
        .unwrap_err()
        .to_string();
        for part in [
            "p.toml:1:2: unknown field of the settings file 'warehous' (did you mean 'warehouse'?)",
            "p.toml:4:10: 'listen' is a text in quotes, not a whole number",
            "p.toml:5:13: a whole number is expected here, not a text",
            "p.toml:6:25: 'query_timeout_seconds' is from 1 to 86400",
            "p.toml:7:1: section [source.…] lacks 'url'",
            "p.toml:9:7: 'url' is a text in quotes, not a whole number",
        ] {
            assert!(error.contains(part), "{part}\nnot in\n{error}");
        }
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for wrong in ["here", ":50051", "127.0.0.1:", "127.0.0.1:70000"] {
            let error = parse(&format!("[olap]\nlisten = '{wrong}'\n"), &[]).unwrap_err();
            let expected = format!("p.toml:2:10: '{wrong}' is not an address:port");
            assert!(error.to_string().contains(&expected), "{error}");
        }
        for right in ["[::1]:0", "localhost:50051"] {
            let settings = parse(&format!("[olap]\nlisten = '{right}'\n"), &[]).unwrap();
            assert_eq!(settings.olap.listen, right);
        }
    }

    #[test]
    fn the_environment_replaces_fields() {
        let environment = [
            ("PLANISPHERE__OLAP__LISTEN", "127.0.0.1:0"),
            ("PLANISPHERE__OLAP__ROW_LIMIT", "7"),
            ("PLANISPHERE__SOURCE__CRM__URL", "sqlite:x.db"),
            ("PLANISPHERE__WAREHOUSE__URL", "2026"),
            ("HOME", "/"),
        ];
        let settings = parse("[olap]\nrow_limit = 9\n", &environment).unwrap();
        assert_eq!(settings.olap.listen, "127.0.0.1:0");
        assert_eq!(settings.olap.row_limit, 7);
        assert_eq!(settings.sources["crm"].url.expose(), "sqlite:x.db");
        assert_eq!(settings.warehouse.url, "2026");
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = parse("[source.a]\nurl = 'postgres://u:hunter2@h/d'\n", &[]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn paths_resolve_from_the_files_folder() {
        let mut settings = parse("[source.a]\nurl = 'sqlite:crm.db'\n", &[]).unwrap();
        settings.resolve_from(Path::new("/etc/p"));
        assert_eq!(settings.sources["a"].url.expose(), "sqlite:/etc/p/crm.db");
        assert_eq!(settings.warehouse.url, "/etc/p/warehouse");
        assert_eq!(settings.model.path, Path::new("/etc/p/schemas"));
    }
}
