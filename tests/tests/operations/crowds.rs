//! Bridges of many times the memory that a load may take: it takes no more of it, and every fact has its members with their weights.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  people: {key: id, columns: {id: bigint, changed_at: timestamp, name: text}}
  deals: {key: id, columns: {id: text, n: bigint, day: date}}
  shares: {key: id, columns: {id: bigint, deal: text, person: bigint, part: integer, note: text}}
entities:
  person:
    from: people p
    changes: {at: p.changed_at}
    columns: {person_id: \"cast(p.id as varchar)\", name: p.name}
  deal: {from: deals d, columns: {id: d.id, n: d.n, day: d.day}}
  share: {from: shares s, columns: {deal: s.deal, person: \"cast(s.person as varchar)\", part: s.part, note: s.note}}
";
const PERSON: &str = "planisphere: 1
dimension: person
entity: person
key: person_id
attributes: {name: {type: text, scd: 1}}
";
const STAR: &str = "planisphere: 1
star: deal
grain: One row is one deal.
kind: transaction
entity: deal
key: id
dimensions: {sold: {dimension: date, column: day}}
bridges: {person: {entity: share, facts: deal, column: person, weight: part}}
measures: {n: {type: integer, column: n}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many deals, whose ids have 600 bytes, with three people each and no two in the same parts, of whom 4,800 bytes are told.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table people (id integer primary key, changed_at text, name text);
         insert into people with recursive n(i) as (select 0 union all select i + 1 from n where i < 9)
         select i, '2024-01-01 00:00:00', 'name ' || i from n;
         create table deals (id text primary key, n integer, day text);
         insert into deals with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i || hex(randomblob(300)), i, date('2025-01-01', '+' || (i * 7919 % 365) || ' days') from n;
         create table shares (id integer primary key, deal text, person integer, part integer, note text);
         insert into shares select 3 * n + k, id, (n + 2 * k) % 10, 1 + n * (k + 1), hex(randomblob(2400))
         from deals, (select 0 as k union all select 1 union all select 2);
         create index of_deal on shares (deal);"
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/person.yaml", PERSON)?;
    hoard.lab.write("model/stars/deal.yaml", STAR)?;
    Ok(hoard)
}

/// Every person has the parts in the deals that the source says, and all parts of a deal are one.
fn check(hoard: &Hoard) -> Result<()> {
    let said = hoard.lab.sql(
        "select p.person_id, count(*), round(cast(sum(b.weight * f.n) as double) / 10), count(distinct b.person_group_key) \
         from star.fact_deal f join star.bridge_person b on b.person_group_key = f.person_group_key \
         join star.dim_person p on p.person_key = b.person_key where not f.deleted_at_source group by 1 order by 1",
    )?;
    let said: Vec<Vec<f64>> = said
        .iter()
        .map(|row| row.iter().map(|it| it.parse()).collect::<Result<_, _>>())
        .collect::<Result<_, _>>()?;
    let database = hoard.database()?;
    let mut expected = database.prepare(
        "select person, count(*), round(sum(1.0 * part / (select sum(part) from shares a where a.deal = s.deal) * n) / 10), count(*) \
         from shares s join deals d on d.id = s.deal group by 1 order by 1",
    )?;
    let expected = expected.query_map([], |row| (0..4).map(|at| row.get(at)).collect())?;
    assert_eq!(said, expected.collect::<Result<Vec<Vec<f64>>, _>>()?);
    let odd = "select count(*) from (select person_group_key, sum(weight) as whole from star.bridge_person group by 1) where whole <> 1";
    assert_eq!(hoard.lab.sql(odd)?, [["0"]]);
    Ok(())
}

#[test]
fn groups_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (1_100, 10_400);
    assert!(3 * some * 5_420 > MEMORY && 3 * many * 5_420 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let (small, little) = few.load_and_weigh()?;
    small.done()?;
    let (said, first) = large.load_and_weigh()?;
    said.done()?;
    check(&large)?;
    large.database()?.execute_batch(
        "update shares set part = part + 1 where id % 97 = 5;
         delete from shares where id % 101 = 7;
         delete from deals where n % 89 = 3;",
    )?;
    let (said, second) = large.load_and_weigh()?;
    said.done()?;
    check(&large)?;
    for much in [first, second] {
        check_peaks(little, much, MEMORY);
    }
    Ok(())
}
