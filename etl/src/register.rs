//! Numbers by keys of 128 bits, such as hashes of texts: in memory up to a number of bytes, what is more in nameless temporary files.
//!
//! ```text
//! recent keys, in memory ──full──► run in the order of its keys ──► merged with the run before it while that is not twice as long
//! ```
//! So there are few runs, and a look-up reads a page of each at most. In memory lies the first key of each page.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufWriter, Result, Write as _};
use std::os::unix::fs::FileExt as _;

use twox_hash::XxHash3_128;

use crate::spool::{Lease, Memory};

/// What a key with its number takes in memory.
const BYTES: usize = 64;
/// What they take in a file.
const ENTRY: usize = 24;
/// Keys that are read at once.
const PAGE: usize = 128;
/// Pages that are read at once where runs are merged.
const PAGES: usize = 32;

/// Takes numbers and finds them again.
pub(crate) struct Register {
    seed: u64,
    memory: Memory,
    lease: Lease,
    /// Bytes that may wait even if the memory is full.
    least: usize,
    recent: HashMap<u128, u64>,
    /// Older ones before younger ones.
    runs: Vec<Run>,
}

/// Keys with their numbers in a file, in the order of the keys.
struct Run {
    file: File,
    entries: u64,
    /// The first key of each page.
    first: Vec<u128>,
}

/// Writes a run.
struct Writing {
    file: BufWriter<File>,
    entries: u64,
    first: Vec<u128>,
}

/// Reads a run from its beginning.
struct Reading<'r> {
    run: &'r Run,
    next: u64,
    page: std::vec::IntoIter<(u128, u64)>,
}

impl Register {
    /// Nothing is registered; so many bytes may wait in any case.
    pub(crate) fn new(memory: &Memory, least: usize) -> Self {
        Self {
            seed: RandomState::new().build_hasher().finish(),
            memory: memory.clone(),
            lease: memory.lease(),
            least,
            recent: HashMap::new(),
            runs: Vec::new(),
        }
    }

    /// The key of a text or of other bytes. It is drawn anew in each run, so that nobody can choose some that collide.
    pub(crate) fn key(&self, text: impl AsRef<[u8]>) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, text.as_ref())
    }

    /// Registers a number; it takes the place of another one with the same key.
    ///
    /// # Errors
    /// If a temporary file cannot be made, written or read.
    pub(crate) fn put(&mut self, key: u128, number: u64) -> Result<()> {
        let is_new = self.recent.insert(key, number).is_none();
        if is_new && !self.lease.grow(BYTES) && self.recent.len() * BYTES > self.least {
            self.spill()?;
        }
        Ok(())
    }

    /// True if nothing is registered.
    pub(crate) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// True if a text is registered.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub(crate) fn has(&self, text: &str) -> Result<bool> {
        Ok(self.get(self.key(text))?.is_some())
    }

    /// The number of a key.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub(crate) fn get(&self, key: u128) -> Result<Option<u64>> {
        if let Some(number) = self.recent.get(&key) {
            return Ok(Some(*number));
        }
        for run in self.runs.iter().rev() {
            if let Some(number) = run.get(key)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Writes what is in memory as a run.
    fn spill(&mut self) -> Result<()> {
        let mut recent: Vec<(u128, u64)> = self.recent.drain().collect();
        recent.sort_unstable();
        let mut run = Writing::new()?;
        for (key, number) in recent {
            run.push(key, number)?;
        }
        self.runs.push(run.finish()?);
        while let [.., older, younger] = self.runs.as_slice() {
            if older.entries > 2 * younger.entries {
                break;
            }
            let both = merged(older, younger)?;
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(both);
        }
        self.lease = self.memory.lease();
        Ok(())
    }
}

/// Two runs as one; of keys in both the number is that of the younger one.
fn merged(older: &Run, younger: &Run) -> Result<Run> {
    let (mut older, mut younger) = (older.read(), younger.read());
    let mut both = Writing::new()?;
    let (mut old, mut young) = (older.next()?, younger.next()?);
    loop {
        match (old, young) {
            (None, None) => return both.finish(),
            (Some((key, number)), other) if other.is_none_or(|(other, _)| key < other) => {
                both.push(key, number)?;
                old = older.next()?;
            }
            (other, Some((key, number))) => {
                both.push(key, number)?;
                young = younger.next()?;
                if other.is_some_and(|(other, _)| other == key) {
                    old = older.next()?;
                }
            }
            (Some(_), None) => old = older.next()?,
        }
    }
}

impl Run {
    fn get(&self, key: u128) -> Result<Option<u64>> {
        let Some(page) = self
            .first
            .partition_point(|first| *first <= key)
            .checked_sub(1)
        else {
            return Ok(None);
        };
        let page = self.page((page * PAGE) as u64, PAGE)?;
        let found = page.binary_search_by_key(&key, |(key, _)| *key);
        Ok(found.ok().map(|at| page[at].1))
    }

    /// Some entries from one on, as many as there are.
    fn page(&self, from: u64, entries: usize) -> Result<Vec<(u128, u64)>> {
        let left = usize::try_from(self.entries - from).unwrap_or(usize::MAX);
        let mut bytes = vec![0; entries.min(left) * ENTRY];
        self.file.read_exact_at(&mut bytes, from * ENTRY as u64)?;
        let entries = bytes.chunks_exact(ENTRY).map(|entry| {
            let (mut key, mut number) = ([0; 16], [0; 8]);
            key.copy_from_slice(&entry[..16]);
            number.copy_from_slice(&entry[16..]);
            (u128::from_le_bytes(key), u64::from_le_bytes(number))
        });
        Ok(entries.collect())
    }

    fn read(&self) -> Reading<'_> {
        Reading {
            run: self,
            next: 0,
            page: Vec::new().into_iter(),
        }
    }
}

impl Reading<'_> {
    fn next(&mut self) -> Result<Option<(u128, u64)>> {
        if self.page.len() == 0 && self.next < self.run.entries {
            let page = self.run.page(self.next, PAGES * PAGE)?;
            self.next += page.len() as u64;
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}

impl Writing {
    fn new() -> Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(PAGE * ENTRY, tempfile::tempfile()?),
            entries: 0,
            first: Vec::new(),
        })
    }

    fn push(&mut self, key: u128, number: u64) -> Result<()> {
        if self.entries.is_multiple_of(PAGE as u64) {
            self.first.push(key);
        }
        self.entries += 1;
        self.file.write_all(&key.to_le_bytes())?;
        self.file.write_all(&number.to_le_bytes())
    }

    fn finish(self) -> Result<Run> {
        Ok(Run {
            file: self
                .file
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?,
            entries: self.entries,
            first: self.first,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_last_number_of_a_key_is_found_wherever_it_lies() {
        for room in [0, 100 * BYTES, usize::MAX / 2] {
            let mut register = Register::new(&Memory::new(room), 70 * BYTES);
            let key = |number: u64| u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64;
            for number in 0..5_000 {
                register.put(key(number), number).unwrap();
                // some say something else later, soon or long after
                if number % 3 == 0 {
                    register.put(key(number / 2), number + 1_000_000).unwrap();
                }
            }
            assert_eq!(register.runs.is_empty(), room > 1 << 20);
            assert!(register.runs.len() < 8, "{}", register.runs.len());
            let mut expected: HashMap<u64, u64> = HashMap::new();
            for number in 0..5_000 {
                expected.insert(number, number);
                if number % 3 == 0 {
                    expected.insert(number / 2, number + 1_000_000);
                }
            }
            for (asked, number) in expected {
                assert_eq!(register.get(key(asked)).unwrap(), Some(number));
                assert_eq!(register.get(key(asked) + 1).unwrap(), None);
            }
        }
    }
}
