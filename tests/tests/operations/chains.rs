//! Chains of members, whose pairs are many times the memory that a load may take: it takes no more of it, and every pair is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str =
    "  steps: {key: n, columns: {n: bigint, changed_at: timestamp, before: bigint}}
entities:
  step: {from: steps s, changes: {at: s.changed_at}, columns: {step_id: \"cast(s.n as varchar)\", before: \"cast(s.before as varchar)\"}}
";
const DIMENSION: &str = "planisphere: 1
dimension: step
entity: step
key: step_id
attributes:
  name: {type: text, scd: 1, column: step_id}
parent: {column: before, scd: 2}
hierarchies:
  line: {depth: 2, name: name}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// A chain of so many members.
fn chain(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table steps (n integer primary key, changed_at text, before integer);
         insert into steps with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, '2025-01-01 00:00:00', nullif(i - 1, 0) from n;"
    );
    let hoard = Hoard::of(&sql, TABLES, &format!("memory_bytes = {MEMORY}"))?;
    hoard.lab.write("model/conformed/step.yaml", DIMENSION)?;
    Ok(hoard)
}

/// The pairs of a chain of so many, and the steps between them.
fn pairs(count: u64) -> (u64, u64) {
    (
        count * (count + 1) / 2,
        (count - 1) * count * (count + 1) / 6,
    )
}

/// The bytes of so many pairs.
fn bytes(pairs: u64) -> u64 {
    pairs * 36
}

/// The pairs and steps at an instant, and how many were told by the second load.
fn found(hoard: &Hoard, at: &str) -> Result<Vec<Vec<String>>> {
    hoard.lab.sql(&format!(
        "select count(*), sum(depth), count(*) filter (where audit_key = 2) from star.bridge_step_closure \
         where ancestor_durable_key > 0 and valid_from <= timestamp '{at}' and timestamp '{at}' < valid_to"
    ))
}

/// Pairs at any time that are as many steps apart as their members are in the database.
fn right(hoard: &Hoard) -> Result<Vec<Vec<String>>> {
    hoard.lab.sql(
        "select count(*) from star.bridge_step_closure \
         join star.dim_step a on a.step_durable_key = ancestor_durable_key and a.is_current \
         join star.dim_step d on d.step_durable_key = descendant_durable_key and d.is_current \
         where ancestor_durable_key > 0 and depth = cast(d.name as bigint) - cast(a.name as bigint)",
    )
}

#[test]
fn pairs_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (1_000, 3_100);
    assert!(bytes(pairs(some).0) > MEMORY && bytes(pairs(many).0) > 10 * MEMORY);
    let (few, large) = (chain(some)?, chain(many)?);
    let first = [few.load_and_weigh()?, large.load_and_weigh()?];
    // the last hundred part from the others
    for (hoard, count) in [(&few, some), (&large, many)] {
        let sql = format!(
            "update steps set changed_at = '2025-02-02 00:00:00', before = null where n = {}",
            count - 99
        );
        hoard.database()?.execute_batch(&sql)?;
    }
    let second = [few.load_and_weigh()?, large.load_and_weigh()?];
    for [(small, little), (said, much)] in [first, second] {
        small.done()?;
        said.done()?;
        check_peaks(little, much, MEMORY);
    }
    for (hoard, count) in [(&few, some), (&large, many)] {
        // who was above the last hundred is so until then; the last of the others has nobody below it now, the first of them
        // nobody above
        let (all, rest, tail) = (pairs(count), pairs(count - 100), pairs(100));
        let parted = 100 * (count - 100);
        let text = |numbers: [u64; 3]| [numbers.map(|number| number.to_string())];
        let before = found(hoard, "2025-01-15T00:00:00Z")?;
        assert_eq!(before, text([all.0, all.1, parted + count]));
        let after = found(hoard, "2025-02-15T00:00:00Z")?;
        assert_eq!(after, text([rest.0 + tail.0, rest.1 + tail.1, count]));
    }
    let rows = pairs(some).0 + some;
    assert_eq!(right(&few)?, [[rows.to_string()]]);
    let line = "select level, level_1_durable_key = level_2_durable_key, count(*) from star.bridge_step_line \
                where step_durable_key > 0 and level < 3 and valid_to > timestamp '2025-02-15T00:00:00Z' group by 1, 2 order by 1";
    let expected = [["1", "true", "2"], ["2", "false", "2"]];
    assert_eq!(large.lab.sql(line)?, expected);
    Ok(())
}
