//! Facts of many times the memory that a load may take, of which it gives none and of which only the staging of an earlier load knows
//! when they were looked up: it takes no more of it, and each has the version that its member had.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  people: {key: n, columns: {n: bigint, id: bigint, at: timestamp, city: text}}
  sales: {key: id, columns: {id: bigint, person: bigint, sold: timestamp, note: text}}
entities:
  person:
    from: people p
    changes: {at: p.at, sequence: p.n}
    columns: {person_id: \"cast(p.id as varchar)\", city: p.city}
  sale: {from: sales s, columns: {id: s.id, person: \"cast(s.person as varchar)\", sold: s.sold, note: s.note}}
";
const PERSON: &str = "planisphere: 1
dimension: person
entity: person
key: person_id
attributes: {city: {type: text, scd: 2}}
";
const STAR: &str = "planisphere: 1
star: sale
grain: One row is one sale.
kind: transaction
entity: sale
key: id
dimensions: {person: {column: person, as_of: sold}}
degenerate: {note: text}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many sales to ten people, of whom 6,000 bytes are told.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table people (n integer primary key, id integer, at text, city text);
         insert into people with recursive n(i) as (select 0 union all select i + 1 from n where i < 9)
         select i, i, '2025-01-01 00:00:00', 'first ' || i from n;
         create table sales (id integer primary key, person integer, sold text, note text);
         insert into sales with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i, i * 7919 % 10, date('2025-01-01', '+' || (i % 150) || ' days') || ' 09:00:00', hex(randomblob(3000)) from n;"
    );
    let etl = format!(
        "memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304\nvanish_limit_permille = 1000"
    );
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/person.yaml", PERSON)?;
    hoard.lab.write("model/stars/sale.yaml", STAR)?;
    Ok(hoard)
}

/// How many sales, and the sum of their ids, were to people of each city.
fn check(hoard: &Hoard) -> Result<()> {
    let said = hoard.lab.sql(
        "select p.city, count(*), sum(cast(source_row_id as bigint)) from star.fact_sale f \
         join star.dim_person p on p.person_key = f.person_key group by 1 order by 1",
    )?;
    let database = hoard.database()?;
    let mut expected = database.prepare(
        "select (select city from people p where p.id = person and p.at <= sold order by p.at desc limit 1) as city, count(*), sum(id) \
         from given group by 1 order by 1",
    )?;
    let expected = expected.query_map([], |row| {
        let numbers: (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(vec![
            row.get(0)?,
            numbers.0.to_string(),
            numbers.1.to_string(),
        ])
    })?;
    assert_eq!(said, expected.collect::<Result<Vec<Vec<String>>, _>>()?);
    Ok(())
}

#[test]
fn rows_in_doubt_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (4_000, 28_000);
    assert!(some * 6_020 > MEMORY && many * 6_020 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    for hoard in [&few, &large] {
        hoard.lab.load()?.done()?;
        // everybody moved half way through, as is known now that nobody knows the sales any more
        hoard.database()?.execute_batch(
            "create table given as select id, person, sold from sales;
             delete from sales where id > 10;
             insert into people select n + 10, id, '2025-03-01 00:00:00', 'second ' || id from people;",
        )?;
    }
    let [(small, little), (said, much)] = [few.load_and_weigh()?, large.load_and_weigh()?];
    small.done()?;
    said.done()?;
    check(&few)?;
    check(&large)?;
    check_peaks(little, much, MEMORY);
    Ok(())
}
