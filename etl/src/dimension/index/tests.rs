//! An index says the same wherever its versions lie.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::take_record_batch;
use planisphere_schemas::model::{Caption, Dimension, DimensionKind};
use proptest::prelude::*;

use super::{IndexRoom, Indexing, MemberIndex};
use crate::dimension::aliases::Aliases;
use crate::spool::Memory;

/// Members that can be there; others are asked for too.
const MEMBERS: u32 = 12;
const ASKED: usize = 15;
const INSTANTS: std::ops::Range<i64> = 0..40;

fn dimension() -> Dimension {
    Dimension {
        name: "person".into(),
        caption: Caption::default(),
        kind: DimensionKind::Entity {
            entity: "person".into(),
            key: "id".into(),
        },
        attributes: Vec::new(),
        hierarchies: Vec::new(),
        fast: Vec::new(),
        outriggers: Vec::new(),
        parent: None,
        trees: Vec::new(),
    }
}

/// Versions by the numbers of their members, and from when they hold; their keys are 1, 2, 3 … after a special member.
fn table(versions: &[(u32, i64)]) -> RecordBatch {
    let keys = (1..).take(versions.len());
    let keys: Vec<i32> = std::iter::once(-1).chain(keys).collect();
    let ids = versions.iter().map(|(member, _)| id(*member));
    let ids: Vec<String> = std::iter::once("?".into()).chain(ids).collect();
    let from = std::iter::once(0).chain(versions.iter().map(|(_, from)| *from));
    let columns: [(&str, ArrayRef); 3] = [
        ("person_key", Arc::new(Int32Array::from(keys))),
        ("person_id", Arc::new(StringArray::from(ids))),
        (
            "valid_from",
            Arc::new(TimestampMicrosecondArray::from_iter_values(from)),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn id(member: u32) -> String {
    format!("person-{member}")
}

/// What is indexed: the versions that are published, and where those of the load begin; the keys that are taken away in between.
#[derive(Debug, Clone)]
struct Case {
    versions: Vec<(u32, i64)>,
    late: usize,
    removed: HashSet<i32>,
    merged: HashMap<String, String>,
    parted: HashMap<String, String>,
}

impl Case {
    /// The index with room for so many versions, and whether each member was known before the load.
    fn index(&self, room: usize) -> (MemberIndex, Vec<bool>) {
        let room = IndexRoom::new(room * super::BYTES_OF_MEMBER, &Memory::new(0));
        let table = table(&self.versions);
        let part = |rows: std::ops::Range<usize>| {
            let rows: UInt32Array = rows.map(|row| row as u32).collect::<Vec<u32>>().into();
            take_record_batch(&table, &rows).unwrap()
        };
        let (dimension, late) = (dimension(), self.late.min(table.num_rows()));
        let mut indexing = Indexing::new(&room, late / 3);
        indexing.add(&dimension, &part(0..late / 2)).unwrap();
        indexing.add(&dimension, &part(late / 2..late)).unwrap();
        indexing.settle().unwrap();
        let known = indexing.know(&asked());
        indexing.remove(&self.removed).unwrap();
        let rest = part(late..table.num_rows());
        indexing.add(&dimension, &rest).unwrap();
        let aliases = |of: &HashMap<String, String>| {
            let pairs = of.iter().map(|(id, into)| (id.as_str(), into.as_str()));
            Aliases::new(|_| true, pairs)
        };
        let mut merged = aliases(&self.merged);
        merged.part(&aliases(&self.parted));
        let index = indexing.build(merged, self.moved()).unwrap();
        room.check().unwrap();
        (index, known)
    }

    /// Keys that were taken away have the last key that was not in their place.
    fn moved(&self) -> HashMap<i32, i32> {
        let mut keys = 1..=self.versions.len() as i32;
        let heir = keys.rfind(|key| !self.removed.contains(key));
        let removed = self.removed.iter();
        let gone = removed.filter(|key| **key as usize <= self.versions.len());
        let gone = gone.filter(|key| (**key as usize) < self.late);
        gone.filter_map(|key| Some((*key, heir?))).collect()
    }
}

/// Everybody, somebody who is unknown, and nobody.
fn asked() -> StringArray {
    let ids = (0..ASKED as u32 - 1).map(|member| Some(id(member)));
    ids.chain([None]).collect()
}

fn members(index: &MemberIndex) -> Vec<Vec<i32>> {
    let at = INSTANTS.map(Some).chain([None]);
    at.map(|at| index.members(&asked(), &[at; ASKED])).collect()
}

/// What an index says of keys; of those of nobody only what all indexes say.
fn keys(index: &MemberIndex, all: i32) -> Vec<String> {
    let Some(by_key) = index.by_key() else {
        return Vec::new();
    };
    let of_key = |key: i32| {
        let at: Vec<i32> = INSTANTS
            .map(|at| by_key.version(key, Some(at)).unwrap_or(key))
            .collect();
        let last = by_key.version(key, None).unwrap_or(key);
        let one = INSTANTS.map(|from| by_key.is_one_version(key, (from, from + 5)));
        let one: Vec<bool> = one.collect();
        let end = one.contains(&false).then(|| by_key.end(key));
        let same = (1..=all).map(|other| {
            let numbers = index.numbers(&HashSet::from([key, other]));
            numbers
                .get(&key)
                .is_some_and(|number| numbers.get(&other) == Some(number))
                && key != other
        });
        let same: Vec<bool> = same.collect();
        let (parted, heir) = (by_key.is_parted(key), by_key.heir(key));
        format!("{key} {heir} {last} {at:?} {one:?} {end:?} {parted} {same:?}")
    };
    (1..=all).map(of_key).collect()
}

prop_compose! {
    fn cases()(
        versions in prop::collection::vec((0..MEMBERS, INSTANTS), 0..60),
        late in 0_usize..60,
        removed in prop::collection::hash_set(1_i32..60, 0..12),
        merged in prop::collection::hash_map(0..MEMBERS, 0..MEMBERS, 0..3),
        parted in prop::collection::hash_map(0..MEMBERS, 0..MEMBERS, 0..3),
    ) -> Case {
        let ids = |of: HashMap<u32, u32>| of.into_iter().map(|(a, b)| (id(a), id(b))).collect();
        Case { versions, late, removed, merged: ids(merged), parted: ids(parted) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn an_index_says_the_same_wherever_its_versions_lie(case in cases()) {
        let (held, known) = case.index(1_000);
        let all = case.versions.len() as i32 + 1;
        for room in [0, 20] {
            let (filed, known_too) = case.index(room);
            prop_assert_eq!(&known_too, &known);
            prop_assert_eq!(members(&filed), members(&held));
            prop_assert_eq!(keys(&filed, all), keys(&held, all));
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let room = IndexRoom::new(0, &Memory::new(0));
    let mut indexing = Indexing::new(&room, 3);
    let rows = table(&[(1, 0), (2, 0), (1, 5)]);
    indexing.add(&dimension(), &rows).unwrap();
    let mut index = indexing.build(Aliases::default(), HashMap::new()).unwrap();
    assert_eq!(index.members(&asked(), &[None; ASKED])[..3], [-4, 3, 2]);
    room.check().unwrap();
    if let MemberIndex::Members(members) = &mut index {
        members.break_slots();
    }
    index.members(&asked(), &[None; ASKED]);
    let told = room.check().unwrap_err().to_string();
    assert!(told.contains("index of members"), "{told}");
}
