//! Processes of many times the memory that a load may take, of whose milestones a stream of changes tells: a load takes no more of
//! it, and every milestone is right.

use anyhow::Result;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  changes: {key: n, columns: {n: bigint, id: bigint, at: timestamp, began: date, won: date, closed: boolean, note: text}}
entities:
  deal:
    from: changes c
    changes: {at: c.at, sequence: c.n}
    columns: {id: c.id, began: c.began, won: c.won, closed: c.closed, note: c.note}
";
const STAR: &str = "planisphere: 1
star: deal
grain: One row is one deal on its way.
kind: accumulating
entity: deal
key: id
milestones: {began: began, won: won}
ended: closed
degenerate: {note: text}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// One deal in twenty is won later.
const MORE: &str = "insert into changes select n + 1000000, id, '2025-06-01 08:00:00', began, '2025-04-01', 1, note from changes
    where n % 10 = 3 and id % 2 = 0;";

/// So many changes of half as many deals, of which 6,000 bytes are told each time: each begins, then it is won, lost or still open.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table changes (n integer primary key, id integer, at text, began text, won text, closed integer, note text);
         insert into changes with recursive n(i) as (select 0 union all select i + 1 from n where i < {count} - 1),
           ways as (select i, i * 7919 % ({count} / 2) as id, i >= {count} / 2 as later from n)
         select i, id, date('2025-02-01', '+' || (i * 60 / {count}) || ' days') || ' 08:00:00', date('2025-01-01', '+' || (id % 31) || ' days'),
                case when later and id % 3 = 0 then date('2025-02-01', '+' || (id % 59) || ' days') end, later and id % 3 < 2, hex(randomblob(3000))
         from ways;"
    );
    let etl = format!("memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304");
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/stars/deal.yaml", STAR)?;
    Ok(hoard)
}

/// Every deal has the days of its last change, and the milestones that it lacks were skipped or are yet to come.
fn check(hoard: &Hoard) -> Result<()> {
    let expected = hoard.database()?.query_row(
        "select count(*), sum(won is not null), sum(won is null and closed), sum(won is null and not closed),
                cast(sum(julianday(won) - julianday(began)) as integer), sum(id * (julianday(began) - julianday('1899-12-31'))),
                count(distinct note)
         from (select *, row_number() over (partition by id order by at desc, n desc) as k from changes) where k = 1",
        [],
        |row| {
            let number = |at| row.get::<_, f64>(at).map(|number| format!("{number:.0}"));
            (0..7).map(number).collect::<rusqlite::Result<Vec<_>>>()
        },
    )?;
    let said = hoard.lab.sql(
        "select count(*), count(*) filter (where won_date_key > 0), count(*) filter (where won_date_key = -2), \
                count(*) filter (where won_date_key = -4), sum(began_to_won_days), \
                sum(cast(source_row_id as bigint) * began_date_key), count(distinct note) \
         from star.fact_deal",
    )?;
    assert_eq!(said, [expected]);
    Ok(())
}

#[test]
fn processes_of_ten_times_the_memory_are_right_and_take_no_more_of_it() -> Result<()> {
    let (some, many) = (3_000, 28_000);
    assert!(some * 6_020 > MEMORY && many * 6_020 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let mut peaks = [Vec::new(), Vec::new()];
    for (hoard, peaks) in [&few, &large].into_iter().zip(&mut peaks) {
        for changed in ["", MORE] {
            hoard.database()?.execute_batch(changed)?;
            let (said, peak) = hoard.load_and_weigh()?;
            said.done()?;
            check(hoard)?;
            peaks.push(peak);
        }
    }
    let [few, many] = peaks;
    for (few, many) in few.into_iter().zip(many) {
        check_peaks(few, many, MEMORY);
    }
    Ok(())
}
