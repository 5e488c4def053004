//! Facts of many times the memory that a load may take, which are gone from the source when their star gets another column: what the
//! packages of earlier loads know of it takes no more of the memory, and every row has its own.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  calls: {key: id, columns: {id: bigint, n: integer, note: text}}
entities:
  call: {from: calls c, columns: {id: \"cast(c.id as varchar)\", n: c.n, note: c.note}}
";
const STAR: &str = "planisphere: 1
star: call
grain: One row is one call.
kind: transaction
entity: call
key: id
measures: {n: {type: integer}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many calls, of which 6,000 bytes are told.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table calls (id integer primary key, n integer, note text);
         insert into calls with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, i * 31 % 1000, i || '/' || hex(randomblob(3000)) from n;"
    );
    let etl = format!(
        "memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304\nvanish_limit_permille = 1000"
    );
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/stars/call.yaml", STAR)?;
    Ok(hoard)
}

/// Loads, and again when nearly all calls are gone, some have changed, and the star tells notes; the peak of the second load.
fn load_twice(hoard: &Hoard) -> Result<u64> {
    hoard.lab.load()?.done()?;
    hoard.database()?.execute_batch(
        "create table told (id integer primary key, n integer, note text);
         insert into told select * from calls;
         delete from calls where id % 100 <> 1;
         update calls set n = n + 1, note = id || '/' || hex(randomblob(10)) where id % 200 = 1;
         insert or replace into told select * from calls;",
    )?;
    let star = format!("{STAR}degenerate: {{note: text}}\n");
    hoard.lab.write("model/stars/call.yaml", star)?;
    let (said, peak) = hoard.load_and_weigh()?;
    said.done()?;
    Ok(peak)
}

#[test]
fn facts_of_ten_times_the_memory_get_a_column_of_earlier_packages_in_it() -> Result<()> {
    let (some, many) = (3_000, 28_500);
    assert!(some * 6_000 > MEMORY && many * 6_000 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let (little, much) = (load_twice(&few)?, load_twice(&large)?);
    for hoard in [&few, &large] {
        let (count, sum, lengths): (i64, i64, i64) = hoard.database()?.query_row(
            "select count(*), sum(n), sum(length(note)) from told",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let said = hoard.lab.sql(
            "select count(*), sum(n), sum(length(note)) from star.fact_call where starts_with(note, source_row_id || '/')",
        )?;
        let expected = [count, sum, lengths].map(|it| it.to_string());
        assert_eq!(said, [expected]);
    }
    check_peaks(little, much, MEMORY);
    Ok(())
}
