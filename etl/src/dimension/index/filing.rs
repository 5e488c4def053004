//! Writes the files of members of whom there are too many for memory: their versions are dealt out by the hashes of the ids, and
//! each share becomes slots and histories by itself.

use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int32Array, Int64Array, RecordBatch};
use arrow::array::{BooleanBufferBuilder, StringArray, UInt32Array, UInt64Array};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;

use crate::dealt::{Dealing, Dealt};
use crate::error::{Error, Result};
use crate::threads;

use super::super::ids::{hash_of, home};
use super::IndexRoom;
use super::filed::{BEGINNING, Filed, Leaf, SHARES, SLOT, Share, share_of, version};

type Arrow<T> = std::result::Result<T, ArrowError>;

/// The version of a member: the hash of its id, from when it holds, and its key.
pub(super) type Version = (u128, i64, i32);

/// Keys whose beginnings are written together, as a power of two.
const KEYS: u32 = 20;

/// Takes versions and deals them out.
pub(super) struct Filing {
    room: IndexRoom,
    seed: u64,
    dealing: Dealing,
    /// What was dealt out before.
    parts: Vec<Dealt>,
    /// Keys that were taken away, and of how many of these parts.
    removed: Vec<(HashSet<i32>, usize)>,
}

/// A share of the members.
struct Shelved {
    /// Those with one version have its key, others where their history begins among those of the share.
    slots: Vec<u128>,
    /// From when each version of a history holds, its key, and how many are left from it on.
    histories: Vec<(i64, i32, u32)>,
}

/// Writes what becomes of the shares, one behind the other.
struct Files {
    slots: File,
    histories: File,
    versions: u32,
    shares: Vec<Share>,
    /// The keys in histories, and the members whose they are.
    keys: Dealing,
    last: i32,
}

impl Filing {
    /// No version yet; the hashes have this key.
    pub(super) fn new(room: &IndexRoom, seed: u64) -> Self {
        Self {
            dealing: room.dealing(versions()),
            room: room.clone(),
            seed,
            parts: Vec::new(),
            removed: Vec::new(),
        }
    }

    /// Adds versions by the ids of their members.
    pub(super) fn add(&mut self, ids: &StringArray, from: &[i64], keys: &[i32]) -> Arrow<()> {
        let real = (0..keys.len()).filter(|row| keys[*row] > 0);
        let versions = real.map(|row| (hash_of(self.seed, ids.value(row)), from[row], keys[row]));
        self.push(&versions.collect::<Vec<Version>>())
    }

    /// Adds versions.
    pub(super) fn push(&mut self, some: &[Version]) -> Arrow<()> {
        let shares: Vec<u32> = some.iter().map(|it| share_of(it.0) as u32).collect();
        let upper = some.iter().map(|it| (it.0 >> 64) as u64);
        let lower = some.iter().map(|it| (it.0 >> 32) as u32);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(upper)),
            Arc::new(UInt32Array::from_iter_values(lower)),
            Arc::new(Int64Array::from_iter_values(some.iter().map(|it| it.1))),
            Arc::new(Int32Array::from_iter_values(some.iter().map(|it| it.2))),
        ];
        let rows = RecordBatch::try_new(versions(), columns)?;
        self.dealing.push(&rows, &shares)
    }

    /// Takes away those of the versions that were added by now that have one of some keys.
    pub(super) fn remove(&mut self, keys: &HashSet<i32>) -> Arrow<()> {
        if !keys.is_empty() {
            self.part()?;
            self.removed.push((keys.clone(), self.parts.len()));
        }
        Ok(())
    }

    /// What was dealt out by now is a part.
    fn part(&mut self) -> Arrow<()> {
        let next = self.room.dealing(versions());
        let dealt = std::mem::replace(&mut self.dealing, next);
        self.parts.push(dealt.finish()?);
        Ok(())
    }

    /// The members whose versions were taken so far; more can follow.
    pub(super) fn so_far(&mut self) -> Result<Filed> {
        self.part().map_err(writing())?;
        self.files()
    }

    /// The files.
    fn files(&self) -> Result<Filed> {
        let mut files = Files::new(&self.room).map_err(writing())?;
        threads::in_order(
            (0..SHARES).map(Ok),
            |share| Ok(Shelved::of(self.share(share).map_err(writing())?)),
            |share| files.write(share).map_err(writing()),
        )?;
        files.finish(self.seed, &self.room).map_err(writing())
    }

    /// The versions of a share.
    fn share(&self, share: usize) -> Arrow<Vec<Version>> {
        let mut all = Vec::new();
        for (part, dealt) in self.parts.iter().enumerate() {
            let removed = self.removed.iter().filter(|(_, parts)| part < *parts);
            let removed: Vec<&HashSet<i32>> = removed.map(|(keys, _)| keys).collect();
            let is_removed = |key: i32| removed.iter().any(|keys| keys.contains(&key));
            let rows = dealt.share(share)?;
            let upper = rows.column(0).as_primitive::<UInt64Type>().values();
            let lower = rows.column(1).as_primitive::<UInt32Type>().values();
            let from = rows.column(2).as_primitive::<Int64Type>().values();
            let keys = rows.column(3).as_primitive::<Int32Type>().values();
            let hash = |row: usize| u128::from(upper[row]) << 64 | u128::from(lower[row]) << 32;
            let stays = (0..rows.num_rows()).filter(|row| !is_removed(keys[*row]));
            all.extend(stays.map(|row| (hash(row), from[row], keys[row])));
        }
        Ok(all)
    }
}

impl Shelved {
    fn of(mut versions: Vec<Version>) -> Self {
        versions.sort_unstable();
        let members = || versions.chunk_by(|a, b| a.0 == b.0);
        let mut slots = vec![0_u128; members().count() * 3 / 2 + 1];
        let mut histories = Vec::new();
        for versions in members() {
            let (hash, _, key) = versions[0];
            let value = match versions.len() {
                1 => key,
                _ => !i32::try_from(histories.len()).unwrap_or(i32::MAX),
            };
            let mut at = home(hash, slots.len());
            while slots[at] != 0 {
                at = if at + 1 == slots.len() { 0 } else { at + 1 };
            }
            slots[at] = hash | u128::from(value as u32);
            if versions.len() > 1 {
                let left = (1..=versions.len() as u32).rev();
                let of_member = versions.iter().zip(left);
                histories.extend(of_member.map(|((_, from, key), left)| (*from, *key, left)));
            }
        }
        Self { slots, histories }
    }
}

impl Files {
    fn new(room: &IndexRoom) -> Arrow<Self> {
        Ok(Self {
            slots: tempfile::tempfile()?,
            histories: tempfile::tempfile()?,
            versions: 0,
            shares: Vec::with_capacity(SHARES),
            keys: room.dealing(beginnings()),
            last: 0,
        })
    }

    /// Writes the next share.
    fn write(&mut self, share: Shelved) -> Arrow<()> {
        let first = self.shares.last();
        let first = first.map_or(0, |before| before.first + before.slots as u64);
        let mut bytes = Vec::with_capacity(share.slots.len() * SLOT);
        for slot in &share.slots {
            // where histories begin is told by the upper bit, and from here on among those of all shares
            let member = *slot as u32;
            let moved = match member >> 31 {
                0 => member,
                _ => member.wrapping_sub(self.versions),
            };
            let slot = slot - u128::from(member) + u128::from(moved);
            bytes.extend_from_slice(&slot.to_le_bytes());
        }
        self.slots.write_all_at(&bytes, first * SLOT as u64)?;
        self.shares.push(Share {
            first,
            slots: share.slots.len(),
        });
        self.write_histories(&share.histories)
    }

    fn write_histories(&mut self, histories: &[(i64, i32, u32)]) -> Arrow<()> {
        let all = u32::try_from(histories.len()).unwrap_or(u32::MAX);
        let all = self.versions.saturating_add(all);
        if all > i32::MAX as u32 {
            let error = "more versions than there are keys";
            return Err(ArrowError::ComputeError(error.into()));
        }
        let bytes = histories.iter();
        let bytes = bytes.flat_map(|(from, key, left)| version(*from, *key, *left));
        let bytes: Vec<u8> = bytes.collect();
        let at = u64::from(self.versions) * super::filed::VERSION as u64;
        self.histories.write_all_at(&bytes, at)?;
        let mut members = Vec::with_capacity(histories.len());
        for of_member in histories.chunk_by(|a, b| a.2 == b.2 + 1) {
            let member = !(self.versions + members.len() as u32);
            members.extend(std::iter::repeat_n(member, of_member.len()));
        }
        let keys = histories.iter().map(|(_, key, _)| *key);
        self.last = self.last.max(keys.clone().max().unwrap_or(0));
        let shares: Vec<u32> = keys.clone().map(|key| key as u32 >> KEYS).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(keys)),
            Arc::new(UInt32Array::from(members)),
        ];
        self.versions = all;
        self.keys
            .push(&RecordBatch::try_new(beginnings(), columns)?, &shares)
    }

    fn finish(self, seed: u64, room: &IndexRoom) -> Arrow<Filed> {
        let beginnings = tempfile::tempfile()?;
        let mut in_history = BooleanBufferBuilder::new(self.last as usize + 1);
        in_history.append_n(self.last as usize + 1, false);
        let keys = self.keys.finish()?;
        for share in 0..keys.shares() {
            let rows = keys.share(share)?;
            if rows.num_rows() == 0 {
                continue;
            }
            let mut bytes = vec![0; BEGINNING << KEYS];
            let of_share = rows.column(0).as_primitive::<Int32Type>().values();
            let members = rows.column(1).as_primitive::<UInt32Type>().values();
            for (key, member) in of_share.iter().zip(members) {
                in_history.set_bit(*key as usize, true);
                let at = (*key as usize & ((1 << KEYS) - 1)) * BEGINNING;
                bytes[at..at + BEGINNING].copy_from_slice(&member.to_le_bytes());
            }
            beginnings.write_all_at(&bytes, (share as u64 * BEGINNING as u64) << KEYS)?;
        }
        let leaf = |file| Leaf {
            file,
            unread: room.unread.clone(),
        };
        Ok(Filed {
            seed,
            shares: self.shares,
            slots: leaf(self.slots),
            histories: leaf(self.histories),
            beginnings: leaf(beginnings),
            in_history: in_history.finish(),
        })
    }
}

/// The columns of versions that are dealt out.
fn versions() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field("upper", DataType::UInt64),
        field("lower", DataType::UInt32),
        field("from", DataType::Int64),
        field("key", DataType::Int32),
    ]))
}

/// The columns of keys in histories.
fn beginnings() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field("key", DataType::Int32),
        field("member", DataType::UInt32),
    ]))
}

fn writing() -> impl FnOnce(ArrowError) -> Error {
    Error::arrow("writing the index of members into a temporary file")
}
