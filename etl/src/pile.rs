//! Texts or other bytes one behind the other, each found again by its place: in memory up to a number of bytes, what is more in a nameless
//! temporary file.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt as _;

use crate::spool::{Lease, Memory};

/// What is read of a text at first.
const SOME: usize = 256;
/// What the length of a text takes.
const LENGTH: usize = 4;

/// Takes texts.
pub(crate) struct Pile {
    memory: Memory,
    lease: Lease,
    /// Bytes that may wait even if the memory is full.
    least: usize,
    /// None before anything was written.
    file: Option<File>,
    written: u64,
    waiting: Vec<u8>,
}

impl Pile {
    /// No text; so many bytes may wait in any case.
    pub(crate) fn new(memory: &Memory, least: usize) -> Self {
        Self {
            memory: memory.clone(),
            lease: memory.lease(),
            least,
            file: None,
            written: 0,
            waiting: Vec::new(),
        }
    }

    /// Adds a text; returns its place.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written, or a text is too long.
    pub(crate) fn push(&mut self, text: impl AsRef<[u8]>) -> Result<u64> {
        let text = text.as_ref();
        let place = self.written + self.waiting.len() as u64;
        let length = u32::try_from(text.len());
        let length = length.map_err(|_| Error::from(ErrorKind::FileTooLarge))?;
        self.waiting.extend_from_slice(&length.to_le_bytes());
        self.waiting.extend_from_slice(text);
        // a vector that grows takes twice what it has
        if !self.lease.grow(2 * (LENGTH + text.len())) && self.waiting.len() > self.least {
            self.spill()?;
        }
        Ok(place)
    }

    fn spill(&mut self) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all_at(&self.waiting, self.written)?;
        self.written += self.waiting.len() as u64;
        self.waiting = Vec::new();
        self.lease = self.memory.lease();
        Ok(())
    }

    /// The text at a place.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(crate) fn text(&self, place: u64) -> Result<String> {
        String::from_utf8(self.bytes(place)?)
            .map_err(|error| Error::new(ErrorKind::InvalidData, error))
    }

    /// The bytes at a place.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(crate) fn bytes(&self, place: u64) -> Result<Vec<u8>> {
        let bytes = match (place.checked_sub(self.written), &self.file) {
            (Some(at), _) => {
                let bytes = usize::try_from(at)
                    .ok()
                    .and_then(|at| self.waiting.get(at..));
                let bytes = bytes.and_then(|bytes| bytes.get(LENGTH..LENGTH + length(bytes)?));
                bytes.map(<[u8]>::to_vec)
            }
            (None, Some(file)) => Some(self.read(file, place)?),
            (None, None) => None,
        };
        bytes.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))
    }

    fn read(&self, file: &File, place: u64) -> Result<Vec<u8>> {
        let left = usize::try_from(self.written - place).unwrap_or(usize::MAX);
        let mut bytes = vec![0; SOME.min(left)];
        file.read_exact_at(&mut bytes, place)?;
        let end = LENGTH + length(&bytes).unwrap_or_default();
        let read = bytes.len();
        bytes.resize(end, 0);
        if end > read {
            file.read_exact_at(&mut bytes[read..], place + read as u64)?;
        }
        bytes.drain(..LENGTH);
        Ok(bytes)
    }
}

/// The length of a text that begins here.
fn length(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.first_chunk::<LENGTH>()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn texts_are_found_by_their_places_wherever_they_lie() {
        for (room, spills) in [(0, true), (5_000, true), (1 << 20, false)] {
            let mut pile = Pile::new(&Memory::new(room), 700);
            let text = |number: usize| "ä".repeat(number * number % 401);
            let places: Vec<u64> = (0..100).map(|n| pile.push(text(n)).unwrap()).collect();
            assert_eq!(pile.file.is_some(), spills);
            for (number, place) in places.into_iter().enumerate() {
                assert_eq!(pile.text(place).unwrap(), text(number));
            }
        }
    }
}
