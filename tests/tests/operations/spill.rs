//! Facts of many times the memory that a load may take: it takes no more of it, and every row is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

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

/// So many sales, in no order of their days, with notes of 1,600 bytes that nothing can shorten.
fn sales(count: u64) -> String {
    format!(
        "create table sales (id integer primary key, day text, pieces integer, note text);
         insert into sales with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, case when i % 50 = 0 then null else date('2025-01-01', '+' || (i * 7919 % 365) || ' days') end, i % 97,
                hex(randomblob(800)) from n;"
    )
}

fn hoard(count: u64) -> Result<Hoard> {
    let memory = format!("memory_bytes = {MEMORY}\nbatch_rows = 1024");
    let hoard = Hoard::of(&sales(count), TABLES, &memory)?;
    hoard.lab.write("model/stars/hoarded.yaml", STAR)?;
    Ok(hoard)
}

/// Compares the fact with the database: all rows, those that are gone, and the order of each file.
fn check(hoard: &Hoard, gone: u64) -> Result<()> {
    let said = hoard.lab.sql(
        "select count(*), sum(pieces), count(distinct note), sum(cast(source_row_id as bigint) * pieces), sum(sold_key) \
         from star.fact_hoarded where not deleted_at_source",
    )?;
    let expected: Vec<String> = hoard.database()?.query_row(
        "select count(*), sum(pieces), count(distinct note), sum(id * pieces), \
                sum(coalesce(julianday(day) - julianday('1899-12-31'), -1)) from sales",
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

/// The bytes of so many sales.
fn bytes(count: u64) -> u64 {
    count * 1_620
}

#[test]
fn facts_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (21_000, 105_000);
    assert!(bytes(some) > MEMORY && bytes(many) > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let first = [few.load_and_weigh()?, large.load_and_weigh()?];
    check(&large, 0)?;
    // the next night: values, days, ids
    for hoard in [&few, &large] {
        hoard.database()?.execute_batch(
            "update sales set pieces = pieces + 1 where id % 97 = 5;
             update sales set day = '2025-05-05' where id % 89 = 3;
             delete from sales where id % 101 = 7;
             insert into sales select id + 1000000, day, pieces, hex(randomblob(800)) from sales where id % 83 = 1;",
        )?;
    }
    let second = [few.load_and_weigh()?, large.load_and_weigh()?];
    let gone = (1..=many).filter(|id| id % 101 == 7).count();
    check(&large, gone as u64)?;
    for [(small, little), (said, much)] in [first, second] {
        small.done()?;
        said.done()?;
        check_peaks(little, much, MEMORY);
    }
    // nothing has changed since
    let before = large.lab.versions()?.len();
    large.lab.load()?.done()?;
    assert_eq!(large.lab.versions()?.len(), before);
    Ok(())
}
