//! Very many rejected rows: all are kept, none are held in memory, and a load that rejects far too much ends early.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::hoard::{Hoard, package};

const TABLE: &str = "  bad: {key: id, columns: {id: bigint, v: integer, note: text}}\n";

/// So many rows of which every one is rejected but each tenth.
fn bad(count: u64) -> String {
    format!(
        "create table bad (id integer primary key, v, note text);
         insert into bad with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, case when i % 10 = 0 then i else 'v' || i end, 'a note of some length about row ' || i from n;"
    )
}

/// Loads a hoard of so many rows; the memory that it took, in KiB.
fn weighed(count: u64) -> Result<(Hoard, u64)> {
    let hoard = Hoard::of(&bad(count), TABLE, "reject_limit_permille = 1000")?;
    let (said, peak) = hoard.load_and_weigh()?;
    said.done()?;
    let counts = &package(&hoard.lab)?["sources"]["hoard"]["tables"]["bad"];
    let number = |name: &str| counts[name].as_u64();
    let expected = [count, count / 10, count - count / 10].map(Some);
    assert_eq!(
        [number("read"), number("staged"), number("rejected")],
        expected
    );
    assert_eq!(
        counts["rejects"]["by_reason"]["invalid_v"].as_u64(),
        expected[2]
    );
    Ok((hoard, peak))
}

#[test]
fn rejected_rows_are_all_kept_and_take_no_memory() -> Result<()> {
    let (small, little) = weighed(20_000)?;
    let (large, much) = weighed(200_000)?;
    for (hoard, count) in [(&small, 20_000_u64), (&large, 200_000)] {
        // what is kept of them is what they were: counted, and summed up over their keys and values
        let kept = hoard.lab.sql(
            "select count(*), count(distinct row_id), sum(cast(row_id as bigint)), \
                    sum(case when row_json like '%\"v\":\"v' || row_id || '\"%' then 1 else 0 end) \
             from audit.audit_reject where object = 'bad' and reason = 'invalid_v' and stage = 'extract'",
        )?;
        let bad = count - count / 10;
        let tens = count / 10;
        let sum = count * (count + 1) / 2 - 10 * tens * (tens + 1) / 2;
        let expected = [bad, bad, sum, bad].map(|number| number.to_string());
        assert_eq!(kept, [expected]);
    }
    let manifest =
        |hoard: &Hoard| -> Result<usize> { Ok(serde_json::to_vec(&package(&hoard.lab)?)?.len()) };
    assert!(manifest(&large)? < manifest(&small)? + 100);
    // 160,000 rows more, of some 250 bytes each, would be 40 MB
    assert!(
        much < little + 28_000,
        "{little} KiB became {much} KiB with ten times the rows"
    );
    Ok(())
}

#[test]
fn a_load_that_may_reject_nothing_ends_at_the_first_reject() -> Result<()> {
    let hoard = Hoard::of(
        &bad(50_000),
        TABLE,
        "reject_limit_permille = 0\nbatch_rows = 100",
    )?;
    let said = hoard.start(&[])?.ended()?;
    said.refused(
        2,
        &[
            "'bad' was not read to its end: 90 of the first 100 rows are rejected",
            "more than the allowed 0 per thousand",
            "first row '1': v 'v1' is not a whole number",
            "raise [etl] reject_limit_permille",
        ],
    )?;
    let status = hoard.lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("invalid_v: 90"), "{status}");
    assert!(hoard.lab.versions()?.is_empty());
    Ok(())
}

#[test]
fn a_load_ends_once_the_rest_of_a_table_cannot_make_up_for_its_rejects() -> Result<()> {
    let hoard = Hoard::of(
        &bad(100_000),
        TABLE,
        "reject_limit_permille = 50\nbatch_rows = 1000",
    )?;
    // one in twenty of 100,000 is 5,000, and nine in ten of the first 6,000 are 5,400
    let expected = "'bad' was not read to its end: 5400 of the first 6000 rows are rejected, \
                    more than the allowed 50 per thousand of all that it can have";
    hoard.start(&[])?.ended()?.refused(2, &[expected])?;
    let status = hoard.lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("invalid_v: 5,400"), "{status}");
    Ok(())
}

#[test]
fn a_load_ends_with_the_table_that_rejects_too_much() -> Result<()> {
    let sql = format!("{}; create table good (id integer primary key)", bad(1_000));
    let tables = format!("{TABLE}  good: {{key: id, columns: {{id: bigint}}}}\n");
    let hoard = Hoard::of(&sql, &tables, "reject_limit_permille = 899")?;
    hoard.start(&[])?.ended()?.refused(
        2,
        &["'bad' rejects 900 of 1000 rows, more than the allowed 899 per thousand"],
    )?;
    let status = hoard.lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("invalid_v: 900"), "{status}");
    // what may just be, may be
    let settings = ("planisphere.toml", "permille = 899", "permille = 900");
    hoard.lab.replace(settings.0, settings.1, settings.2)?;
    hoard.start(&[])?.ended()?.done()?;
    assert_eq!(hoard.lab.versions()?, ["1"]);
    let kept = "select count(*) from audit.audit_reject where object = 'bad'";
    assert_eq!(hoard.lab.sql(kept)?, rows(&[&["900"]]));
    Ok(())
}
