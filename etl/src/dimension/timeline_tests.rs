//! Timelines against their definition, attribute by attribute and instant by instant.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const RULES: [Rule; 5] = [
    Rule::Version,
    Rule::Version,
    Rule::Overwrite,
    Rule::Original,
    Rule::Previous,
];

/// A change as a source tells it: values of some attributes.
#[derive(Debug, Clone)]
struct Told {
    at: i64,
    sequence: i64,
    values: Vec<Option<u8>>,
    deleted: Option<bool>,
}

/// Rows are numbers of what was told.
struct Table(Vec<Told>);

impl Values for Table {
    fn knows(&self, seen: &Seen, attribute: usize) -> bool {
        self.0[seen.row as usize].values[attribute].is_some()
    }
    fn same(&self, attribute: usize, a: u32, b: u32) -> bool {
        self.0[a as usize].values[attribute] == self.0[b as usize].values[attribute]
    }
    fn order(&self, a: &Seen, b: &Seen) -> Ordering {
        let content = |seen: &Seen| {
            (
                &self.0[seen.row as usize].values,
                self.0[seen.row as usize].deleted,
            )
        };
        content(a).cmp(&content(b))
    }
}

/// A timeline without rows: what anybody can see of it.
type Shown = (Vec<(i64, Vec<Option<u8>>)>, bool);

fn shown(told: Vec<Told>) -> Shown {
    let mut seen: Vec<Seen> = told
        .iter()
        .enumerate()
        .map(|(row, told)| Seen {
            at: told.at,
            sequence: told.sequence,
            row: u32::try_from(row).unwrap(),
            mask: 0,
            deleted: told.deleted,
            basis: Basis::Audit,
            change: None,
        })
        .collect();
    let table = Table(told);
    let timeline = fold(&mut seen, &RULES, &table);
    let value = |(attribute, cell): (usize, &Option<u32>)| {
        cell.and_then(|row| table.0[row as usize].values[attribute])
    };
    let versions = timeline.versions.iter();
    let versions = versions.map(|version| {
        (
            version.from,
            version.cells.iter().enumerate().map(value).collect(),
        )
    });
    (versions.collect(), timeline.deleted)
}

/// The last word on an attribute up to an instant; the first one ever for the time before.
fn value_at(sorted: &[Told], attribute: usize, at: i64) -> Option<u8> {
    let words = || {
        sorted
            .iter()
            .filter(|told| told.values[attribute].is_some())
    };
    let first = words().next()?.at;
    let until = at.max(first);
    words().rfind(|told| told.at <= until)?.values[attribute]
}

/// The changes of an attribute in the order of time, as values.
fn runs(sorted: &[Told], attribute: usize) -> Vec<Option<u8>> {
    let mut instants: Vec<i64> = sorted.iter().map(|told| told.at).collect();
    instants.dedup();
    let mut runs: Vec<Option<u8>> = instants
        .into_iter()
        .map(|at| value_at(sorted, attribute, at))
        .collect();
    runs.dedup();
    runs
}

fn told() -> impl Strategy<Value = Told> {
    let values = prop::collection::vec(prop::option::weighted(0.7, 0_u8..3), RULES.len());
    (0_i64..6, 0_i64..2, values, prop::option::of(any::<bool>())).prop_map(
        |(at, sequence, values, deleted)| Told {
            at,
            sequence,
            values,
            deleted,
        },
    )
}

proptest! {
    #[test]
    fn no_order_makes_a_difference(told in prop::collection::vec(told(), 1..8), seed in any::<u64>()) {
        let mut other = told.clone();
        // a cheap shuffle by the seed
        for at in (1..other.len()).rev() {
            other.swap(at, usize::try_from(seed.rotate_left(u32::try_from(at * 7).unwrap()) % (at as u64 + 1)).unwrap());
        }
        prop_assert_eq!(shown(told.clone()), shown(other.clone()));
        other.extend(told.clone());
        prop_assert_eq!(shown(told), shown(other), "what is told twice is told once");
    }

    #[test]
    fn each_instant_has_the_last_word_on_each_attribute(told in prop::collection::vec(told(), 1..8)) {
        let mut sorted = told.clone();
        sorted.sort_by(|a, b| (a.at, a.sequence, &a.values, a.deleted).cmp(&(b.at, b.sequence, &b.values, b.deleted)));
        let (versions, deleted) = shown(told);
        prop_assert_eq!(versions[0].0, OPEN_FROM);
        for at in -1..7 {
            let (_, values) = versions.iter().rev().find(|(from, _)| *from <= at).unwrap();
            prop_assert_eq!(values[0], value_at(&sorted, 0, at));
            prop_assert_eq!(values[1], value_at(&sorted, 1, at));
            prop_assert_eq!(values[2], value_at(&sorted, 2, i64::MAX));
            prop_assert_eq!(values[3], value_at(&sorted, 3, i64::MIN));
            let runs = runs(&sorted, 4);
            let previous = runs.len().checked_sub(2).and_then(|at| runs[at]);
            prop_assert_eq!(values[4], previous);
        }
        for pair in versions.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0);
            prop_assert_ne!(&pair[0].1[..2], &pair[1].1[..2], "a version begins with a change");
        }
        prop_assert_eq!(deleted, sorted.iter().rev().find_map(|told| told.deleted).unwrap_or(false));
    }
}

#[test]
fn a_late_change_parts_the_version_that_it_falls_into() {
    let told = |at: i64, value: u8| Told {
        at,
        sequence: 0,
        values: vec![Some(value), Some(0), None, None, None],
        deleted: None,
    };
    // the third one changes nothing until the late one comes
    let early = vec![told(1, 1), told(5, 2), told(7, 2)];
    let values = |shown: Shown| -> Vec<_> {
        shown
            .0
            .into_iter()
            .map(|(from, values)| (from, values[0]))
            .collect()
    };
    assert_eq!(
        values(shown(early.clone())),
        [(OPEN_FROM, Some(1)), (5, Some(2))]
    );
    let late = early.into_iter().chain([told(6, 1)]).collect();
    let expected = [
        (OPEN_FROM, Some(1)),
        (5, Some(2)),
        (6, Some(1)),
        (7, Some(2)),
    ];
    assert_eq!(values(shown(late)), expected);
}
