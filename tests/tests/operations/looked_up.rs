//! Members that facts look up, of which there are too many for the memory that a load may take: it says so, and what suffices.

use anyhow::{Context as _, Result, ensure};

use super::hoard::Hoard;

const TABLES: &str = "  people: {key: n, columns: {n: bigint}}
  sales: {key: id, columns: {id: bigint, person: text}}
entities:
  person: {from: people p, columns: {person_id: \"cast(p.n as varchar)\"}}
  sale: {from: sales s, columns: {id: s.id, person: s.person}}
";
const DIMENSION: &str = "planisphere: 1
dimension: person
entity: person
key: person_id
attributes:
  name: {type: text, scd: 1, column: person_id}
";
const STAR: &str = "planisphere: 1
star: sale
grain: One row is one sale.
entity: sale
key: id
dimensions: {person: {column: person}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;
/// What the index of a version takes, and the special members.
const BYTES: u64 = 38;
const SPECIAL: u64 = 4;
/// The lab has another dimension, of two pages.
const PAGES: u64 = 2 + SPECIAL;

/// The memory that the hint names.
fn suffices(hint: &str) -> Result<u64> {
    let (_, number) = hint
        .split_once("memory_bytes = ")
        .context(hint.to_owned())?;
    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
    Ok(number.parse()?)
}

#[test]
fn too_many_members_are_refused_with_the_memory_that_suffices() -> Result<()> {
    let people = MEMORY / BYTES + 5_000;
    let sql = format!(
        "create table people (n integer primary key);
         insert into people with recursive n(i) as (select 1 union all select i + 1 from n where i < {people}) select i from n;
         create table sales (id integer primary key, person text);
         insert into sales values (1, '1'), (2, '{people}'), (3, 'nobody');"
    );
    let memory = format!("memory_bytes = {MEMORY}");
    let hoard = Hoard::of(&sql, TABLES, &memory)?;
    hoard.lab.write("model/conformed/person.yaml", DIMENSION)?;
    hoard.lab.write("model/stars/sale.yaml", STAR)?;
    // nobody knows beforehand how many there will be
    let said = hoard.lab.load()?;
    ensure!(said.code == 2, "{} {}", said.code, said.err);
    // 'nobody' is one too
    let versions = people + 1 + SPECIAL;
    let least = (versions + PAGES) * BYTES;
    let told = format!(
        "take {least} bytes of memory, more than the {MEMORY} of [etl] memory_bytes: {versions} of dim_person, {PAGES} of dim_page"
    );
    ensure!(said.err.contains(&told), "{}", said.err);
    assert!(hoard.lab.versions()?.is_empty(), "nothing is published");
    let enough = suffices(&said.err)?;
    ensure!(enough >= least && enough - least < 1 << 20, "{enough}");
    let more = format!("memory_bytes = {enough}");
    hoard.lab.replace("planisphere.toml", &memory, &more)?;
    hoard.lab.load()?.done()?;
    let found = "select count(*) from star.fact_sale f join star.dim_person d on d.person_key = f.person_key where d.person_id = f.source_row_id or f.source_row_id > '1'";
    assert_eq!(hoard.lab.sql(found)?, [["3"]]);
    // now it is known, and nothing is read in vain
    hoard.lab.replace("planisphere.toml", &more, &memory)?;
    let said = hoard.lab.load()?;
    ensure!(said.code == 2 && said.err.contains(&told), "{}", said.err);
    ensure!(!said.err.contains("extract"), "{}", said.err);
    assert_eq!(suffices(&said.err)?, enough);
    Ok(())
}
