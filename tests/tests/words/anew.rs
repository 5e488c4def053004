//! What is told anew is what a rebuild has: random days of a source, an expression that is corrected at the end.

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::case::Case;

const COLUMNS: &str = "{n: bigint, id: text, at: timestamp, city: text, tier: text, mail: text, origin: text, owner: text}";
const ENTITY: &str = "    columns: {id: e.id, city: FIRST(e.city), tier: e.tier, mail: e.mail, origin: FIRST(e.origin), owner: FIRST(e.owner)}\n";
const DIMENSION: &str = "dimension: thing
entity: thing
key: id
attributes:
  city: {type: text, scd: 2}
  tier: {type: text, scd: 6}
  mail: {type: text, scd: 1}
  origin: {type: text, scd: 0}
  owner: {type: text, scd: 3}
";
const HISTORY: &str = "select thing_key, thing_id, city, tier, current_tier, mail, origin, owner, previous_owner, valid_from, valid_to,
    valid_from_basis, is_current, deleted_at_source from dim_thing where thing_key > 0 order by thing_key";

/// Present states with and without an instant at which they were modified, and changes.
const KINDS: [(&str, &str); 3] = [
    ("id", ""),
    ("id", "    modified: e.at\n"),
    ("n", "    changes: {at: e.at}\n"),
];

fn day(case: &Case, random: &mut StdRng, (key, day): (&str, i64)) -> Result<()> {
    let word = |random: &mut StdRng| {
        let words = ["'x'", "'Xx'", "'Yy'", "null"];
        words.choose(random).copied().unwrap_or("null")
    };
    if key == "n" {
        case.change("delete from thing")?;
    }
    for (at, id) in ["a", "b", "c", "d"].iter().enumerate() {
        if random.random_bool(0.3) {
            continue;
        }
        let number = day * 10 + i64::try_from(at)?;
        // a row that changes is modified on that day; changes come late and tied
        let on = if key == "n" {
            random.random_range(1..=day)
        } else {
            day
        };
        let instant = format!("2025-01-0{on} 00:00:0{}", random.random_range(0..2));
        let values: Vec<&str> = (0..5).map(|_| word(random)).collect();
        case.change(&format!(
            "delete from thing where {key} = case '{key}' when 'n' then {number} else '{id}' end"
        ))?;
        if random.random_bool(0.85) {
            let values = values.join(", ");
            case.change(&format!(
                "insert into thing values ({number}, '{id}', '{instant}', {values})"
            ))?;
        }
    }
    Ok(())
}

#[test]
fn what_is_told_anew_is_what_a_rebuild_has() -> Result<()> {
    // SEED tries other days
    let first = std::env::var("SEED").ok().and_then(|it| it.parse().ok());
    for (seed, (key, more)) in (first.unwrap_or(0)..).zip(KINDS) {
        let mut random = StdRng::seed_from_u64(seed);
        let source = |first: &str| {
            let entity = ENTITY.replace("FIRST", first);
            format!(
                "source: crm\ntables:\n  thing: {{key: {key}, columns: {COLUMNS}}}\nentities:\n  thing:\n    from: thing e\n{entity}{more}"
            )
        };
        let files = [
            ("sources/crm.yaml", &*source("lower")),
            ("conformed/thing.yaml", DIMENSION),
        ];
        let tables = "create table thing(n integer, id text, at text, city text, tier text, mail text, origin text, owner text)";
        let case = Case::new(tables, &files)?;
        for at in 1..=4 {
            day(&case, &mut random, (key, at))?;
            case.load(&format!("2025-02-0{at}"))?;
        }
        case.declare("sources/crm.yaml", &source(""))?;
        day(&case, &mut random, (key, 5))?;
        let said = case.load_twice("2025-02-05")?;
        for attribute in ["city", "origin", "owner", "previous_owner"] {
            let told = format!("dim_thing: '{attribute}' is read otherwise");
            ensure!(
                said.out.contains(&told),
                "'{told}' is missing in {}",
                said.out
            );
        }
        let history = case.sql(HISTORY)?;
        ensure!(history.len() > 4, "{history:?}");
        assert_eq!(
            case.rebuilt("anew", HISTORY)?,
            history,
            "{seed} {key} {more}"
        );
    }
    Ok(())
}

/// An attribute that is new, of which packages know the past, leaves that of the others as it was.
#[test]
fn a_new_attribute_leaves_the_past_of_the_others() -> Result<()> {
    let source = format!(
        "source: crm\ntables:\n  thing: {{key: id, columns: {COLUMNS}}}\nentities:\n  thing:\n    from: thing e\n{}",
        ENTITY.replace("FIRST", "")
    );
    let before = DIMENSION.replace("  tier: {type: text, scd: 6}\n", "");
    let files = [
        ("sources/crm.yaml", source.as_str()),
        ("conformed/thing.yaml", &before),
    ];
    let case = Case::new(
        "create table thing(n integer, id text, at text, city text, tier text, mail text, origin text, owner text);
         insert into thing (id, city, tier, owner) values ('a', 'x', '1', 'o'), ('b', 'x', '1', 'o'), ('c', 'z', '1', 'p')",
        &files,
    )?;
    case.load("2025-02-01")?;
    case.change("update thing set city = 'y', owner = 'q' where id = 'a'; update thing set tier = '2' where id = 'b'; delete from thing where id = 'c'")?;
    case.load("2025-02-02")?;
    case.declare("conformed/thing.yaml", DIMENSION)?;
    case.load_twice("2025-02-03")?;
    let history = case.sql(HISTORY)?;
    let values = |row: &Vec<String>| [1, 2, 3, 7].map(|at| row[at].clone()).join(" ");
    let mut told: Vec<String> = history.iter().map(values).collect();
    told.sort();
    assert_eq!(
        told,
        ["a x 1 q", "a y 1 q", "b x 1 o", "b x 2 o", "c z 1 p"]
    );
    assert_eq!(case.rebuilt("anew", HISTORY)?, history);
    Ok(())
}
