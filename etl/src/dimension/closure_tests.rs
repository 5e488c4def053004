//! Closures against their definition: at each instant, whoever is reached by following parents.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::dimension::{Aliases, OPEN_FROM, OPEN_TO, Sayings};

/// A member, its parent, from when and until when.
type Said = (i32, Option<i32>, i64, i64);

fn tree(said: &[Said]) -> Tree {
    let aliases = Aliases::default();
    let mut sayings = Sayings::new(&aliases, said.len());
    for (member, parent, from, to) in said {
        let parent = parent.map(|parent| parent.to_string());
        let who = (*member, member.to_string());
        sayings.say((who.0, &who.1), parent.as_deref(), (*from, *to));
    }
    sayings.tree()
}

/// All pairs, so many at a time.
fn pairs(tree: &Tree, room: usize) -> Vec<Pair> {
    tree.pairs(room).flatten().collect()
}

/// Parents of six members in five times: 0 for nobody, 7 for a stranger.
fn parents() -> impl Strategy<Value = Vec<Vec<i32>>> {
    prop::collection::vec(prop::collection::vec(0..=7, 5), 6)
}

const INSTANTS: [i64; 6] = [OPEN_FROM, 10, 20, 30, 40, OPEN_TO];

/// The way of a member to the top in one time, by the definition.
fn way(parents: &[Vec<i32>], member: i32, time: usize) -> Vec<i32> {
    let raw = |member: i32| {
        let parent = parents[usize::try_from(member).unwrap() - 1][time];
        (1..=6).contains(&parent).then_some(parent)
    };
    let is_circular = |member: i32| {
        let ways = std::iter::successors(raw(member), |at| raw(*at));
        ways.take(6).any(|at| at == member)
    };
    let next = |member: &i32| raw(*member).filter(|_| !is_circular(*member));
    std::iter::successors(Some(member), next).collect()
}

proptest! {
    #[test]
    fn each_instant_has_the_ways_to_the_top(parents in parents()) {
        let mut all = Vec::new();
        for (member, times) in (1..).zip(&parents) {
            for (time, parent) in times.iter().enumerate() {
                let parent = (*parent > 0).then_some(*parent);
                all.push((member, parent, INSTANTS[time], INSTANTS[time + 1]));
            }
        }
        let grown = tree(&all);
        let found = pairs(&grown, 1_000);
        for (time, instant) in INSTANTS[..5].iter().enumerate() {
            let ways: Vec<Vec<i32>> = (1..=6).map(|member| way(&parents, member, time)).collect();
            let mut expected = Vec::new();
            for way in &ways {
                for (depth, ancestor) in (0_i32..).zip(way) {
                    let is_leaf = !ways.iter().any(|other| other.get(1) == Some(&way[0]));
                    let is_top = ways[usize::try_from(*ancestor).unwrap() - 1].len() == 1;
                    expected.push((*ancestor, way[0], depth, is_top, is_leaf));
                }
            }
            let holds = |pair: &&Pair| pair.from <= *instant && *instant < pair.to;
            let found = found.iter().filter(holds);
            let mut found: Vec<_> = found.map(|p| (p.ancestor, p.descendant, p.depth, p.is_top, p.is_leaf)).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected, "time {}", time);
        }
        prop_assert!(found.is_sorted());
        for pair in found.windows(2) {
            prop_assert!(!pair[0].goes_on_in(&pair[1]), "one row for one time");
        }
        let mut ways: Vec<Pair> = grown.ways().flatten().collect();
        ways.sort_unstable();
        prop_assert_eq!(&ways, &found, "upwards and downwards");
        for room in [0, 1, 3, 7] {
            prop_assert_eq!(&pairs(&grown, room), &found, "{} at a time", room);
        }
        all.reverse();
        prop_assert_eq!(&pairs(&tree(&all), 1_000), &found);
    }
}

#[test]
fn a_deep_chain_is_climbed_some_pairs_at_a_time() {
    let chain = (1..=2_000).map(|n| (n, (n > 1).then_some(n - 1), OPEN_FROM, OPEN_TO));
    let tree = tree(&chain.collect::<Vec<_>>());
    let mut most = 0;
    let found = tree.pairs(100).inspect(|some| most = some.len().max(most));
    let found: Vec<Pair> = found.flatten().collect();
    assert!(most <= 300, "{most} at once");
    assert_eq!(found.len(), 2_000 * 2_001 / 2);
    assert!(found.is_sorted());
    let deepest = found.iter().map(|pair| pair.depth).max();
    assert_eq!(deepest, Some(1_999));
}

#[test]
fn a_circle_ends_and_its_members_stand_at_the_top() {
    let ring = (1..=300).map(|n| (n, Some(n % 300 + 1), OPEN_FROM, OPEN_TO));
    let tree = tree(&ring.collect::<Vec<_>>());
    assert_eq!((tree.circular, tree.orphans), (300, 0));
    let found = pairs(&tree, 1_000);
    assert_eq!(found.len(), 300);
    assert!(found.iter().all(|pair| pair.is_top && pair.is_leaf));
}
