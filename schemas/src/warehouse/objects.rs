//! Whole objects of a warehouse: manifests, records of loads, staging packages.
//!
//! Names are relative to the warehouse. Not responsible for Parquet or Delta.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions};

use super::connect::Warehouse;
use super::ids::WarehouseVersion;
use super::layout::{VERSIONS, manifest_path, version_of_manifest};
use super::manifest::Manifest;
use crate::{Error, Result};

impl Warehouse {
    /// Publishes a version by putting its manifest if none is there yet.
    ///
    /// This is the one atomic step of a load: before it nothing has happened, after it everything has.
    ///
    /// # Errors
    /// [`Error::AlreadyPublished`] if the version exists, [`Error::Store`] if the put fails.
    pub async fn put_manifest(&self, manifest: &Manifest) -> Result<()> {
        let path = manifest_path(manifest.version);
        let bytes = serde_json::to_vec_pretty(manifest).map_err(|source| Error::Malformed {
            path: path.clone(),
            reason: source.to_string(),
        })?;
        if self.put_object_if_absent(&path, bytes.into()).await? {
            return Ok(());
        }
        Err(Error::AlreadyPublished {
            version: manifest.version.0,
        })
    }

    /// The manifest of a version.
    ///
    /// # Errors
    /// [`Error::NoVersion`] if it was never published, [`Error::NewerFormat`], [`Error::Malformed`].
    pub async fn manifest(&self, version: WarehouseVersion) -> Result<Manifest> {
        let path = manifest_path(version);
        match self.get_object(&path).await? {
            Some(bytes) => Manifest::parse(&path, &bytes),
            None => Err(self.no_version(Some(version))),
        }
    }

    /// The number of the latest published version; `None` before the first.
    ///
    /// # Errors
    /// [`Error::Store`] if the listing fails.
    pub async fn latest_version(&self) -> Result<Option<WarehouseVersion>> {
        Ok(self.version_numbers().await?.into_iter().max())
    }

    /// The manifests of all published versions, ascending.
    ///
    /// # Errors
    /// [`Error::Store`] if the store fails, and what [`Manifest::parse`] returns.
    pub async fn versions(&self) -> Result<Vec<Manifest>> {
        let mut manifests = Vec::new();
        for version in self.version_numbers().await? {
            manifests.push(self.manifest(version).await?);
        }
        Ok(manifests)
    }

    async fn version_numbers(&self) -> Result<Vec<WarehouseVersion>> {
        let names = self.list(VERSIONS).await?;
        let mut versions: Vec<_> = names
            .iter()
            .filter_map(|n| version_of_manifest(n))
            .collect();
        versions.sort_unstable();
        Ok(versions)
    }

    pub(crate) fn no_version(&self, version: Option<WarehouseVersion>) -> Error {
        Error::NoVersion {
            url: self.url().to_string(),
            version: version.map(|v| v.0),
        }
    }

    /// Writes an object, in place of one that is there already.
    ///
    /// # Errors
    /// [`Error::Store`] if the put fails.
    pub async fn put_object(&self, name: &str, bytes: Bytes) -> Result<()> {
        let path = self.object_path(name);
        self.store()
            .put(&path, bytes.into())
            .await
            .map_err(failed(format!("writing {path}")))?;
        Ok(())
    }

    /// Writes an object unless one is there already; says whether it was written.
    ///
    /// # Errors
    /// [`Error::Store`] if the put fails for any other reason.
    pub async fn put_object_if_absent(&self, name: &str, bytes: Bytes) -> Result<bool> {
        let path = self.object_path(name);
        let options = PutOptions::from(PutMode::Create);
        match self.store().put_opts(&path, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(failed(format!("writing {path}"))(source)),
        }
    }

    /// Reads an object; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`Error::Store`] if the get fails.
    pub async fn get_object(&self, name: &str) -> Result<Option<Bytes>> {
        let path = self.object_path(name);
        let found = match self.store().get(&path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(failed(format!("reading {path}"))(source)),
        };
        let bytes = found
            .bytes()
            .await
            .map_err(failed(format!("reading {path}")))?;
        Ok(Some(bytes))
    }

    /// The names of all objects below a folder, in order of name.
    ///
    /// # Errors
    /// [`Error::Store`] if the listing fails.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.object_path(folder);
        let objects: Vec<_> = self
            .store()
            .list(Some(&path))
            .try_collect()
            .await
            .map_err(failed(format!("listing {path}")))?;
        let mut names: Vec<_> = objects
            .iter()
            .filter_map(|object| self.relative(&object.location))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Store`] if the delete fails.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let path = self.object_path(name);
        match self.store().delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(failed(format!("deleting {path}"))(source)),
        }
    }
}

fn failed(doing: String) -> impl FnOnce(object_store::Error) -> Error {
    move |source| Error::Store { doing, source }
}
