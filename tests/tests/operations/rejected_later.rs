//! Rows of many times the memory that a load may take, each of which an entity, a dimension or a star rejects: the load takes no more
//! of it, whether it refuses them or keeps all of them, and so does one that can read none of the members that it knows.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str =
    "  calls: {key: id, columns: {id: text, n: bigint, a: text, b: text, ok: integer}}
entities:
  call:
    from: calls c
    reject: {third: c.n % 3 = 0}
    columns: {id: c.id, n: c.n, a: c.a, b: c.b}
";
const PERSON: &str = "planisphere: 1
dimension: person
entity: call
key: id
attributes: {a: {type: integer, scd: 1}}
";
const STAR: &str = "planisphere: 1
star: call
grain: One row is one call.
kind: transaction
entity: call
key: id
dimensions: {person: {column: id}}
measures: {b: {type: integer}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many calls with ids of 6,000 bytes: the entity rejects one in three, the dimension another, the star the last.
fn hoard(count: u64, limit_permille: u64) -> Result<Hoard> {
    let sql = format!(
        "create table calls (id text primary key, n integer, a text, b text, ok);
         insert into calls with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i || hex(randomblob(3000)), i, case i % 3 when 1 then 'x' else i end, case i % 3 when 2 then 'y' else i end, 1 from n;"
    );
    let etl = format!(
        "memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304\nreject_limit_permille = {limit_permille}"
    );
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/conformed/person.yaml", PERSON)?;
    hoard.lab.write("model/stars/call.yaml", STAR)?;
    Ok(hoard)
}

/// Every rejected row of a load is kept as it was, with its reason.
fn check(hoard: &Hoard, audit_key: u64, stages: &[(&str, &str, &str, &str)]) -> Result<()> {
    let said = hoard.lab.sql(&format!(
        "select stage, object, reason, count(*), count(distinct row_id), sum(cast(split_part(split_part(row_json, '\"n\":', 2), ',', 1) as bigint)), \
                sum(length(row_id)), sum(case when strpos(row_json, row_id) > 0 then 1 else 0 end) \
         from audit.audit_reject where audit_key = {audit_key} group by 1, 2, 3 order by 1"
    ))?;
    let database = hoard.database()?;
    let mut expected = Vec::new();
    for (stage, object, reason, which) in stages {
        let sql = format!("select count(*), sum(n), sum(length(id)) from calls where {which}");
        let [count, sum, length] = database.query_row(&sql, [], |row| {
            Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?])
        })?;
        let numbers = [count, count, sum, length, count].map(|number| number.to_string());
        let words = [stage, object, reason].map(|word| (*word).to_owned());
        expected.push([words.as_slice(), &numbers].concat());
    }
    assert_eq!(said, expected);
    Ok(())
}

#[test]
fn rejects_of_ten_times_the_memory_are_all_kept_or_refused_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (3_000, 28_500);
    assert!(some * 6_010 > MEMORY && many * 6_010 > 10 * MEMORY);
    let (few, large) = (hoard(some, 1000)?, hoard(many, 332)?);
    let (small, little) = few.load_and_weigh()?;
    small.done()?;
    let (said, refused) = large.load_and_weigh()?;
    said.refused(
        2,
        &["'call' rejects 9500 of 28500 rows, more than the allowed 332 per thousand; first row '"],
    )?;
    let settings = ("planisphere.toml", "permille = 332", "permille = 1000");
    large.lab.replace(settings.0, settings.1, settings.2)?;
    let (said, kept) = large.load_and_weigh()?;
    said.done()?;
    let stages = [
        ("conform", "call", "third", "n % 3 = 0"),
        ("dimension", "person", "invalid_a", "n % 3 = 1"),
        ("star", "call", "invalid_b", "n % 3 = 2"),
    ];
    check(&few, 1, &stages)?;
    check(&large, 2, &stages)?;
    // nobody can be read any more, so that all that is known stays
    let facts = "select count(*), count(distinct person_key), sum(b) from star.fact_call where not deleted_at_source";
    let members = "select valid_from_basis, count(*) from star.dim_person \
                   where person_key > 0 and not deleted_at_source group by 1 order by 1";
    let known = [facts, members].map(|sql| large.lab.sql(sql));
    large
        .database()?
        .execute_batch("update calls set ok = 'no'")?;
    let (said, unread) = large.load_and_weigh()?;
    said.done()?;
    for (sql, known) in [facts, members].into_iter().zip(known) {
        assert_eq!(large.lab.sql(sql)?, known?);
    }
    let unread_rows =
        "select count(*), count(distinct row_id) from audit.audit_reject where audit_key = 3";
    assert_eq!(large.lab.sql(unread_rows)?, rows(&[&["28500", "28500"]]));
    for much in [refused, kept, unread] {
        check_peaks(little, much, MEMORY);
    }
    Ok(())
}
