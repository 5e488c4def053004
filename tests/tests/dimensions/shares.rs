//! Members that do not fit into the memory together are built in shares, and are what SQL makes of the same changes.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use planisphere_tests::lab::of_environment;

use super::order::keys_mean_one_thing_for_ever;
use super::stream::{Change, Stream};

/// Characters of a word: five of them make a row of four kilobytes, of which the least memory that can be set holds about a hundred
/// while they are built.
const WIDE: usize = 800;
const CUSTOMERS: usize = 250;
const CHANGES: i64 = 900;

fn wide(word: &str) -> &'static str {
    format!("{word:-<WIDE$}").leak()
}

/// Changes of many customers; some are late, tied or deletions, and some customers are merged into others.
fn changes(random: &mut StdRng) -> Vec<Change> {
    let ids = (0..CUSTOMERS).map(|number| -> &'static str { format!("c{number:03}").leak() });
    let ids: Vec<&'static str> = ["a", "b", "c"].into_iter().chain(ids).collect();
    let words = ["x", "y", "z"].map(wide);
    let word = |random: &mut StdRng| match random.random_bool(0.1) {
        true => None,
        false => words.choose(random).copied(),
    };
    let mut changes: Vec<Change> = (0..CHANGES)
        .map(|number| Change {
            number,
            id: ids.choose(random).copied().unwrap_or("a"),
            at: random.random_range(0..9) * 10,
            sequence: random.random_range(0..2),
            gone: random.random_bool(0.1),
            into: match random.random_bool(0.03) {
                true => ids.choose(random).copied(),
                false => None,
            },
            values: [(); 5].map(|()| word(random)),
        })
        .collect();
    for (number, id) in (CHANGES..).zip(&ids) {
        changes.push(Change {
            number,
            id,
            at: 40,
            sequence: 1,
            gone: false,
            into: None,
            values: [Some(words[0]); 5],
        });
    }
    changes
}

#[test]
fn members_of_many_times_the_memory_are_what_sql_makes_of_their_changes() -> Result<()> {
    let first = of_environment("SEED", u64::from(std::process::id()));
    for seed in first..first + of_environment("N", 1) {
        let mut random = StdRng::seed_from_u64(seed);
        let changes = changes(&mut random);
        let stream = Stream::new(&changes)?;
        let settings = std::fs::read_to_string(stream.lab.config())?;
        let little = format!("[etl]\nmemory_bytes = {}", 16 << 20);
        let little = settings.replace("[etl]", &little);
        assert_ne!(little, settings);
        stream.lab.write("planisphere.toml", little)?;
        let mut numbers: Vec<i64> = changes.iter().map(|change| change.number).collect();
        numbers.shuffle(&mut random);
        let mut meaning = Vec::new();
        for part in numbers.chunks(numbers.len() / 3 + 1) {
            stream.load(part)?;
            meaning.push(stream.keys()?);
        }
        assert_eq!(
            stream.versions()?,
            stream.expected_versions()?,
            "seed {seed}"
        );
        assert_eq!(stream.facts()?, stream.expected_facts()?, "seed {seed}");
        keys_mean_one_thing_for_ever(&meaning, &format!("seed {seed}"));
        // all of it once more changes nothing
        let before = stream.lab.versions()?;
        stream.load(&numbers)?;
        assert_eq!(stream.lab.versions()?, before, "seed {seed}");
    }
    Ok(())
}
