//! The order in which changes come, and the loads that bring them, make no difference.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use planisphere_tests::lab::of_environment;

use super::stream::{Change, Stream};

const IDS: [&str; 3] = ["a", "b", "c"];
pub(crate) const WORDS: [Option<&str>; 4] = [Some("x"), Some("y"), Some("z"), None];

/// Changes with few values and few instants, so that many are late, tied, or change nothing. Each customer has one that
/// is no deletion.
pub(crate) fn changes(random: &mut StdRng) -> Vec<Change> {
    let many = random.random_range(8..24);
    let mut changes: Vec<Change> = (0..many)
        .map(|number| Change {
            number,
            id: IDS.choose(random).copied().unwrap_or("a"),
            at: random.random_range(0..9) * 10,
            sequence: random.random_range(0..2),
            gone: random.random_bool(0.15),
            into: match random.random_bool(0.3) {
                true => IDS.choose(random).copied(),
                false => None,
            },
            values: [(); 5].map(|()| WORDS.choose(random).copied().flatten()),
        })
        .collect();
    for (number, id) in (many..).zip(IDS) {
        changes.push(Change {
            number,
            id,
            at: 40,
            sequence: 1,
            gone: false,
            into: None,
            values: [Some("x"); 5],
        });
    }
    changes
}

/// The numbers in any order, in parts of any size; now and then one comes twice.
pub(crate) fn parts(random: &mut StdRng, changes: &[Change]) -> Vec<Vec<i64>> {
    let mut numbers: Vec<i64> = changes.iter().map(|change| change.number).collect();
    numbers.shuffle(random);
    let mut parts: Vec<Vec<i64>> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some(part) if random.random_bool(0.8) => part.push(number),
            _ => parts.push(vec![number]),
        }
        if let Some(known) = parts.first().and_then(|part| part.first()).copied()
            && parts.len() > 1
            && random.random_bool(0.1)
            && let Some(part) = parts.last_mut()
            && !part.contains(&known)
        {
            part.push(known);
        }
    }
    parts
}

#[test]
fn any_order_and_any_parts_of_the_same_changes_give_the_same_dimension_and_facts() -> Result<()> {
    let first = of_environment("SEED", u64::from(std::process::id()));
    for seed in first..first + of_environment("N", 4) {
        let mut random = StdRng::seed_from_u64(seed);
        let changes = changes(&mut random);
        let stream = Stream::new(&changes)?;
        let parts = parts(&mut random, &changes);
        let mut meaning = Vec::new();
        for part in &parts {
            stream.load(part)?;
            meaning.push(stream.keys()?);
        }
        let told = format!("seed {seed}: {parts:?} of {changes:#?}");
        assert_eq!(stream.versions()?, stream.expected_versions()?, "{told}");
        assert_eq!(stream.facts()?, stream.expected_facts()?, "{told}");
        keys_mean_one_thing_for_ever(&meaning, &told);
    }
    Ok(())
}

/// A key that was ever issued means one member and one beginning, and is not issued again for another.
pub(crate) fn keys_mean_one_thing_for_ever(loads: &[Vec<Vec<String>>], told: &str) {
    let mut known = std::collections::BTreeMap::new();
    for row in loads.iter().flatten() {
        let meaning = known
            .entry(row[0].clone())
            .or_insert_with(|| row[1..].to_vec());
        assert_eq!(meaning, &row[1..], "key {} of {told}", row[0]);
    }
    let highest = known
        .keys()
        .filter_map(|key| key.parse::<usize>().ok())
        .max();
    assert_eq!(highest, Some(known.len()), "keys are dense: {told}");
}

#[test]
fn hostile_orders_are_borne() -> Result<()> {
    let change = |number, at, sequence, gone, value| Change {
        number,
        id: "a",
        at,
        sequence,
        gone,
        into: None,
        values: [Some(value); 5],
    };
    let changes = [
        change(1, 50, 0, false, "second"),
        change(2, 10, 0, false, "first, told last"),
        // two in one instant
        change(3, 70, 2, false, "last word"),
        change(4, 70, 1, false, "first word"),
        // gone, and back with the same and with other values
        change(5, 80, 0, true, "gone"),
        change(6, 85, 0, false, "last word"),
        change(7, 90, 0, false, "other"),
    ];
    let others = IDS[1..].iter().zip(8..).map(|(id, number)| Change {
        id,
        ..change(number, 0, 0, false, "still")
    });
    let merged = Change {
        id: "b",
        into: Some("a"),
        ..change(10, 60, 0, true, "merged")
    };
    let changes: Vec<Change> = changes.into_iter().chain(others).chain([merged]).collect();
    for parts in [
        vec![
            vec![1, 8, 9],
            vec![2],
            vec![3],
            vec![4],
            vec![5],
            vec![10, 6],
            vec![7],
        ],
        vec![vec![7, 8, 9], vec![10], vec![6, 5], vec![4, 3], vec![2, 1]],
        vec![vec![10, 5, 9], vec![8, 1, 3], vec![4, 2], vec![7, 6]],
    ] {
        let stream = Stream::new(&changes)?;
        for part in &parts {
            stream.load(part)?;
        }
        assert_eq!(stream.versions()?, stream.expected_versions()?, "{parts:?}");
        assert_eq!(stream.facts()?, stream.expected_facts()?, "{parts:?}");
    }
    Ok(())
}

#[test]
fn a_fact_that_stands_as_it_was_finds_what_took_the_place_of_its_version() -> Result<()> {
    let change = |number, at, value| Change {
        number,
        id: "a",
        at,
        sequence: 0,
        gone: false,
        into: None,
        values: [Some(value); 5],
    };
    // the late one says that the second began earlier: its version is another one now
    let stream = Stream::new(&[
        change(1, 10, "one"),
        change(2, 50, "two"),
        change(3, 30, "two"),
    ])?;
    let spoilt = || -> Result<Vec<Vec<String>>> {
        let facts = stream.facts()?.into_iter();
        Ok(facts.filter(|fact| fact[0] == "a-6").collect())
    };
    stream.load(&[1, 2])?;
    let before = spoilt()?;
    assert_eq!(before[0][1..5], ["6", "a", "2025-01-01T00:00:50Z", "two"]);
    stream.spoil("a-6")?;
    stream.load(&[3])?;
    let after = spoilt()?;
    assert_eq!(after[0][1..5], ["6", "a", "2025-01-01T00:00:30Z", "two"]);
    let versions: Vec<String> = stream
        .versions()?
        .into_iter()
        .filter(|row| row[0] == "a")
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(versions, ["0001-01-01T00:00:00Z", "2025-01-01T00:00:30Z"]);
    Ok(())
}
