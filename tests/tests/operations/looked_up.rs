//! Members that facts look up, of whom there are too many for the memory that a load may take: they lie in files, and every fact
//! finds the version that held.

use anyhow::Result;

use super::hoard::Hoard;

const TABLES: &str = "  people: {key: id, columns: {id: bigint, n: bigint, at: timestamp, city: text}}
  sales: {key: id, columns: {id: bigint, n: text, at: timestamp}}
entities:
  person: {from: people p, changes: {at: p.at}, columns: {person_id: \"cast(p.n as varchar)\", city: p.city}}
  sale: {from: sales s, columns: {id: s.id, person: s.n, at: s.at}}
";
const DIMENSION: &str = "planisphere: 1
dimension: person
entity: person
key: person_id
attributes:
  city: {type: text, scd: 2}
";
const STAR: &str = "planisphere: 1
star: sale
grain: One row is one sale.
entity: sale
key: id
dimensions: {person: {column: person, as_of: at}}
degenerate: {at: {type: timestamp, column: at}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;
/// What a version takes in memory.
const BYTES: u64 = 38;

/// People of whom there are sales, in whatever order, and those of them who move once more.
const SOLD: &str = "k < 6000";
const MOVES: &str = "k < 6000 and k % 10 = 0";

/// So many people, of whom one in nine has moved; and some sales of theirs, and one of nobody.
fn hoard(people: u64) -> Result<Hoard> {
    let sql = format!(
        "create table people (id integer primary key, n integer, at text, city text);
         create table numbers (n integer primary key, k integer);
         insert into numbers with recursive n(i) as (select 1 union all select i + 1 from n where i < {people})
         select i, i * 7919 % {people} from n;
         insert into people (n, at, city) select n, '2025-01-01 00:00:00', 'first ' || n from numbers;
         insert into people (n, at, city) select n, '2025-01-20 00:00:00', 'second ' || n from numbers where n % 9 = 0;
         create table sales (id integer primary key, n text, at text);
         insert into sales select k, n, date('2025-01-05', '+' || (n % 25) || ' days') || ' 12:00:00' from numbers where {SOLD};
         insert into sales values (-1, 'nobody', '2025-01-05 00:00:00');"
    );
    let settings = format!("memory_bytes = {MEMORY}\nrow_group_bytes = 1048576");
    let hoard = Hoard::of(&sql, TABLES, &settings)?;
    hoard.lab.write("model/conformed/person.yaml", DIMENSION)?;
    hoard.lab.write("model/stars/sale.yaml", STAR)?;
    Ok(hoard)
}

/// The next day: some of the people have moved twice more, of which one move was early; some sales are gone, and there are new ones.
fn next() -> String {
    format!(
        "delete from people;
         insert into people (id, n, at, city) select n + 10000000, n, '2025-01-10 00:00:00', 'early ' || n from numbers where {MOVES};
         insert into people (id, n, at, city) select n + 20000000, n, '2025-01-27 00:00:00', 'late ' || n from numbers where {MOVES};
         delete from sales where id % 5 < 2;
         insert into sales select k + 10000, n, '2025-01-30 12:00:00' from numbers where k < 1000;"
    )
}

/// Compares the version of each of so many sales with what the numbers say of it, of whom these have moved once more.
fn check(hoard: &Hoard, people: u64, sales: u64, moves: &str) -> Result<()> {
    let sql = format!(
        "select count(*), count(distinct n), sum(case when id % 10000 = k and city = (case \
           when {moves} and at >= timestamp '2025-01-27' then 'late ' when n % 9 = 0 and at >= timestamp '2025-01-20' then 'second ' \
           when {moves} and at >= timestamp '2025-01-10' then 'early ' else 'first ' end) || n then 0 else 1 end) \
         from (select *, n * 7919 % {people} as k from \
           (select d.city, f.at, try_cast(d.person_id as bigint) as n, cast(f.source_row_id as bigint) as id from star.fact_sale f \
            join star.dim_person d on d.person_key = f.person_key where f.source_row_id <> '-1'))"
    );
    let right = [sales.to_string(), "6000".into(), "0".into()];
    assert_eq!(hoard.lab.sql(&sql)?, [right]);
    let nobody = "select d.person_id from star.fact_sale f join star.dim_person d on d.person_key = f.person_key \
                  where f.source_row_id = '-1'";
    assert_eq!(hoard.lab.sql(nobody)?, [["nobody"]]);
    Ok(())
}

#[test]
fn members_that_do_not_fit_into_memory_are_looked_up_in_files() -> Result<()> {
    let people = 450_000;
    assert!(people * BYTES > MEMORY);
    let hoard = hoard(people)?;
    hoard.lab.load()?.done()?;
    check(&hoard, people, 6_000, "false")?;
    hoard.database()?.execute_batch(&next())?;
    let (said, in_files) = hoard.load_and_weigh()?;
    said.done()?;
    check(&hoard, people, 7_000, MOVES)?;
    // where there is enough memory they lie in it, and the same is found
    let more = format!("memory_bytes = {}", 4 * MEMORY);
    let settings = format!("memory_bytes = {MEMORY}");
    hoard.lab.replace("planisphere.toml", &settings, &more)?;
    let sales =
        "insert into sales select k + 20000, n, '2025-01-30 12:00:00' from numbers where k < 500;";
    hoard.database()?.execute_batch(sales)?;
    let (said, in_memory) = hoard.load_and_weigh()?;
    said.done()?;
    check(&hoard, people, 7_500, MOVES)?;
    let less = in_memory.saturating_sub(in_files) << 10;
    assert!(less > people * BYTES / 3, "{less} bytes less");
    Ok(())
}
