//! A folder of this machine.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::source::{Fault, Stop};

use super::super::fault::Named;
use super::{Entry, Place, Take};

/// What is read at once.
const CHUNK: usize = 256 << 10;

/// A folder.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl Place for Folder {
    fn shown(&self) -> String {
        self.0.display().to_string()
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn check(&self, source: &str) -> Result<(), Fault> {
        let reason = match std::fs::metadata(&self.0) {
            Ok(entry) if entry.is_dir() => return Ok(()),
            Ok(_) => "it is not a folder".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(Fault::from(Error::SourceAbsent {
            source_name: source.to_owned(),
            reason: format!("{}: {reason}", self.0.display()),
        }))
    }

    fn find(&self, named: &Named, _stop: &Stop) -> Result<Option<Entry>, Fault> {
        match std::fs::metadata(self.0.join(&named.file)) {
            Ok(entry) if entry.is_dir() => Ok(Some(Entry::Folder)),
            Ok(entry) => Ok(Some(Entry::File(state_of(&entry)))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(named.failed(error)),
        }
    }

    fn names(&self, folder: &Named, deep: bool, _stop: &Stop) -> Result<Vec<String>, Fault> {
        let mut found = Vec::new();
        match collect(&self.0, Path::new(&folder.file), deep, &mut found) {
            Ok(()) => Ok(found),
            Err(error) if is_absent(&error) => Ok(Vec::new()),
            Err(error) => Err(folder.failed(error)),
        }
    }

    fn fetch(
        &self,
        named: &Named,
        state: &str,
        stop: &Stop,
        take: &mut Take<'_>,
    ) -> Result<Option<File>, Fault> {
        let failed = |error| named.failed(error);
        let mut file = match File::open(self.0.join(&named.file)) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Err(named.changed()),
            Err(error) => return Err(failed(error)),
        };
        let is_as_it_was = |file: &File| Ok(state_of(&file.metadata()?) == state);
        if !is_as_it_was(&file).map_err(failed)? {
            return Err(named.changed());
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            if stop.asked() {
                return Err(Error::Stopped { signal: "request" }.into());
            }
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => take(&chunk[..length]).map_err(failed)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        if !is_as_it_was(&file).map_err(failed)? {
            return Err(named.changed());
        }
        Ok(Some(file))
    }
}

/// What tells this state of a file from others: which file it is, how long, and when it was written.
pub(in crate::source::file) fn state_of(entry: &Metadata) -> String {
    if !entry.is_file() {
        // a named pipe changes by being read
        return entry.ino().to_string();
    }
    let (file, size) = (entry.ino(), entry.size());
    format!("{file}/{size}/{}.{:09}", entry.mtime(), entry.mtime_nsec())
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Folders are not followed through links, which may lead in circles; files are.
fn collect(root: &Path, folder: &Path, deep: bool, found: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if deep {
                collect(root, &name, deep, found)?;
            }
        } else if std::fs::metadata(entry.path()).is_ok_and(|entry| entry.is_file()) {
            found.extend(name.to_str().map(str::to_owned));
        }
    }
    Ok(())
}
