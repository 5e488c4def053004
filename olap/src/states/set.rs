//! A set of values that a distinct count has seen: dense keys as a compressed bitmap, anything else as the bytes of its rows.

use std::collections::HashSet;
use std::io::{Error, ErrorKind, Read as _, Result};

use roaring::RoaringBitmap;

/// What a slot of a hash table takes beside the bytes of its value.
const SLOT: usize = 24;
/// What a container of a bitmap takes beside its keys.
const CONTAINER: usize = 48;

/// A set of values of one type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Set {
    /// 32-bit numbers by their bits.
    Keys(RoaringBitmap),
    /// Values in the form of rows that can be compared, and how many bytes they take.
    Values(HashSet<Box<[u8]>>, usize),
}

/// How a set is told in its first byte.
const KEYS: u8 = 0;
const VALUES: u8 = 1;

impl Set {
    /// No value yet.
    pub(super) fn of_values() -> Self {
        Self::Values(HashSet::new(), 0)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::Values(values, _) => values.len() as u64,
        }
    }

    /// Adds a value in the form of a row; returns how many bytes that takes.
    pub(super) fn insert(&mut self, value: &[u8]) -> usize {
        match self {
            Self::Values(values, bytes) if !values.contains(value) => {
                values.insert(value.into());
                *bytes += value.len() + SLOT;
                value.len() + SLOT
            }
            _ => 0,
        }
    }

    /// Adds the values of another set of the same type.
    ///
    /// # Errors
    /// If the other one is of another type.
    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        match (self, other) {
            (Self::Keys(keys), Self::Keys(others)) => *keys |= others,
            (set @ Self::Values(..), Self::Values(others, _)) => {
                for value in others {
                    set.insert(&value);
                }
            }
            _ => return Err(damaged("sets of different types")),
        }
        Ok(())
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Keys(keys) => {
                let containers = keys.statistics();
                let bytes = containers.n_bytes_array_containers
                    + containers.n_bytes_run_containers
                    + containers.n_bytes_bitset_containers;
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                bytes.saturating_add(containers.n_containers as usize * CONTAINER)
            }
            Self::Values(_, bytes) => *bytes,
        }
    }

    /// Writes it behind what is there.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Keys(keys) => {
                bytes.push(KEYS);
                keys.serialize_into(bytes)
            }
            Self::Values(values, _) => {
                bytes.push(VALUES);
                for value in values {
                    let length = u32::try_from(value.len()).map_err(|_| damaged("a long value"))?;
                    bytes.extend(length.to_le_bytes());
                    bytes.extend(value.iter());
                }
                Ok(())
            }
        }
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// If it was not written by [`Set::write`].
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&KEYS, bytes)) => Ok(Self::Keys(RoaringBitmap::deserialize_unchecked_from(
                bytes,
            )?)),
            Some((&VALUES, mut bytes)) => {
                let mut values = Self::of_values();
                while !bytes.is_empty() {
                    let mut length = [0; 4];
                    bytes.read_exact(&mut length)?;
                    let length = u32::from_le_bytes(length) as usize;
                    let value = bytes.split_off(..length);
                    values.insert(value.ok_or_else(|| damaged("a short value"))?);
                }
                Ok(values)
            }
            _ => Err(damaged("no set")),
        }
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn sets_come_back_as_they_were_and_merge() {
        let keys = |keys: &[u32]| Set::Keys(keys.iter().copied().collect());
        let values = |values: &[&str]| {
            let mut set = Set::of_values();
            values.iter().for_each(|it| {
                set.insert(it.as_bytes());
            });
            set
        };
        for set in [
            keys(&[]),
            keys(&[1, 7, 70_000, u32::MAX]),
            values(&[]),
            values(&["", "a", "é"]),
        ] {
            let mut bytes = Vec::new();
            set.write(&mut bytes).unwrap();
            assert_eq!(Set::read(&bytes).unwrap(), set);
        }
        let mut all = keys(&[1, 2]);
        all.merge(keys(&[2, 3])).unwrap();
        assert_eq!(all.len(), 3);
        let mut all = values(&["a"]);
        all.merge(values(&["b", "a"])).unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.merge(keys(&[1])).is_err());
        assert!(Set::read(&[VALUES, 9, 0, 0, 0, 1]).is_err());
    }
}
