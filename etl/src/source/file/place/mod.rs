//! Where the files of a source are: a folder of this machine, or an object store.

mod connect;
mod folder;
mod store;
mod wait;

use std::fs::File;
use std::io;

use planisphere_schemas::settings::SourceSettings;
use url::Url;

use crate::error::{Error, Result};
use crate::source::{Fault, Stop};

use super::fault::Named;

pub(super) use folder::state_of;

/// Takes the bytes of a file, one piece after the other.
pub(super) type Take<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file, with what tells this state of it from others.
    File(String),
    /// A folder.
    Folder,
}

/// Files by their names, which are relative to the place and have `/` between folders.
pub(super) trait Place: Send + Sync {
    /// The place for people, without secrets.
    fn shown(&self) -> String;

    /// True if files have to be kept somewhere to be read again.
    fn is_remote(&self) -> bool;

    /// Checks that the place is there.
    ///
    /// # Errors
    /// A [`Fault`] that says why not.
    fn check(&self, source: &str) -> Result<(), Fault>;

    /// What stands under a name.
    ///
    /// # Errors
    /// A [`Fault`] if the place does not say.
    fn find(&self, named: &Named, stop: &Stop) -> Result<Option<Entry>, Fault>;

    /// The names of the files in a folder, with those in folders below it if `deep`.
    ///
    /// # Errors
    /// A [`Fault`] if the place does not say.
    fn names(&self, folder: &Named, deep: bool, stop: &Stop) -> Result<Vec<String>, Fault>;

    /// Hands over the bytes of a file that is still in that state. Returns the file if it can be read again here.
    ///
    /// # Errors
    /// A [`Fault`]; [`Remedy::Anew`](crate::source::Remedy::Anew) if the file changed.
    fn fetch(
        &self,
        named: &Named,
        state: &str,
        stop: &Stop,
        take: &mut Take<'_>,
    ) -> Result<Option<File>, Fault>;
}

/// True for URLs of places; what is no URL is a folder.
pub(in crate::source) fn knows(url: &str) -> bool {
    url.starts_with(FILE_URL) || connect::knows(url)
}

const FILE_URL: &str = "file://";

/// The place that a URL means.
///
/// # Errors
/// [`Error::SourceUrl`] if it means none.
pub(super) fn place(source: &str, settings: &SourceSettings) -> Result<Box<dyn Place>> {
    let url = settings.url.expose();
    if connect::knows(url) {
        return Ok(Box::new(connect::store(source, settings)?));
    }
    if !url.starts_with(FILE_URL) {
        return Ok(Box::new(folder::Folder::new(url.into())));
    }
    let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
    match path {
        Some(path) => Ok(Box::new(folder::Folder::new(path))),
        None => Err(Error::SourceUrl {
            source_name: source.to_owned(),
            reason: "a file URL needs an absolute path and no host".into(),
        }),
    }
}
