//! The bytes of one file: fetched once to hash them, then read again as rows.
//!
//! Rows carry the hash of their file, so it has to be known before the first row. Small files are kept in memory
//! between the two readings. A large one of this machine is read twice, and what is read the second time must hash to
//! the same; one of an object store is kept in a temporary file, which nobody else knows.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::rc::Rc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::source::{Fault, Stop};

use super::fault::Named;
use super::place::{Place, state_of};

/// Files up to this size are kept in memory.
const SMALL: usize = 8 << 20;

/// A file that was hashed.
pub(super) struct FileBytes {
    /// The first 16 bytes of its SHA-256, in hexadecimal.
    pub(super) hash: String,
    kept: Kept,
}

enum Kept {
    Memory(Bytes),
    Spooled(File),
    InPlace(InPlace),
}

/// A file that others may change while it is read.
struct InPlace {
    file: File,
    state: String,
    digest: [u8; 32],
    second: Rc<RefCell<Sha256>>,
}

impl FileBytes {
    /// Fetches and hashes a file that is still in that state.
    ///
    /// # Errors
    /// As [`Place::fetch`].
    pub(super) fn fetch(
        place: &dyn Place,
        named: &Named,
        state: &str,
        stop: &Stop,
    ) -> Result<Self, Fault> {
        let mut first = First::new(place.is_remote());
        let file = place.fetch(named, state, stop, &mut |bytes| first.take(bytes))?;
        let digest: [u8; 32] = first.digest.finalize().into();
        let kept = match (first.small, first.spool, file) {
            (Some(small), ..) => Kept::Memory(small.into()),
            (None, Some(spool), _) => Kept::Spooled(spool),
            (None, None, Some(file)) => Kept::InPlace(InPlace {
                file,
                state: state.to_owned(),
                digest,
                second: Rc::default(),
            }),
            (None, None, None) => return Err(named.changed()),
        };
        let hash = digest[..16].iter().map(|byte| format!("{byte:02x}"));
        Ok(Self {
            hash: hash.collect(),
            kept,
        })
    }

    /// The bytes once more, from the first to the last.
    pub(super) fn read(&mut self) -> io::Result<Box<dyn Read>> {
        match &mut self.kept {
            Kept::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Kept::Spooled(file) => {
                file.rewind()?;
                Ok(Box::new(file.try_clone()?))
            }
            Kept::InPlace(InPlace { file, second, .. }) => {
                file.rewind()?;
                let (file, digest) = (file.try_clone()?, Rc::clone(second));
                Ok(Box::new(Watched { file, digest }))
            }
        }
    }

    /// The bytes for reading here and there.
    pub(super) fn random(&mut self) -> io::Result<Random> {
        Ok(match &self.kept {
            Kept::Memory(bytes) => Random::Memory(bytes.clone()),
            Kept::Spooled(file) | Kept::InPlace(InPlace { file, .. }) => {
                Random::File(file.try_clone()?)
            }
        })
    }

    /// True if all that was read is what was hashed; reads what is left. After [`FileBytes::random`] it reads all.
    pub(super) fn is_unchanged(&mut self, stop: &Stop) -> io::Result<bool> {
        let Kept::InPlace(InPlace {
            file,
            digest,
            second,
            ..
        }) = &mut self.kept
        else {
            return Ok(true);
        };
        let mut rest = Watched {
            file: file.try_clone()?,
            digest: Rc::clone(second),
        };
        let mut chunk = vec![0; 256 << 10];
        while rest.read(&mut chunk)? > 0 && !stop.asked() {}
        let found: [u8; 32] = second.take().finalize().into();
        Ok(found == *digest)
    }

    /// Back to the beginning, after the file was read here and there.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        match &mut self.kept {
            Kept::InPlace(InPlace { file, .. }) => file.rewind(),
            Kept::Memory(_) | Kept::Spooled(_) => Ok(()),
        }
    }

    /// True if somebody has written to the file since it was fetched.
    pub(super) fn was_written(&self) -> bool {
        match &self.kept {
            Kept::InPlace(InPlace { file, state, .. }) => file
                .metadata()
                .is_ok_and(|entry| state_of(&entry) != *state),
            Kept::Memory(_) | Kept::Spooled(_) => false,
        }
    }
}

/// Bytes that can be read here and there.
pub(super) enum Random {
    /// In memory.
    Memory(Bytes),
    /// In a file.
    File(File),
}

/// The first reading.
struct First {
    digest: Sha256,
    /// All bytes so far, while they are few.
    small: Option<Vec<u8>>,
    spools: bool,
    spool: Option<File>,
}

impl First {
    fn new(spools: bool) -> Self {
        Self {
            digest: Sha256::new(),
            small: Some(Vec::new()),
            spools,
            spool: None,
        }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        match &mut self.small {
            Some(small) if small.len() + bytes.len() <= SMALL => {
                small.extend_from_slice(bytes);
                return Ok(());
            }
            _ => {}
        }
        let small = self.small.take();
        if !self.spools {
            return Ok(());
        }
        let spool = match &mut self.spool {
            Some(spool) => spool,
            None => {
                let mut spool = tempfile::tempfile().map_err(no_room)?;
                spool
                    .write_all(&small.unwrap_or_default())
                    .map_err(no_room)?;
                self.spool.insert(spool)
            }
        };
        spool.write_all(bytes).map_err(no_room)
    }
}

fn no_room(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let reason = format!(
        "a copy of it cannot be kept in the temporary folder {}: {error}",
        folder.display()
    );
    let hint = "make room there for the largest files that are read at the same time, or set TMPDIR to another folder";
    super::fault::content(reason, hint)
}

/// A file whose bytes are hashed as they are read.
struct Watched {
    file: File,
    digest: Rc<RefCell<Sha256>>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.digest.borrow_mut().update(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::FileExt as _;

    use planisphere_schemas::settings::{Secret, SourceSettings};

    use super::super::place::{Entry, place};
    use super::*;

    fn folder() -> (tempfile::TempDir, Box<dyn Place>, Named) {
        let folder = tempfile::tempdir().unwrap();
        let settings = SourceSettings {
            url: Secret::new(folder.path().to_str().unwrap()),
            password_file: None,
        };
        let place = place("s", &settings).unwrap();
        let named = Named {
            source: "s".into(),
            file: "f".into(),
        };
        (folder, place, named)
    }

    fn state(place: &dyn Place, named: &Named) -> String {
        match place.find(named, &Stop::default()).unwrap() {
            Some(Entry::File(state)) => state,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_noticed() {
        let (folder, place, named) = folder();
        let path = folder.path().join("f");
        let stop = Stop::default();
        for size in [SMALL, SMALL + 1] {
            std::fs::write(&path, vec![b'a'; size]).unwrap();
            let now = state(place.as_ref(), &named);
            let mut bytes = FileBytes::fetch(place.as_ref(), &named, &now, &stop).unwrap();
            let mut read = Vec::new();
            bytes.read().unwrap().read_to_end(&mut read).unwrap();
            assert!(bytes.is_unchanged(&stop).unwrap());
            assert_eq!(read, vec![b'a'; size]);
            assert!(!bytes.was_written());

            let mut bytes = FileBytes::fetch(place.as_ref(), &named, &now, &stop).unwrap();
            let mut reader = bytes.read().unwrap();
            reader.read_exact(&mut vec![0; 1000]).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.write_all_at(b"b", size as u64 - 1).unwrap();
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            // what is kept in memory is what was hashed
            assert_eq!(bytes.is_unchanged(&stop).unwrap(), size == SMALL);
            assert_eq!(bytes.was_written(), size > SMALL);
            assert_eq!(rest.last(), Some(if size == SMALL { &b'a' } else { &b'b' }));

            // a file that is not any more what was planned is not even begun
            let fault = FileBytes::fetch(place.as_ref(), &named, &now, &stop)
                .err()
                .unwrap();
            assert_eq!(fault.remedy, crate::source::Remedy::Anew);
        }
    }

    #[test]
    fn a_file_that_was_replaced_is_read_as_it_was_opened() {
        let (folder, place, named) = folder();
        let path = folder.path().join("f");
        std::fs::write(&path, vec![b'a'; SMALL + 1]).unwrap();
        let stop = Stop::default();
        let now = state(place.as_ref(), &named);
        let mut bytes = FileBytes::fetch(place.as_ref(), &named, &now, &stop).unwrap();
        std::fs::write(folder.path().join("new"), b"b").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        let mut read = Vec::new();
        bytes.read().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), SMALL + 1);
        assert!(bytes.is_unchanged(&stop).unwrap());
    }
}
