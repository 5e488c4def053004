//! A warehouse by its URL: a folder or a store in memory, with an injected object store where a test wants one.

use std::path::Path as FilePath;
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::{Position, Url};

use crate::{Error, Result};

/// A warehouse: a URL and the object store behind it. Cheap to clone, nothing is read until asked for.
///
/// ```no_run
/// # async fn example() -> planisphere_schemas::Result<()> {
/// use planisphere_schemas::warehouse::Warehouse;
/// let warehouse = Warehouse::connect("/srv/warehouse")?;
/// let pinned = warehouse.open(None).await?;
/// for table in pinned.tables() {
///     println!("{} {}", table.name(), table.entry().row_count);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Warehouse {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: Url,
    store: Arc<dyn ObjectStore>,
    store_url: ObjectStoreUrl,
    root: Path,
}

impl Warehouse {
    /// Connects to a warehouse by a folder, a `file://` URL, or `memory://` (a new, empty store each time).
    ///
    /// A relative folder resolves from the working directory; the settings file resolves its own beforehand.
    ///
    /// # Errors
    /// [`Error::WarehouseUrl`] if the URL cannot be understood.
    pub fn connect(url: &str) -> Result<Self> {
        let location = directory_url(url)?;
        let store: Arc<dyn ObjectStore> = match location.scheme() {
            "file" => Arc::new(LocalFileSystem::new()),
            "memory" => Arc::new(InMemory::new()),
            scheme => {
                let reason = format!("object stores of scheme '{scheme}' are not built in");
                return Err(unusable(url, reason));
            }
        };
        Self::over(location, store)
    }

    /// Connects over a given object store, whose root is the root of the URL's host: the path of the URL
    /// is the folder of the warehouse within it.
    ///
    /// # Errors
    /// [`Error::WarehouseUrl`] if the URL cannot be understood.
    pub fn with_store(url: &str, store: Arc<dyn ObjectStore>) -> Result<Self> {
        Self::over(directory_url(url)?, store)
    }

    fn over(url: Url, store: Arc<dyn ObjectStore>) -> Result<Self> {
        let root = Path::from_url_path(url.path())
            .map_err(|source| unusable(url.as_str(), source.to_string()))?;
        let store_url = ObjectStoreUrl::parse(&url[Position::BeforeScheme..Position::BeforePath])
            .map_err(|source| unusable(url.as_str(), source.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                url,
                store,
                store_url,
                root,
            }),
        })
    }

    /// The URL of the warehouse; it ends with a slash.
    pub fn url(&self) -> &Url {
        &self.inner.url
    }

    /// The object store, whose root is the root of the URL's host.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.inner.store
    }

    /// The URL under which DataFusion finds the object store.
    pub fn store_url(&self) -> &ObjectStoreUrl {
        &self.inner.store_url
    }

    /// The place in the object store of something named relative to the warehouse.
    pub fn object_path(&self, relative: &str) -> Path {
        relative
            .split('/')
            .filter(|part| !part.is_empty())
            .fold(self.inner.root.clone(), |path, part| path.join(part))
    }

    /// The name, relative to the warehouse, of a place in the object store.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path
            .prefix_match(&self.inner.root)?
            .map(|part| part.as_ref().to_owned())
            .collect();
        Some(parts.join("/"))
    }

    /// Makes the object store known to a DataFusion runtime, under its URL.
    pub fn register_store(&self, runtime: &RuntimeEnv) {
        runtime.register_object_store(self.inner.store_url.as_ref(), Arc::clone(&self.inner.store));
    }

    /// The Delta log of the table in that folder, which need not exist yet.
    ///
    /// # Errors
    /// [`Error::WarehouseUrl`] if the folder's name cannot be part of a URL.
    pub fn log_store(&self, folder: &str) -> Result<LogStoreRef> {
        let location = self
            .inner
            .url
            .join(&format!("{folder}/"))
            .map_err(|source| unusable(self.inner.url.as_str(), source.to_string()))?;
        let root = Arc::clone(&self.inner.store);
        let table = Arc::new(PrefixStore::new(
            Arc::clone(&root),
            self.object_path(folder),
        ));
        Ok(default_logstore(
            table,
            root,
            &location,
            &StorageConfig::default(),
        ))
    }
}

/// The URL of a folder, ending with a slash and without dot segments.
fn directory_url(text: &str) -> Result<Url> {
    let url = match text.split_once("://") {
        Some(_) => Url::parse(text).map_err(|source| unusable(text, source.to_string()))?,
        None => folder_url(text)?,
    };
    if url.scheme() == "file" && url.to_file_path().is_err() {
        return Err(unusable(
            text,
            "a file URL needs an absolute path and no host".into(),
        ));
    }
    let slash = if url.path().ends_with('/') { "" } else { "/" };
    // parsing again takes out dot segments that came from a path
    Url::parse(&format!("{url}{slash}")).map_err(|source| unusable(text, source.to_string()))
}

fn folder_url(text: &str) -> Result<Url> {
    if text.is_empty() {
        return Err(unusable(text, "it is empty".into()));
    }
    let absolute = std::path::absolute(FilePath::new(text))
        .map_err(|source| unusable(text, source.to_string()))?;
    Url::from_directory_path(&absolute)
        .map_err(|()| unusable(text, "the folder has no absolute path".into()))
}

/// The error, with user name and password taken out of the URL.
fn unusable(url: &str, reason: String) -> Error {
    let url = match Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() || !parsed.username().is_empty() => {
            // both fail only for URLs that cannot hold a user name
            let _ = parsed.set_password(None);
            let _ = parsed.set_username("");
            parsed.to_string()
        }
        _ => url.to_owned(),
    };
    Error::WarehouseUrl { url, reason }
}
