//! Stars of streams of changes: the last state of each row, and its states at the ends of periods, in any order and batches.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  changes: {key: number, columns: {number: bigint, id: text, at: timestamp, sequence: bigint, gone: boolean, due: date, city: text, amount: money}}
entities:
  contract:
    from: changes c
    changes: {at: c.at, sequence: c.sequence}
    deleted: c.gone
    columns: {id: c.id, due: c.due, city: c.city, amount: c.amount}
";

const CALENDAR: &str = "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";

/// The last state of each contract.
pub(crate) const LAST: &str = "star: contract
grain: One row is one contract as it stands.
entity: contract
key: id
dimensions:
  due: {dimension: date, column: due}
degenerate:
  city: text
measures:
  amount: {type: money}
";

/// Its states at the ends of periods.
const PERIODS: &str = "star: contract_state
grain: One row is one contract at the end of one period.
kind: periodic
every: EVERY
entity: contract
key: id
dimensions:
  period: {dimension: date, column: period_end}
  due: {dimension: date, column: due}
degenerate:
  city: text
measures:
  amount: {type: money, additivity: semi_additive, over: period, take: last}
";

const TODAY: &str = "2025-06-18";

/// A model over all changes that there are, of which loads see some.
fn case(every: &str, random: &mut StdRng) -> Result<Case> {
    let periods = PERIODS.replace("EVERY", every);
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("conformed/date.yaml", CALENDAR),
        ("stars/contract.yaml", LAST),
        ("stars/contract_state.yaml", &periods),
    ];
    let columns = "number integer primary key, id text, at text, sequence integer, gone integer, due text, city text, amount real";
    let tables =
        format!("create table every_change ({columns}); create table changes ({columns});");
    let case = Case::new("Asia/Shanghai", &tables, &files)?;
    let many = random.random_range(20..40);
    for number in 0..many {
        let id = ["a", "b", "c|d", "e"].choose(random).unwrap_or(&"a");
        // few instants, so that some are tied; near midnight of the warehouse zone, and beyond the day of the load
        let at = format!(
            "datetime('2025-01-29 15:59:59', '{} days', '{} seconds')",
            random.random_range(0..10) * 17,
            random.random_range(0..2)
        );
        let city = ["'x'", "'y'", "null"].choose(random).unwrap_or(&"null");
        let due = ["'2025-03-01'", "'2025-09-30'", "null"]
            .choose(random)
            .unwrap_or(&"null");
        let (sequence, gone) = (
            random.random_range(0..2),
            i32::from(random.random_bool(0.2)),
        );
        let amount = random.random_range(0..400) as f64 / 4.0;
        case.change(&format!("insert into every_change values ({number}, '{id}', {at}, {sequence}, {gone}, {due}, {city}, {amount})"))?;
    }
    Ok(case)
}

/// The order of changes of one row: the last one first.
const BACKWARDS: &str = "at desc, sequence desc, gone, due desc, city desc, amount desc";

fn last_expected() -> String {
    format!(
        "with fate as (select id, gone, row_number() over (partition by id order by {BACKWARDS}) as back from every_change),
           told as (select *, row_number() over (partition by id order by {BACKWARDS}) as back from every_change where not gone)
         select t.id, coalesce(due, 'not_given'), city, printf('%.4f', amount), iif(f.gone, 'true', 'false')
         from told t join fate f on f.id = t.id and f.back = 1 where t.back = 1 order by 1"
    )
}

const LAST_PUBLISHED: &str =
    "select source_row_id, d.date_id, city, amount, f.deleted_at_source from fact_contract f
    join dim_date d on d.date_key = f.due_key order by 1";

fn periods_expected(every: &str) -> String {
    let (first, next) = match every {
        "day" => ("2025-01-29", "date(e, '+1 day')"),
        "week" => ("2025-02-02", "date(e, '+7 days')"),
        _ => ("2025-01-31", "date(e, '+1 day', '+1 month', '-1 day')"),
    };
    let last = match every {
        "day" => TODAY,
        "week" => "2025-06-22",
        _ => "2025-06-30",
    };
    format!(
        "with recursive period(e) as (select '{first}' union all select {next} from period where e < '{last}'),
           state as (select c.*, e, row_number() over (partition by id, e order by {BACKWARDS}) as back
             from period join every_change c on c.at < datetime(min(e, '{TODAY}'), '+1 day', '-8 hours'))
         select replace(id, '|', '\\|') || '|' || e, e, coalesce(due, 'not_given'), city, printf('%.4f', amount)
         from state where back = 1 and not gone order by 1"
    )
}

const PERIODS_PUBLISHED: &str =
    "select source_row_id, p.date, d.date_id, city, amount from fact_contract_state f
    join dim_date p on p.date_key = f.period_key join dim_date d on d.date_key = f.due_key
    where not f.deleted_at_source order by 1";

/// Shows the changes in any order, in parts of any size, some of them again, and loads after each part.
fn load_in_parts(case: &Case, random: &mut StdRng) -> Result<()> {
    let numbers = case.source("select number from every_change")?.concat();
    let mut numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    numbers.shuffle(random);
    let cut = random.random_range(1..numbers.len());
    for part in [&numbers[..cut], &numbers[cut..]] {
        let again = numbers.choose(random).unwrap_or(&"0");
        let shown = [part, &[again]].concat().join(", ");
        case.change(&format!("delete from changes; insert into changes select * from every_change where number in ({shown})"))?;
        case.load(TODAY)?;
    }
    let before = case.lab.versions()?;
    case.load(TODAY)?;
    anyhow::ensure!(
        before == case.lab.versions()?,
        "a load without changes published"
    );
    Ok(())
}

fn check(every: &str, seeds: std::ops::Range<u64>) -> Result<()> {
    for seed in seeds {
        let mut random = StdRng::seed_from_u64(seed);
        let case = case(every, &mut random)?;
        load_in_parts(&case, &mut random)?;
        let expected = case.source(&last_expected())?;
        assert_eq!(case.stars(LAST_PUBLISHED)?, expected, "seed {seed}");
        let expected = case.source(&periods_expected(every))?;
        assert!(!expected.is_empty());
        assert_eq!(case.stars(PERIODS_PUBLISHED)?, expected, "seed {seed}");
    }
    Ok(())
}

#[test]
fn order_and_batches_make_no_difference_by_months() -> Result<()> {
    check("month", 0..3)
}

#[test]
fn order_and_batches_make_no_difference_by_weeks() -> Result<()> {
    check("week", 10..12)
}

#[test]
fn order_and_batches_make_no_difference_by_days() -> Result<()> {
    check("day", 20..22)
}

/// A change without an instant or a key is rejected and kept as such.
#[test]
fn changes_without_an_instant_or_a_key_are_rejected() -> Result<()> {
    let case = case("month", &mut StdRng::seed_from_u64(7))?;
    case.change(
        "insert into changes select * from every_change;
         insert into changes values (900, 'a', null, 0, 0, null, 'z', 1), (901, null, '2025-02-01 00:00:00', 0, 0, null, 'z', 1);",
    )?;
    case.load_twice(TODAY)?;
    assert_eq!(case.stars(LAST_PUBLISHED)?, case.source(&last_expected())?);
    let rejected = case.stars(
        "select object, reason, count(*) from audit.audit_reject group by 1, 2 order by 1, 2",
    )?;
    let expected = [
        ["contract", "missing_instant", "1"],
        ["contract", "missing_key", "1"],
        ["contract_state", "missing_instant", "1"],
        ["contract_state", "missing_key", "1"],
    ];
    assert_eq!(
        rejected,
        expected.map(|row| row.map(str::to_owned).to_vec())
    );
    Ok(())
}

/// A new column of the star finds the values of changes that are shown again, and is empty in those that are not.
#[test]
fn a_star_of_a_stream_learns_a_new_column() -> Result<()> {
    let case = case("month", &mut StdRng::seed_from_u64(8))?;
    case.declare(
        "stars/contract.yaml",
        &LAST.replace("degenerate:\n  city: text\n", ""),
    )?;
    case.change("insert into changes select * from every_change")?;
    case.load(TODAY)?;
    case.declare("stars/contract.yaml", LAST)?;
    case.load_twice(TODAY)?;
    assert_eq!(case.stars(LAST_PUBLISHED)?, case.source(&last_expected())?);
    Ok(())
}
