//! Members of whom there are too many for memory, in nameless temporary files: about one short read a look-up.
//!
//! ```text
//! slots        by the hash of the id, share by share: the hash, and the key of the only version or where the history begins
//! histories    sixteen bytes a version, in the order of time
//! beginnings   by the key of a version that is not the only one: where its history begins
//! ```
//! In memory lie a bit a key, which says whether it is in a history, and where each share begins. Look-ups do not fail: a file
//! that cannot be read is told by [`Unread`], which whoever looked up asks before anything is made of it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array as _, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::error::ArrowError;

use super::super::ids::{NUMBER, hash_of, home};

/// Shares to which members are dealt out by the upper bits of their hashes.
pub(super) const SHARES: usize = 256;
/// What a slot takes.
pub(super) const SLOT: usize = size_of::<u128>();
/// What a version of a history takes: from when it holds, its key, and how many versions are left from it on.
pub(super) const VERSION: usize = 16;
/// What the beginning of a history takes.
pub(super) const BEGINNING: usize = 4;
/// Slots that are read at once.
const PAGE: usize = 32;
/// Versions that are read at once.
const SOME: usize = 16;

/// What went wrong first with reading the files of indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<OnceLock<std::io::Error>>);

impl Unread {
    /// What was looked up is right.
    ///
    /// # Errors
    /// If a file could not be read.
    pub(crate) fn check(&self) -> Result<(), ArrowError> {
        match self.0.get() {
            None => Ok(()),
            Some(error) => Err(std::io::Error::new(error.kind(), error.to_string()).into()),
        }
    }
}

/// A file that is read from several threads.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) file: File,
    pub(super) unread: Unread,
}

impl Leaf {
    /// Reads from a place on; what lies beyond the end is zero.
    fn read(&self, bytes: &mut [u8], at: u64) {
        let mut read = 0;
        while read < bytes.len() {
            match self.file.read_at(&mut bytes[read..], at + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.unread.0.get_or_init(|| error);
                    break;
                }
            }
        }
        bytes[read..].fill(0);
    }
}

/// The slots of a share: the first among all, and how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) first: u64,
    pub(super) slots: usize,
}

/// Members in files. A member is the key of its only version, or with the upper bit the complement of where its history begins.
#[derive(Debug)]
pub(crate) struct Filed {
    pub(super) seed: u64,
    pub(super) shares: Vec<Share>,
    pub(super) slots: Leaf,
    pub(super) histories: Leaf,
    pub(super) beginnings: Leaf,
    /// For each key whether it is in a history.
    pub(super) in_history: BooleanBuffer,
}

/// Slots that were read last.
struct Page<'f> {
    leaf: &'f Leaf,
    /// The number of the page; none at first.
    number: u64,
    bytes: [u8; PAGE * SLOT],
}

impl Page<'_> {
    fn slot(&mut self, at: u64) -> u128 {
        let number = at / PAGE as u64;
        if number != self.number {
            self.leaf
                .read(&mut self.bytes, number * (PAGE * SLOT) as u64);
            self.number = number;
        }
        let from = (at % PAGE as u64) as usize * SLOT;
        let mut slot = [0; SLOT];
        slot.copy_from_slice(&self.bytes[from..from + SLOT]);
        u128::from_le_bytes(slot)
    }
}

impl Filed {
    /// True if a member has several versions.
    pub(super) fn has_history(&self) -> bool {
        self.in_history.count_set_bits() > 0
    }

    /// The key of a member's only version; `None` if it has several.
    pub(super) fn only(member: u32) -> Option<i32> {
        i32::try_from(member).ok()
    }

    /// The member of an id.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.find_hash(hash_of(self.seed, id), &mut self.page())
    }

    /// The members of ids; `None` of those that are null or unknown. They are read in the order in which they lie.
    pub(super) fn find_all(&self, ids: &StringArray) -> Vec<Option<u32>> {
        let given = (0..ids.len()).filter(|row| ids.is_valid(*row));
        let mut places: Vec<(u64, usize, u128)> = given
            .map(|row| {
                let hash = hash_of(self.seed, ids.value(row));
                let share = self.share(hash);
                (share.first + home(hash, share.slots) as u64, row, hash)
            })
            .collect();
        places.sort_unstable();
        let mut found = vec![None; ids.len()];
        let mut page = self.page();
        for (_, row, hash) in places {
            found[row] = self.find_hash(hash, &mut page);
        }
        found
    }

    fn page(&self) -> Page<'_> {
        Page {
            leaf: &self.slots,
            number: u64::MAX,
            bytes: [0; PAGE * SLOT],
        }
    }

    fn share(&self, hash: u128) -> Share {
        self.shares[share_of(hash)]
    }

    fn find_hash(&self, hash: u128, page: &mut Page<'_>) -> Option<u32> {
        let share = self.share(hash);
        let mut at = home(hash, share.slots);
        loop {
            let slot = page.slot(share.first + at as u64);
            if slot == 0 {
                return None;
            }
            if slot & !NUMBER == hash {
                return Some((slot & NUMBER) as u32);
            }
            at = if at + 1 == share.slots { 0 } else { at + 1 };
        }
    }

    /// The member of a key. Who has one version is known by its key, so that a key of nobody is found too.
    pub(super) fn of_key(&self, key: i32) -> Option<u32> {
        let at = usize::try_from(key).ok().filter(|key| *key > 0)?;
        if at >= self.in_history.len() || !self.in_history.value(at) {
            return u32::try_from(key).ok();
        }
        let mut beginning = [0; BEGINNING];
        self.beginnings
            .read(&mut beginning, at as u64 * BEGINNING as u64);
        Some(u32::from_le_bytes(beginning))
    }

    /// The keys of the versions of a member with a history, and from when each holds.
    pub(super) fn history(&self, member: u32) -> (Vec<i32>, Vec<i64>) {
        let first = u64::from(!member) * VERSION as u64;
        let mut bytes = vec![0; SOME * VERSION];
        self.histories.read(&mut bytes, first);
        let all = left(&bytes) as usize;
        if all > SOME {
            bytes.resize(all * VERSION, 0);
            self.histories.read(&mut bytes, first);
        }
        let versions = bytes.chunks_exact(VERSION).take(all);
        versions.map(|it| (key(it), from(it))).unzip()
    }
}

/// The share of a hash.
pub(super) fn share_of(hash: u128) -> usize {
    (hash >> 120) as usize
}

/// A version as it is written.
pub(super) fn version(from: i64, key: i32, left: u32) -> [u8; VERSION] {
    let mut bytes = [0; VERSION];
    bytes[..8].copy_from_slice(&from.to_le_bytes());
    bytes[8..12].copy_from_slice(&key.to_le_bytes());
    bytes[12..].copy_from_slice(&left.to_le_bytes());
    bytes
}

fn from(version: &[u8]) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&version[..8]);
    i64::from_le_bytes(bytes)
}

fn key(version: &[u8]) -> i32 {
    i32::from_le_bytes([version[8], version[9], version[10], version[11]])
}

fn left(version: &[u8]) -> u32 {
    u32::from_le_bytes([version[12], version[13], version[14], version[15]])
}
