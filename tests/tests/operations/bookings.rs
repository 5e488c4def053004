//! Corrections as rows of their own, of many times the memory that a load may take: it takes no more of it, and every booking is
//! right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str =
    "  sales: {key: id, columns: {id: bigint, day: date, pieces: integer, note: text}}
entities:
  booked: {from: sales s, columns: {id: s.id, day: s.day, pieces: s.pieces, note: s.note}}
";
const STAR: &str = "planisphere: 1
star: booked
grain: One row is one booking of one sale.
kind: transaction
corrections: offset
entity: booked
key: id
dimensions: {sold: {dimension: date, column: day}}
degenerate: {note: text}
measures: {pieces: {type: integer, column: pieces}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many sales, in no order of their days, with notes of twice so many bytes that nothing can shorten.
fn hoard(count: u64, note: u64) -> Result<Hoard> {
    let sql = format!(
        "create table sales (id integer primary key, day text, pieces integer, note text);
         insert into sales with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, date('2025-01-01', '+' || (i * 7919 % 365) || ' days'), i % 97, hex(randomblob({note})) from n;"
    );
    let memory = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &memory)?;
    hoard.lab.write("model/stars/booked.yaml", STAR)?;
    Ok(hoard)
}

/// All bookings together are what the source says now; so many rows are more than that, two for each that was corrected.
fn check(hoard: &Hoard, corrected: u64, gone: u64) -> Result<()> {
    let said = hoard.lab.sql(
        "select sum(booked), sum(pieces), sum(booked * cast(split_part(source_row_id, '#', 1) as bigint)), sum(booked * sold_key), count(*) \
         from star.fact_booked",
    )?;
    let more = 2 * corrected + 2 * gone;
    let expected: Vec<String> = hoard.database()?.query_row(
        "select count(*), sum(pieces), sum(id), sum(julianday(day) - julianday('1899-12-31')), count(*) + ?1 from sales",
        [i64::try_from(more)?],
        |row| {
            let number = |at| row.get::<_, f64>(at).map(|number| format!("{number:.0}"));
            (0..5).map(number).collect()
        },
    )?;
    assert_eq!(said, [expected]);
    // of each sale one booking stands at most
    let odd = "select count(*) from (select split_part(source_row_id, '#', 1) as id, sum(booked) as standing, count(distinct note) as notes \
               from star.fact_booked group by 1) where standing not in (0, 1) or notes > 2";
    assert_eq!(hoard.lab.sql(odd)?, [["0"]]);
    Ok(())
}

#[test]
fn corrections_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (4_000, 28_000);
    assert!(many * 6_020 > 10 * MEMORY);
    let (few, large) = (hoard(some, 3_000)?, hoard(many, 3_000)?);
    for hoard in [&few, &large] {
        hoard.lab.load()?.done()?;
        hoard.database()?.execute_batch(
            "update sales set pieces = pieces + 1 where id % 4 = 0;
             delete from sales where id % 101 = 7;",
        )?;
    }
    let [(small, little), (said, much)] = [few.load_and_weigh()?, large.load_and_weigh()?];
    small.done()?;
    said.done()?;
    check_peaks(little, much, MEMORY);
    let gone = (1..=many).filter(|id| id % 101 == 7).count() as u64;
    let corrected = (1..=many).filter(|id| id % 4 == 0 && id % 101 != 7);
    check(&large, corrected.count() as u64, gone)?;
    Ok(())
}

#[test]
fn corrections_of_corrections_are_right_however_many_rounds_look_at_them() -> Result<()> {
    // 88 bytes each are more than half of the memory
    let many = 100_000;
    let hoard = hoard(many, 4)?;
    hoard.lab.load()?.done()?;
    let (mut corrected, mut gone) = (0, 0);
    for night in 2..4 {
        let sql = format!(
            "update sales set pieces = pieces + {night}, day = '2025-05-0{night}' where id % 31 < {night};
             delete from sales where id % 101 = {night};"
        );
        let database = hoard.database()?;
        database.execute_batch(&sql)?;
        gone += database.changes();
        let again = database.query_row(
            "select count(*) from sales where id % 31 < ?1",
            [night],
            |row| row.get::<_, u32>(0),
        )?;
        corrected += u64::from(again);
        hoard.lab.load()?.done()?;
        check(&hoard, corrected, gone)?;
    }
    let before = hoard.lab.versions()?.len();
    hoard.lab.load()?.done()?;
    assert_eq!(hoard.lab.versions()?.len(), before);
    Ok(())
}
