//! An object store: S3, Google Cloud Storage, Azure, or a web server.

use std::fs::File;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Handle;

use crate::error::{Error, Result};
use crate::source::{Fault, Remedy, Stop};

use super::super::fault::Named;
use super::connect::Options;
use super::wait::wait;
use super::{Entry, Place, Take};

/// A place in an object store.
pub(super) struct Store {
    /// The URL without user and password.
    pub(super) shown: String,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) root: Path,
    pub(super) options: Options,
    pub(super) runtime: Handle,
    /// False for web servers, which do not tell what they have.
    pub(super) lists: bool,
}

impl Place for Store {
    fn shown(&self) -> String {
        self.shown.clone()
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn check(&self, _source: &str) -> Result<(), Fault> {
        // stores have no folders that could be missing
        Ok(())
    }

    fn find(&self, named: &Named, stop: &Stop) -> Result<Option<Entry>, Fault> {
        let path = self.path(named)?;
        match wait(&self.runtime, named, stop, self.store.head(&path))? {
            Ok(object) => return Ok(Some(Entry::File(state_of(&object)))),
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(self.failed(named, &error)),
        }
        if !self.lists {
            return Ok(None);
        }
        let mut below = self.store.list(Some(&path));
        match wait(&self.runtime, named, stop, below.next())? {
            Some(Ok(_)) => Ok(Some(Entry::Folder)),
            Some(Err(error)) => Err(self.failed(named, &error)),
            None => Ok(None),
        }
    }

    fn names(&self, folder: &Named, deep: bool, stop: &Stop) -> Result<Vec<String>, Fault> {
        if !self.lists {
            return Ok(Vec::new());
        }
        let path = self.path(folder)?;
        let failed = |error| self.failed(folder, &error);
        let objects = if deep {
            let mut coming = self.store.list(Some(&path));
            let mut objects = Vec::new();
            // each answer of the store holds up to a thousand
            while let Some(object) =
                wait(&self.runtime, folder, stop, coming.try_next())?.map_err(failed)?
            {
                objects.push(object);
            }
            objects
        } else {
            let listed = self.store.list_with_delimiter(Some(&path));
            wait(&self.runtime, folder, stop, listed)?
                .map_err(failed)?
                .objects
        };
        let names = objects
            .iter()
            .filter_map(|object| self.name(&object.location));
        Ok(names.collect())
    }

    fn fetch(
        &self,
        named: &Named,
        state: &str,
        stop: &Stop,
        take: &mut Take<'_>,
    ) -> Result<Option<File>, Fault> {
        let path = self.path(named)?;
        let found = match wait(&self.runtime, named, stop, self.store.get(&path))? {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Err(named.changed()),
            Err(error) => return Err(self.failed(named, &error)),
        };
        if state_of(&found.meta) != state {
            return Err(named.changed());
        }
        let size = found.meta.size;
        let mut coming = found.into_stream();
        let mut length = 0;
        while let Some(bytes) = wait(&self.runtime, named, stop, coming.next())? {
            let bytes = bytes.map_err(|error| self.failed(named, &error))?;
            length += bytes.len() as u64;
            take(&bytes).map_err(|error| named.failed(error))?;
        }
        if length != size {
            let reason = format!("the store sent {length} of {size} bytes");
            return Err(Remedy::Again.against(named.read(reason)));
        }
        Ok(None)
    }
}

impl Store {
    fn path(&self, named: &Named) -> Result<Path, Fault> {
        let parts = [self.root.as_ref(), &named.file];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Path::parse(parts.join("/")).map_err(|error| {
            let hint = "name the object as its store does";
            named.content(format!("it is no name of an object: {error}"), hint)
        })
    }

    /// The name of an object, relative to the place.
    fn name(&self, location: &Path) -> Option<String> {
        let parts = location.prefix_match(&self.root)?;
        let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
        Some(parts.join("/"))
    }

    fn failed(&self, named: &Named, error: &StoreError) -> Fault {
        let reason = self.options.without_secrets(&error.to_string());
        match error {
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                let hint = "check the credentials and what they may read: in the environment, or in the source's password_file, as docs/sources.md says";
                named.content(reason, hint)
            }
            StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
                Fault::from(named.read(reason))
            }
            _ => Remedy::Soon.against(Error::SourceUnreachable {
                source_name: named.source.clone(),
                reason: format!("{} of {}: {reason}", named.file, self.shown),
            }),
        }
    }
}

/// What tells this state of an object from others: the store's own tag where it has one.
fn state_of(object: &ObjectMeta) -> String {
    let tag = match (&object.e_tag, &object.version) {
        (Some(tag), _) | (None, Some(tag)) => tag.clone(),
        (None, None) => object.last_modified.to_rfc3339(),
    };
    format!("{tag}/{}", object.size)
}
