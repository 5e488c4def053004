//! Changes that the source corrects in their places: what a later load says of a change takes the place of what an earlier
//! one said, while different changes of one instant and sequence still go by their values.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use planisphere_tests::lab::of_environment;

use super::order::{WORDS, changes, keys_mean_one_thing_for_ever, parts};
use super::rebuild::rebuilt;
use super::stream::{Change, Stream};

/// The same change with other values.
fn corrected(random: &mut StdRng, change: &Change) -> Change {
    Change {
        gone: random.random_bool(0.2),
        values: [(); 5].map(|()| WORDS.choose(random).copied().flatten()),
        ..change.clone()
    }
}

#[test]
fn the_last_word_of_each_change_counts_in_any_order_and_a_rebuild_says_the_same() -> Result<()> {
    let first = of_environment("SEED", u64::from(std::process::id()));
    for seed in first..first + of_environment("N", 1) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut all = changes(&mut random);
        let stream = Stream::new(&all)?;
        let parts = parts(&mut random, &all);
        // those that all customers have stay as they are, so that none of them is only ever gone
        let correctable = all.len() - 3;
        let (mut told, mut meaning) = (Vec::new(), Vec::new());
        for part in &parts {
            let mut part = part.clone();
            for _ in 0..random.random_range(0..3) {
                let at = random.random_range(0..correctable);
                all[at] = corrected(&mut random, &all[at]);
                stream.correct(&all[at])?;
                part.push(all[at].number);
            }
            part.sort_unstable();
            part.dedup();
            stream.load(&part)?;
            meaning.push(stream.keys()?);
            told.push(part);
        }
        let told = format!("seed {seed}: {told:?} of {all:#?}");
        assert_eq!(stream.versions()?, stream.expected_versions()?, "{told}");
        assert_eq!(stream.facts()?, stream.expected_facts()?, "{told}");
        keys_mean_one_thing_for_ever(&meaning, &told);
        let before = stream.lab.versions()?;
        stream.load(&parts[parts.len() - 1])?;
        assert_eq!(stream.lab.versions()?, before, "{told}");
        let versions = stream.versions()?;
        rebuilt(&stream.lab)?;
        assert_eq!(stream.versions()?, versions, "{told}");
    }
    Ok(())
}

#[test]
fn a_change_goes_back_to_what_it_was_and_a_tied_one_stands() -> Result<()> {
    let change = |number, value: &'static str| Change {
        number,
        id: "a",
        at: 10,
        sequence: 0,
        gone: false,
        into: None,
        values: [Some(value); 5],
    };
    let others = ["b", "c"].iter().zip(8..).map(|(id, number)| Change {
        id,
        ..change(number, "still")
    });
    let changes: Vec<Change> = others.chain([change(1, "y"), change(2, "x")]).collect();
    let stream = Stream::new(&changes)?;
    let city = || -> Result<Vec<String>> {
        let versions = stream.versions()?.into_iter();
        Ok(versions
            .filter(|row| row[0] == "a")
            .map(|row| row[6].clone())
            .collect())
    };
    // two different changes of one instant and sequence, in two loads: the greater value counts
    stream.load(&[1, 8, 9])?;
    stream.load(&[2])?;
    assert_eq!(city()?, ["y"]);
    // the source corrects the one, then takes that back
    for (value, expected) in [("a", "x"), ("z", "z"), ("y", "y"), ("a", "x"), ("y", "y")] {
        stream.correct(&change(1, value))?;
        stream.load(&[1])?;
        assert_eq!(city()?, [expected], "{value}");
        assert_eq!(stream.versions()?, stream.expected_versions()?);
    }
    // the other one says the same for a time, and is not taken for it
    stream.correct(&change(2, "y"))?;
    stream.load(&[2])?;
    stream.correct(&change(1, "b"))?;
    stream.load(&[1])?;
    assert_eq!(city()?, ["y"]);
    stream.correct(&change(2, "a"))?;
    stream.load(&[2])?;
    assert_eq!(city()?, ["b"]);
    Ok(())
}
