//! Business ids numbered in the order in which they come, in little memory: sixteen bytes a slot, one cache line a look-up.
//!
//! A slot holds 96 bits of a keyed hash of the id beside its number; the ids themselves are not kept. Among n ids two
//! would be taken for one with a probability of n²/2⁹⁷: 6·10⁻¹⁶ for ten million, far below that of a memory error. The key of the
//! hash is drawn anew in each run, so that nobody can choose ids that collide.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use arrow::array::{Array as _, StringArray};
use twox_hash::XxHash3_128;

/// Ids and their numbers, 0, 1, 2 …
#[derive(Debug, Clone)]
pub(crate) struct IdIndex {
    seed: u64,
    /// Hash in the upper 96 bits, number + 1 in the lower 32; 0 is empty.
    slots: Vec<u128>,
    len: u32,
    /// A bit for each of the upper bits that the hash of any id has, once [`sift`](IdIndex::sift)ed; the length is a power of two.
    sieve: Vec<u64>,
}

/// The part of a slot that is the number.
pub(super) const NUMBER: u128 = u32::MAX as u128;
/// Bits of the sieve for each id: of the ids that nobody knows one in so many passes.
const SIEVE_BITS: usize = 16;
/// So many ids at most are sifted: beyond, the sieve lies no nearer to the processor than the slots.
const SIFTED: usize = 1 << 20;
/// More slots than these grow by a quarter, fewer are doubled.
const LARGE: usize = 1 << 22;
/// Ids looked up together: their places in memory are fetched side by side.
const BLOCK: usize = 256;

impl Default for IdIndex {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl IdIndex {
    /// Room for so many ids and one in sixteen more; it grows where there are more.
    pub(crate) fn with_capacity(ids: usize) -> Self {
        let slots = (ids.saturating_add(ids / 16).saturating_mul(3) / 2 + 1).max(16);
        Self {
            seed: RandomState::new().build_hasher().finish(),
            slots: vec![0; slots],
            len: 0,
            sieve: Vec::new(),
        }
    }

    /// Makes look-ups quick where most of what is asked for is unknown; ids that come later are sifted too.
    pub(crate) fn sift(&mut self) {
        if self.len() > SIFTED {
            return;
        }
        let words = (self.len() * SIEVE_BITS).next_power_of_two().max(64) / 64;
        self.sieve = vec![0; words];
        for slot in self.slots.iter().filter(|slot| **slot != 0) {
            let (word, bit) = sieve_bit(*slot, words);
            self.sieve[word] |= bit;
        }
    }

    /// The key of the hashes.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How many different ids there are.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// The number of an id, which is new if nobody knew it.
    pub(crate) fn add(&mut self, id: &str) -> u32 {
        if (self.len() + 1) * 3 / 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hash(id);
        self.put(hash)
    }

    /// The number of a hash, for which there is room.
    fn put(&mut self, hash: u128) -> u32 {
        let at = self.place(hash);
        if self.slots[at] == 0 {
            self.len += 1;
            self.slots[at] = hash | u128::from(self.len);
            if !self.sieve.is_empty() {
                let (word, bit) = sieve_bit(hash, self.sieve.len());
                self.sieve[word] |= bit;
            }
        }
        number(self.slots[at])
    }

    /// The numbers of ids, in order; those that nobody knew are new. Nulls take a number as the empty text does.
    pub(crate) fn add_all(&mut self, ids: &StringArray) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(ids.len());
        let mut hashes = [0_u128; BLOCK];
        for from in (0..ids.len()).step_by(BLOCK) {
            let rows = BLOCK.min(ids.len() - from);
            while (self.len() + rows) * 3 / 2 > self.slots.len() {
                self.grow();
            }
            for (at, hash) in hashes[..rows].iter_mut().enumerate() {
                *hash = self.hash(ids.value(from + at));
            }
            self.fetch(&hashes[..rows]);
            for hash in &hashes[..rows] {
                numbers.push(self.put(*hash));
            }
        }
        numbers
    }

    /// The number of an id; `None` if nobody knows it.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.find_hash(self.hash(id))
    }

    fn find_hash(&self, hash: u128) -> Option<u32> {
        let slot = self.slots[self.place(hash)];
        (slot != 0).then(|| number(slot))
    }

    /// The numbers of ids; `None` of those that are null or unknown.
    pub(crate) fn find_all(&self, ids: &StringArray) -> Vec<Option<u32>> {
        let mut found = Vec::with_capacity(ids.len());
        let mut hashes = [0_u128; BLOCK];
        for from in (0..ids.len()).step_by(BLOCK) {
            let rows = BLOCK.min(ids.len() - from);
            for (at, hash) in hashes[..rows].iter_mut().enumerate() {
                *hash = self.hash(ids.value(from + at));
            }
            let hashes = &hashes[..rows];
            match self.sieve.len() {
                0 => {
                    self.fetch(hashes);
                    found.extend(hashes.iter().map(|hash| self.find_hash(*hash)));
                }
                words => found.extend(hashes.iter().map(|hash| {
                    let (word, bit) = sieve_bit(*hash, words);
                    let passes = self.sieve[word] & bit != 0;
                    if passes { self.find_hash(*hash) } else { None }
                })),
            }
        }
        if ids.null_count() > 0 {
            for (row, found) in found.iter_mut().enumerate() {
                *found = found.filter(|_| ids.is_valid(row));
            }
        }
        found
    }

    /// Lets the lines of hashes come side by side, before any is waited for.
    fn fetch(&self, hashes: &[u128]) {
        let all = self.slots.len();
        let slots = hashes.iter().map(|hash| self.slots[home(*hash, all)]);
        std::hint::black_box(slots.fold(0, |all, slot| all ^ slot));
    }

    fn hash(&self, id: &str) -> u128 {
        hash_of(self.seed, id)
    }

    /// The hashes of the ids with their numbers, in no order.
    pub(super) fn hashes(&self) -> impl Iterator<Item = (u128, u32)> {
        let slots = self.slots.iter().filter(|slot| **slot != 0);
        slots.map(|slot| (slot & !NUMBER, number(*slot)))
    }

    /// The slot of a hash, or the empty one where it belongs.
    fn place(&self, hash: u128) -> usize {
        let mut at = home(hash, self.slots.len());
        while self.slots[at] != 0 && self.slots[at] & !NUMBER != hash {
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
        at
    }

    fn grow(&mut self) {
        let slots = self.slots.len();
        // while it grows both lie in memory
        let slots = match slots > LARGE {
            true => slots + slots / 4,
            false => slots * 2,
        };
        let slots = vec![0; slots];
        let old = std::mem::replace(&mut self.slots, slots);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let at = self.place(slot & !NUMBER);
            self.slots[at] = slot;
        }
    }
}

/// The hash of an id, in the upper 96 bits.
pub(super) fn hash_of(seed: u64, id: &str) -> u128 {
    XxHash3_128::oneshot_with_seed(seed, id.as_bytes()) & !NUMBER
}

fn number(slot: u128) -> u32 {
    (slot & NUMBER) as u32 - 1
}

/// Where a hash has its bit in a sieve of so many words: by its upper bits, of which its home in the slots does not tell.
fn sieve_bit(hash: u128, words: usize) -> (usize, u64) {
    let upper = (hash >> 96) as usize;
    ((upper >> 6) & (words - 1), 1 << (upper & 63))
}

/// The home of a hash among so many slots: its middle bits as a fraction of them all.
pub(super) fn home(hash: u128, slots: usize) -> usize {
    let fraction = u128::from((hash >> 32) as u64);
    ((fraction * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_takes_a_few_more_ids_than_it_was_made_for_without_growing() {
        let mut index = IdIndex::with_capacity(16_000);
        let slots = index.slots.len();
        for id in 0..17_000 {
            index.add(&id.to_string());
        }
        assert_eq!(index.slots.len(), slots);
        for id in 17_000..40_000 {
            index.add(&id.to_string());
        }
        assert!(index.slots.len() > slots);
        assert!((0..40_000).all(|id| index.find(&id.to_string()) == Some(id)));
    }

    #[test]
    fn ids_are_numbered_once_and_found_again() {
        let mut index = IdIndex::default();
        let ids: Vec<String> = (0..5_000).map(|n| format!("customer-{n}")).collect();
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(index.add(id) as usize, number);
        }
        assert_eq!(index.add("customer-17"), 17);
        assert_eq!(index.len(), 5_000);
        assert_eq!(index.find("customer-4999"), Some(4_999));
        assert_eq!(index.find("customer-5000"), None);
        let asked = StringArray::from(vec![Some("customer-3"), None, Some(""), Some("customer-0")]);
        assert_eq!(index.find_all(&asked), [Some(3), None, None, Some(0)]);
        let all = StringArray::from(ids);
        let numbers: Vec<Option<u32>> = (0..5_000).map(Some).collect();
        assert_eq!(index.find_all(&all), numbers);
        index.sift();
        assert_eq!(index.find_all(&all), numbers);
        assert_eq!(index.find_all(&asked), [Some(3), None, None, Some(0)]);
        assert_eq!(index.add("customer-5000"), 5_000);
        let late = StringArray::from(vec!["customer-5000", "customer-5001"]);
        assert_eq!(index.find_all(&late), [Some(5_000), None]);
        let mut other = IdIndex::default();
        assert_eq!(other.add("customer-7"), 0);
        let again = StringArray::from(vec!["b", "customer-7", "a", "b", "a", "c"]);
        assert_eq!(other.add_all(&again), [1, 0, 2, 1, 2, 3]);
        assert_eq!(other.add_all(&all)[7], 0);
        assert_eq!(other.len(), 5_003);
    }
}
