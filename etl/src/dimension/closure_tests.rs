//! Closures against their definition: at each instant, whoever is reached by following parents.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn said(member: i32, parent: Option<i32>, from: i64, to: i64) -> Said {
    Said {
        member,
        id: member.to_string(),
        parent: parent.map(|parent| parent.to_string()),
        from,
        to,
    }
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
                all.push(said(member, parent, INSTANTS[time], INSTANTS[time + 1]));
            }
        }
        let found = closure(all.clone(), &Aliases::default());
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
            let found = found.pairs.iter().filter(holds);
            let mut found: Vec<_> = found.map(|p| (p.ancestor, p.descendant, p.depth, p.is_top, p.is_leaf)).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected, "time {}", time);
        }
        for pair in found.pairs.windows(2) {
            prop_assert!(!pair[0].goes_on_in(&pair[1]), "one row for one time");
        }
        all.reverse();
        prop_assert_eq!(found.pairs, closure(all, &Aliases::default()).pairs);
    }
}

#[test]
fn a_deep_chain_is_climbed() {
    let chain = (1..=2_000).map(|n| said(n, (n > 1).then_some(n - 1), OPEN_FROM, OPEN_TO));
    let found = closure(chain.collect(), &Aliases::default());
    assert_eq!(found.pairs.len(), 2_000 * 2_001 / 2);
    let deepest = found.pairs.iter().map(|pair| pair.depth).max();
    assert_eq!(deepest, Some(1_999));
}

#[test]
fn a_circle_ends_and_its_members_stand_at_the_top() {
    let ring = (1..=300).map(|n| said(n, Some(n % 300 + 1), OPEN_FROM, OPEN_TO));
    let found = closure(ring.collect(), &Aliases::default());
    assert_eq!((found.circular, found.orphans), (300, 0));
    assert_eq!(found.pairs.len(), 300);
    assert!(found.pairs.iter().all(|pair| pair.is_top && pair.is_leaf));
}
