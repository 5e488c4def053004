//! Dimensions of many times the memory that a load may take, whose model gets another attribute: every member is built anew, and
//! that takes no more of it.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};
use super::throng::{DIMENSION, MEMORY, bytes, hoard};

/// Which key means whom.
fn keys(hoard: &Hoard, count: u64) -> Result<Vec<Vec<String>>> {
    hoard.lab.sql(&format!(
        "select count(*), sum(member_key * cast(member_id as bigint)), count(distinct member_id), min(member_key), max(member_key) \
         from star.dim_member where member_key between 1 and {count}"
    ))
}

/// Everybody has another rank and motto; of one in ten both are as they were.
const NEXT: &str = "update members set changed_at = '2025-02-02 00:00:00', rank = n * 17 % 89 + 100, motto = hex(randomblob(1500))
    where n % 10 <> 0;";

fn remodel(hoard: &Hoard) -> Result<()> {
    let more = format!(
        "{DIMENSION}  step: {{type: integer, scd: 2, column: rank}}\n  tale: {{type: text, scd: 1, column: story}}\n"
    );
    hoard.lab.write("model/conformed/member.yaml", more)
}

/// Loads few and many members, then what they are next under another model; the many may not take more memory than the few.
fn load_and_remodel(changes: &str) -> Result<()> {
    let (some, many) = (6_000, 28_000);
    assert!(bytes(some) > MEMORY && bytes(many) > 10 * MEMORY);
    let (few, large) = (hoard(some, changes)?, hoard(many, changes)?);
    for hoard in [&few, &large] {
        hoard.lab.load()?.done()?;
        hoard.database()?.execute_batch(NEXT)?;
        remodel(hoard)?;
    }
    let before = keys(&large, many)?;
    let ((small, little), (said, much)) = (few.load_and_weigh()?, large.load_and_weigh()?);
    small.done()?;
    said.done()?;
    check_peaks(little, much, MEMORY);
    assert_eq!(keys(&large, many)?, before, "no key moves");
    // what is new is what it is made of, in every version, and of all versions but the last it is that of then
    let right = "select count(*), count(*) filter (where step = rank and tale = story), count(*) filter (where step >= 100)
        from star.dim_member where member_key > 0";
    let again = many / 10 * 9;
    let expected = [many + again, many + again, again].map(|rows| rows.to_string());
    assert_eq!(large.lab.sql(right)?, [expected]);
    let before = large.lab.versions()?.len();
    large.lab.load()?.done()?;
    assert_eq!(large.lab.versions()?.len(), before);
    Ok(())
}

#[test]
fn streams_of_many_times_the_memory_get_another_attribute_in_it() -> Result<()> {
    load_and_remodel("changes: {at: m.changed_at}, ")
}

#[test]
fn present_members_of_many_times_the_memory_get_another_attribute_in_it() -> Result<()> {
    load_and_remodel("")
}
