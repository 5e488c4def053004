//! Mini-dimensions of members whose combinations take many times the memory that a load may take: it takes no more of it, and
//! everybody has the right one.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str =
    "  members: {key: n, columns: {n: bigint, changed_at: timestamp, name: text, taste: text}}
entities:
  member:
    from: members m
    changes: {at: m.changed_at}
    columns: {member_id: \"cast(m.n as varchar)\", name: m.name, taste: m.taste}
";
const MEMBER: &str = "planisphere: 1
dimension: member
entity: member
key: member_id
attributes:
  name: {type: text, scd: 1}
  taste: {type: text, scd: 4, mini: liking}
";
const LIKING: &str = "planisphere: 1
dimension: liking
mini_of: member
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many members, with one of ten tastes, which are texts of three kilobytes.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table tastes (k integer primary key, taste text);
         insert into tastes with recursive n(i) as (select 0 union all select i + 1 from n where i < 9)
         select i, i || hex(randomblob(1500)) from n;
         create table members (n integer primary key, changed_at text, name text, taste text);
         insert into members with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, '2025-01-01 00:00:00', 'name ' || i, taste from n, tastes where k = i % 10;"
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/member.yaml", MEMBER)?;
    hoard.lab.write("model/conformed/liking.yaml", LIKING)?;
    Ok(hoard)
}

fn bytes(count: u64) -> u64 {
    count * 3_000
}

#[test]
fn combinations_of_many_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (16_000, 56_000);
    assert!(bytes(some) > MEMORY && bytes(many) > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let ((small, little), (said, much)) = (few.load_and_weigh()?, large.load_and_weigh()?);
    small.done()?;
    said.done()?;
    check_peaks(little, much, MEMORY);
    let likings =
        "select count(*), count(distinct taste) from star.dim_liking where liking_key > 0";
    assert_eq!(large.lab.sql(likings)?, [["10", "10"]]);
    let right = "select count(*), count(distinct m.member_id) from star.dim_member m \
                 join star.dim_liking l on l.liking_key = m.current_liking_key \
                 where substr(l.taste, 1, 1) = right(m.member_id, 1) and l.liking_id = m.current_liking_id";
    assert_eq!(
        large.lab.sql(right)?,
        [[many.to_string(), many.to_string()]]
    );
    Ok(())
}
