//! Histories that are rebuilt from an audit table, and views, of many times the memory that a load may take: it takes no more of
//! it, and every version is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  members:
    key: n
    columns: {n: bigint, made: timestamp, motto: text}
    history: {audit: told, columns: [motto], created: made, parent: member, at: at, field: what, before: old, after: new}
  told: {key: id, columns: {id: bigint, member: text, at: timestamp, what: text, old: text, new: text}}
views:
  mottos: select n, motto || '!' as motto from members
entities:
  member: {from: members_versions m, columns: {member_id: \"cast(m.n as varchar)\", motto: \"left(m.motto, 32)\"}}
  motto: {from: mottos m, columns: {motto_id: \"cast(m.n as varchar)\", length: \"length(m.motto)\"}}
";
const MEMBER: &str = "planisphere: 1
dimension: member
entity: member
key: member_id
attributes:
  motto: {type: text, scd: 2}
";
const MOTTO: &str = "planisphere: 1
dimension: motto
entity: motto
key: motto_id
attributes:
  length: {type: integer}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many members, each with a text of four kilobytes now, another one before, and both in the audit table.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table members (n integer primary key, made text, motto text);
         insert into members with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, '2025-01-01 00:00:00', hex(randomblob(2000)) from n;
         create table told (id integer primary key, member text, at text, what text, old text, new text);
         insert into told select n * 7, n, '2025-02-02 00:00:00', 'motto', hex(randomblob(2000)), motto from members;"
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/member.yaml", MEMBER)?;
    hoard.lab.write("model/conformed/motto.yaml", MOTTO)?;
    Ok(hoard)
}

fn bytes(count: u64) -> u64 {
    count * 12_000
}

/// Compares the versions that are current, or the others, with texts of the database.
fn check(hoard: &Hoard, versions: &str, texts: &str) -> Result<()> {
    let sums = "count(*), sum(n * unicode), max(motto), min(motto)";
    let found = hoard.lab.sql(&format!(
        "select {sums} from (select cast(member_id as bigint) as n, ascii(substr(motto, 32)) as unicode, motto from star.dim_member \
         where member_key > 0 and {versions})"
    ))?;
    let sql = format!(
        "select {sums} from (select n, unicode(substr(motto, 32, 1)) as unicode, substr(motto, 1, 32) as motto from {texts})"
    );
    let expected = hoard.database()?.query_row(&sql, [], |row| {
        let number = |at| row.get::<_, i64>(at).map(|number| number.to_string());
        Ok([number(0)?, number(1)?, row.get(2)?, row.get(3)?])
    })?;
    assert_eq!(found, [expected]);
    Ok(())
}

#[test]
fn audited_rows_and_views_of_many_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()>
{
    let (some, many) = (1_700, 14_500);
    assert!(bytes(some) > MEMORY && bytes(many) > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let ((small, little), (said, much)) = (few.load_and_weigh()?, large.load_and_weigh()?);
    small.done()?;
    said.done()?;
    check_peaks(little, much, MEMORY);
    check(&large, "is_current", "members")?;
    check(
        &large,
        "not is_current",
        "(select member as n, old as motto from told)",
    )?;
    let lengths =
        "select count(*), min(length), max(length) from star.dim_motto where motto_key > 0";
    assert_eq!(
        large.lab.sql(lengths)?,
        [[many.to_string(), "4001".into(), "4001".into()]]
    );
    Ok(())
}
