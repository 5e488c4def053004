//! Facts of many times the memory that a load may take: it takes no more of it, and every row is right.

use anyhow::Result;

use super::hoard::Hoard;

const TABLES: &str =
    "  sales: {key: id, columns: {id: bigint, day: date, pieces: integer, note: text}}
entities:
  hoarded: {from: sales s, columns: {id: s.id, day: s.day, pieces: s.pieces, note: s.note}}
";
const STAR: &str = "planisphere: 1
star: hoarded
grain: One row is one sale.
kind: transaction
entity: hoarded
key: id
dimensions: {sold: {dimension: date, column: day}}
degenerate: {note: text}
measures: {pieces: {type: integer, column: pieces}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many sales, in no order of their days, with notes of 800 bytes that nothing can shorten.
fn sales(count: u64) -> String {
    format!(
        "create table sales (id integer primary key, day text, pieces integer, note text);
         insert into sales with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, case when i % 50 = 0 then null else date('2024-01-01', '+' || (i * 7919 % 500) || ' days') end, i % 97,
                hex(randomblob(400)) from n;"
    )
}

fn hoard(count: u64) -> Result<Hoard> {
    let memory = format!("memory_bytes = {MEMORY}");
    let hoard = Hoard::of(&sales(count), TABLES, &memory)?;
    hoard.lab.write("model/stars/hoarded.yaml", STAR)?;
    Ok(hoard)
}

/// Compares the fact with the database: all rows, those that are gone, and the order of each file.
fn check(hoard: &Hoard, gone: u64) -> Result<()> {
    let said = hoard.lab.sql(
        "select count(*), sum(f.pieces), count(distinct f.note), sum(cast(f.source_row_id as bigint) * f.pieces), \
                sum(case when f.sold_key > 0 then date_diff('day', date '2000-01-01', d.date) else 0 end) \
         from star.fact_hoarded f join star.dim_date d on d.date_key = f.sold_key where not f.deleted_at_source",
    )?;
    let expected: Vec<String> = hoard.database()?.query_row(
        "select count(*), sum(pieces), count(distinct note), sum(id * pieces), \
                sum(coalesce(julianday(day) - julianday('2000-01-01'), 0)) from sales",
        [],
        |row| {
            let number = |at| row.get::<_, f64>(at).map(|number| format!("{number:.0}"));
            (0..5).map(number).collect()
        },
    )?;
    assert_eq!(said, [expected]);
    let marked = "select count(*) from star.fact_hoarded where deleted_at_source";
    assert_eq!(hoard.lab.sql(marked)?, [[gone.to_string()]]);
    Ok(())
}

#[test]
fn facts_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let small = hoard(2_000)?;
    let (said, little) = small.load_and_weigh()?;
    said.done()?;
    let count = 220_000;
    let large = hoard(count)?;
    let (said, much) = large.load_and_weigh()?;
    said.done()?;
    check(&large, 0)?;
    let bytes = count * 820;
    assert!(bytes > 10 * MEMORY);
    // beside what may wait there are the row groups that are being read and written
    let more = (much - little) << 10;
    assert!(more < bytes / 2, "{more} bytes more for {bytes}");
    // the next night: values, days, ids
    large.database()?.execute_batch(
        "update sales set pieces = pieces + 1 where id % 97 = 5;
         update sales set day = '2025-05-05' where id % 89 = 3;
         delete from sales where id % 101 = 7;
         insert into sales select id + 1000000, day, pieces, hex(randomblob(400)) from sales where id % 83 = 1;",
    )?;
    let (said, again) = large.load_and_weigh()?;
    said.done()?;
    check(&large, count.div_ceil(101) - u64::from(count % 101 < 7))?;
    let more = again.saturating_sub(little) << 10;
    assert!(
        more < bytes,
        "{more} bytes more for {bytes} that are published"
    );
    // nothing has changed since
    let before = large.lab.versions()?.len();
    large.lab.load()?.done()?;
    assert_eq!(large.lab.versions()?.len(), before);
    Ok(())
}
