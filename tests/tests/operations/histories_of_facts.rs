//! Streams of changes of many times the memory that a load may take, which stars have as last states and at the ends of months: a load
//! takes no more of it, and every state is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  changes: {key: n, columns: {n: bigint, id: bigint, at: timestamp, gone: boolean, amount: integer, note: text}}
entities:
  contract:
    from: changes c
    changes: {at: c.at, sequence: c.n}
    deleted: c.gone
    columns: {id: c.id, amount: c.amount, note: c.note}
";
const LAST: &str = "planisphere: 1
star: contract
grain: One row is one contract as it stands.
kind: transaction
entity: contract
key: id
degenerate: {note: text}
measures: {amount: {type: integer}}
";
const MONTHS: &str = "planisphere: 1
star: contract_state
grain: One row is one contract at the end of one month.
kind: periodic
every: month
entity: contract
key: id
dimensions: {month: {dimension: date, column: period_end}}
measures: {amount: {type: integer, additivity: semi_additive, over: month}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many changes of half as many contracts, of which 6,000 bytes are told each time; one contract in seven is gone with its second.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table changes (n integer primary key, id integer, at text, gone integer, amount integer, note text);
         insert into changes with recursive n(i) as (select 0 union all select i + 1 from n where i < {count} - 1)
         select i, i * 7919 % ({count} / 2), date('2025-04-01', '+' || (i * 60 / {count} + i % 20) || ' days') || ' 08:00:00',
                i >= {count} / 2 and i * 7919 % ({count} / 2) % 7 = 3, i % 97, hex(randomblob(3000)) from n;"
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/stars/contract.yaml", LAST)?;
    hoard.lab.write("model/stars/contract_state.yaml", MONTHS)?;
    Ok(hoard)
}

/// The last states, and those at the ends of months, are those of the changes.
fn check(hoard: &Hoard) -> Result<()> {
    let database = hoard.database()?;
    let numbers = |sql: &str| -> Result<Vec<String>> {
        Ok(database.query_row(sql, [], |row| {
            let number = |at| row.get::<_, i64>(at).map(|number| number.to_string());
            (0..4).map(number).collect()
        })?)
    };
    let last = "select count(*), sum(amount), sum(amount * cast(source_row_id as bigint)), count(distinct note) \
                from star.fact_contract where not deleted_at_source";
    let expected = numbers(
        "select count(*), sum(amount), sum(amount * id), count(distinct note) from \
         (select *, row_number() over (partition by id order by at desc, n desc) as k from changes) where k = 1 and not gone",
    )?;
    assert_eq!(hoard.lab.sql(last)?, [expected]);
    let months = "select count(*), sum(amount), sum(amount * cast(split_part(source_row_id, '|', 1) as bigint)), sum(month_key) \
                  from star.fact_contract_state where not deleted_at_source";
    let expected = numbers(
        "select count(*), sum(amount), sum(amount * id), cast(sum(julianday(e) - julianday('1899-12-31')) as integer) from \
         (select *, row_number() over (partition by id, e order by at desc, n desc) as k from changes \
          join (select '2025-04-30' as e union values ('2025-05-31'), ('2025-06-30')) on date(at) <= e) where k = 1 and not gone",
    )?;
    assert_eq!(hoard.lab.sql(months)?, [expected]);
    Ok(())
}

#[test]
fn changes_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (4_000, 28_000);
    assert!(some * 6_020 > MEMORY && many * 6_020 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let [(small, little), (said, much)] = [few.load_and_weigh()?, large.load_and_weigh()?];
    small.done()?;
    said.done()?;
    check(&large)?;
    check_peaks(little, much, MEMORY);
    let mut peaks = Vec::new();
    for hoard in [&few, &large] {
        // the stream shows no more than this
        hoard.database()?.execute_batch(
            "create table kept as select * from changes where n % 10 = 0;
             insert into kept select n + 1000000, id, '2025-06-20 08:00:00', 0, amount + 1, note from changes where n % 10 = 3 and n < 500;
             alter table changes rename to earlier;
             alter table kept rename to changes;",
        )?;
        let (said, peak) = hoard.load_and_weigh()?;
        said.done()?;
        peaks.push(peak);
        hoard.database()?.execute_batch(
            "insert or ignore into changes select * from earlier where n % 10 <> 0;",
        )?;
        check(hoard)?;
    }
    check_peaks(peaks[0], peaks[1], MEMORY);
    Ok(())
}
