//! Members of many times the memory that a load may take, to whom facts refer and of whom nobody tells: it takes no more of it, and
//! each of them is inferred once.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  people: {key: id, columns: {id: text, name: text}}
  calls: {key: id, columns: {id: bigint, person: text}}
entities:
  person: {from: people p, columns: {id: p.id, name: p.name}}
  call: {from: calls c, columns: {id: \"cast(c.id as varchar)\", n: c.id, person: c.person}}
";
const PERSON: &str = "planisphere: 1
dimension: person
entity: person
key: id
attributes: {name: {type: text, scd: 1}}
";
const STAR: &str = "planisphere: 1
star: call
grain: One row is one call.
kind: transaction
entity: call
key: id
dimensions: {person: {column: person}}
measures: {n: {type: integer}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;
/// The calls of somebody else, whose id has 6,000 bytes, from one number to another.
fn calls(first: u64, last: u64) -> String {
    format!(
        "insert into calls with recursive n(i) as (select {first} union all select i + 1 from n where i < {last})
         select i, i || hex(randomblob(3000)) from n;"
    )
}

/// So many calls, each of somebody else, and ten people who did not call.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table people (id text primary key, name text);
         insert into people with recursive n(i) as (select 1 union all select i + 1 from n where i < 10)
         select 'p' || i, 'name ' || i from n;
         create table calls (id integer primary key, person text);
         {}",
        calls(1, count)
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/person.yaml", PERSON)?;
    hoard.lab.write("model/stars/call.yaml", STAR)?;
    Ok(hoard)
}

/// Every call has its person, and nobody has two keys.
fn check(hoard: &Hoard) -> Result<()> {
    let database = hoard.database()?;
    let number = |sql: &str| -> Result<String> {
        Ok(database
            .query_row(sql, [], |row| row.get::<_, i64>(0))?
            .to_string())
    };
    let people = number("select count(distinct person) from calls")?;
    let length = number("select sum(length(person)) from calls")?;
    let said = hoard.lab.sql(
        "select count(*), count(distinct f.person_key), sum(length(p.person_id)) from star.fact_call f \
         join star.dim_person p using (person_key) \
         where starts_with(p.person_id, cast(f.n as varchar)) and f.person_key > 0",
    )?;
    let calls = number("select count(*) from calls")?;
    assert_eq!(said, [[calls, people.clone(), length]]);
    let inferred = "select count(*), count(distinct person_id), max(person_key) - 10 from star.dim_person \
                    where person_key > 0 and valid_from_basis = 'not_yet_arrived'";
    let keys = [people.clone(), people.clone(), people];
    assert_eq!(hoard.lab.sql(inferred)?, [keys]);
    Ok(())
}

#[test]
fn strangers_of_ten_times_the_memory_are_inferred_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (3_000, 28_500);
    assert!(some * 6_000 > MEMORY && many * 6_000 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let (small, little) = few.load_and_weigh()?;
    small.done()?;
    let (said, much) = large.load_and_weigh()?;
    said.done()?;
    check(&large)?;
    // others call, most of whom are known now
    let more = calls(many + 1, many + 500);
    large.database()?.execute_batch(&more)?;
    let (said, next) = large.load_and_weigh()?;
    said.done()?;
    check(&large)?;
    let told = "select count(*) from star.dim_person where name like 'name %'";
    assert_eq!(large.lab.sql(told)?, rows(&[&["10"]]));
    for much in [much, next] {
        check_peaks(little, much, MEMORY);
    }
    Ok(())
}
