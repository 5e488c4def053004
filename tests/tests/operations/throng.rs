//! Dimensions of many times the memory that a load may take: it takes no more of it, and every version is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

pub(crate) const DIMENSION: &str = "planisphere: 1
dimension: member
entity: member
key: member_id
attributes:
  rank: {type: integer, scd: 2}
  name: {type: text, scd: 1}
  motto: {type: text, scd: 2}
  story: {type: text, scd: 1}
";
/// The least that can be set.
pub(crate) const MEMORY: u64 = 16 << 20;

fn tables(changes: &str) -> String {
    format!(
        "  members: {{key: n, columns: {{n: bigint, changed_at: timestamp, rank: integer, name: text, motto: text, story: text}}}}
entities:
  member: {{from: members m, {changes}columns: {{member_id: \"cast(m.n as varchar)\", rank: m.rank, name: m.name, motto: m.motto, story: m.story}}}}
"
    )
}

/// So many members, with texts of six kilobytes that nothing can shorten.
pub(crate) fn hoard(count: u64, changes: &str) -> Result<Hoard> {
    let sql = format!(
        "create table members (n integer primary key, changed_at text, rank integer, name text, motto text, story text);
         insert into members with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, '2025-01-01 00:00:00', i * 31 % 97, 'name ' || i, hex(randomblob(1500)), hex(randomblob(1500)) from n;
         create table before as select n, rank, motto from members;"
    );
    let hoard = Hoard::of(
        &sql,
        &tables(changes),
        &format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304"),
    )?;
    hoard.lab.write("model/conformed/member.yaml", DIMENSION)?;
    Ok(hoard)
}

pub(crate) fn bytes(count: u64) -> u64 {
    count * 6_050
}

/// Everybody has another rank and story and another motto, all at once.
const NEXT: &str = "update members set changed_at = '2025-02-02 00:00:00', rank = n * 17 % 89 + 100, name = 'new ' || n,
    motto = hex(randomblob(1500)), story = hex(randomblob(1500));";

/// Compares the versions with the database, where what was before stands in a table of its own.
fn check(hoard: &Hoard, is_next: bool) -> Result<()> {
    let sums = "count(*), sum(n * rank), count(distinct motto), max(motto)";
    let found = |versions: &str| {
        hoard.lab.sql(&format!(
            "select {sums} from (select cast(member_id as bigint) as n, rank, motto from star.dim_member \
             where member_key > 0 and {versions})"
        ))
    };
    let expected = |table: &str| -> Result<Vec<Vec<String>>> {
        let sql = format!("select {sums} from {table}");
        let row = hoard.database()?.query_row(&sql, [], |row| {
            let number = |at| row.get::<_, i64>(at).map(|number| number.to_string());
            Ok(vec![number(0)?, number(1)?, number(2)?, row.get(3)?])
        })?;
        Ok(vec![row])
    };
    assert_eq!(found("is_current")?, expected("members")?);
    if is_next {
        assert_eq!(found("not is_current")?, expected("before")?);
        // each ends where the next begins, and what has no history stands in both
        let odd = "select count(*) from star.dim_member a join star.dim_member b on b.member_id = a.member_id where a.member_key > 0 \
                   and a.is_current and not b.is_current and (a.valid_from <> b.valid_to or a.story <> b.story \
                   or a.name <> 'new ' || a.member_id or b.name <> a.name)";
        assert_eq!(hoard.lab.sql(odd)?, [["0"]]);
    }
    let keys = "select count(*) = max(member_key), min(member_key), count(distinct member_key) = count(*), \
                max(member_durable_key) = count(distinct member_id) from star.dim_member where member_key > 0";
    assert_eq!(hoard.lab.sql(keys)?, [["true", "1", "true", "true"]]);
    Ok(())
}

/// Loads few and many members twice, the second time everybody else; the many may not take more memory than the few.
fn first_and_next(changes: &str) -> Result<()> {
    let (some, many) = (6_000, 28_000);
    assert!(bytes(some) > MEMORY && bytes(many) > 10 * MEMORY);
    let (few, large) = (hoard(some, changes)?, hoard(many, changes)?);
    let first = [few.load_and_weigh()?, large.load_and_weigh()?];
    check(&large, false)?;
    for hoard in [&few, &large] {
        hoard.database()?.execute_batch(NEXT)?;
    }
    let second = [few.load_and_weigh()?, large.load_and_weigh()?];
    check(&large, true)?;
    for [(small, little), (said, much)] in [first, second] {
        small.done()?;
        said.done()?;
        check_peaks(little, much, MEMORY);
    }
    // the same once more touches everybody again, if it holds changes, and changes nobody
    let before = large.lab.versions()?.len();
    large.lab.load()?.done()?;
    assert_eq!(large.lab.versions()?.len(), before);
    Ok(())
}

#[test]
fn streams_of_changes_of_many_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    first_and_next("changes: {at: m.changed_at}, ")
}

#[test]
fn present_members_of_many_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    first_and_next("")
}
