//! Streams of changes and combinations in one star, and what the balance says of rows that are not those of the star.

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, Source, rows};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  changes: {key: number, columns: {number: bigint, id: text, at: timestamp, gone: boolean, way: text, gift: boolean, rebate: text, amount: integer}}
entities:
  contract:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    deleted: c.gone
    columns: {id: c.id, way: c.way, gift: c.gift, rebate: c.rebate, amount: c.amount}
";

const MANNER: &str = "planisphere: 1
dimension: manner
combination: true
attributes:
  way: {type: text}
  is_gift: {type: boolean}
  rebate: {type: \"decimal(5,2)\"}
";

const LAST: &str = "planisphere: 1
star: contract
grain: One row is one contract as it stands.
entity: contract
key: id
dimensions:
  manner: {columns: {is_gift: gift}}
measures:
  amount: {type: integer}
";

const MONTHS: &str = "planisphere: 1
star: contract_state
grain: One row is one contract at the end of one month.
kind: periodic
every: month
entity: contract
key: id
dimensions:
  month: {dimension: date, column: period_end}
  how: {dimension: manner, columns: {is_gift: gift}}
measures:
  amount: {type: integer, additivity: semi_additive, over: month}
";

const COLUMNS: &str = "number integer primary key, id text, at text, gone integer, way text, gift integer, rebate text, amount integer";

fn case(files: &[(&str, &str)]) -> Result<(Lab, Source)> {
    let tables =
        format!("create table every_change ({COLUMNS}); create table changes ({COLUMNS});");
    let (lab, source) = Source::with_lab(&tables, 900)?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: streams\n")?;
    let date = "planisphere: 1\ndimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";
    lab.write("model/conformed/date.yaml", date)?;
    for (name, text) in files {
        lab.write(&format!("model/{name}.yaml"), text)?;
    }
    Ok((lab, source))
}

fn both() -> Result<(Lab, Source)> {
    case(&[
        ("sources/crm", SOURCE),
        ("conformed/manner", MANNER),
        ("stars/contract", LAST),
        ("stars/contract_state", MONTHS),
    ])
}

/// Changes of few contracts and few combinations, some ended.
fn fill(source: &Source, random: &mut StdRng) -> Result<Vec<i64>> {
    let numbers: Vec<i64> = (1..=30).collect();
    for number in &numbers {
        let mut one = |of: &[&'static str]| of.choose(random).copied().unwrap_or("null");
        let (id, way) = (
            one(&["a", "b", "c|d", "e"]),
            one(&["'web'", "'po|st'", "null"]),
        );
        let (gift, rebate) = (one(&["0", "1", "null"]), one(&["'1.5'", "'1.50'", "null"]));
        let (days, gone) = (
            random.random_range(0..9) * 15,
            u8::from(random.random_bool(0.15)),
        );
        source.change(&format!(
            "insert into every_change values ({number}, '{id}', datetime('2025-01-29 12:00:00', '{days} days'), {gone}, {way}, {gift}, {rebate}, {number})"
        ))?;
    }
    Ok(numbers)
}

/// The values of a combination, of which 1.5 and 1.50 are one.
const VALUES: &str = "coalesce(way, 'none'), case gift when 1 then 'true' when 0 then 'false' end, iif(rebate is null, null, '1.50')";

const FOUND: &str = "coalesce(d.way, 'none'), d.is_gift, d.rebate";

fn last_expected() -> String {
    format!(
        "with told as (select *, row_number() over (partition by id order by at desc, number desc) as back from every_change where not gone)
         select id, {VALUES}, amount from told where back = 1 order by 1"
    )
}

fn months_expected() -> String {
    format!(
        "with recursive month(e) as (select '2025-01-31' union all select date(e, '+1 day', '+1 month', '-1 day') from month where e < '2025-06-30'),
           state as (select c.*, e, row_number() over (partition by id, e order by at desc, number desc) as back
             from month join every_change c on c.at < datetime(e, '+1 day'))
         select replace(id, '|', '\\|') || '|' || e, {VALUES}, amount from state where back = 1 and not gone order by 1"
    )
}

#[test]
fn facts_of_streams_find_the_combinations_of_their_states_in_any_order() -> Result<()> {
    for seed in [11, 12] {
        let mut random = StdRng::seed_from_u64(seed);
        let (lab, source) = both()?;
        let mut numbers = fill(&source, &mut random)?;
        numbers.shuffle(&mut random);
        while !numbers.is_empty() {
            let some = numbers.drain(..random.random_range(6..16).min(numbers.len()));
            let some: Vec<String> = some.map(|number| number.to_string()).collect();
            source.change(&format!(
                "delete from changes; insert into changes select * from every_change where number in ({})",
                some.join(", ")
            ))?;
            lab.load()?.done()?;
        }
        let last = format!(
            "select f.source_row_id, {FOUND}, f.amount from fact_contract f join dim_manner d on d.manner_key = f.manner_key order by 1"
        );
        assert_eq!(
            lab.sql(&last)?,
            source.ask(&last_expected())?,
            "seed {seed}"
        );
        let months = format!(
            "select f.source_row_id, {FOUND}, f.amount from fact_contract_state f join dim_manner d on d.manner_key = f.how_key
             where not f.deleted_at_source order by 1"
        );
        assert_eq!(
            lab.sql(&months)?,
            source.ask(&months_expected())?,
            "seed {seed}"
        );
        // of every state that was ever told, whatever came first
        let combinations = format!(
            "select {} from dim_manner d where d.manner_key > 0 order by 1, 2, 3",
            FOUND
        );
        let told = format!(
            "select distinct {VALUES} from every_change where not gone and coalesce(way, gift, rebate) is not null order by 1, 2, 3"
        );
        let sorted = |mut rows: Vec<Vec<String>>| {
            rows.sort();
            rows
        };
        assert_eq!(
            sorted(lab.sql(&combinations)?),
            sorted(source.ask(&told)?),
            "seed {seed}"
        );
        ensure!(lab.load()?.done()?.err.contains("nothing changed"));
    }
    Ok(())
}

#[test]
fn a_role_of_combinations_can_be_added_to_a_star_of_a_stream() -> Result<()> {
    let (lab, source) = both()?;
    fill(&source, &mut StdRng::seed_from_u64(14))?;
    lab.replace(
        "model/conformed/manner.yaml",
        "  rebate: {type: \"decimal(5,2)\"}\n",
        "",
    )?;
    source.change("insert into changes select * from every_change")?;
    lab.load()?.done()?;
    // the next load shows them all again, and they have another attribute; one after it shows nothing
    lab.write("model/conformed/manner.yaml", MANNER)?;
    lab.load()?.done()?;
    source.change("delete from changes")?;
    lab.load()?.done()?;
    let last = format!(
        "select f.source_row_id, {FOUND}, f.amount from fact_contract f join dim_manner d on d.manner_key = f.manner_key order by 1"
    );
    assert_eq!(lab.sql(&last)?, source.ask(&last_expected())?);
    Ok(())
}

/// What the last load says of an object: stage, read, loaded, unchanged, rejected, excluded and why.
fn balances(lab: &Lab, object: &str) -> Result<Vec<Vec<String>>> {
    let found = lab.sql(&format!(
        "select stage, read, loaded, unchanged, rejected, excluded, rejected_by, excluded_by from audit.audit_balance
         where object = '{object}' and stage in ('star', 'state') and audit_key = (select max(audit_key) from audit.audit_balance) order by 1"
    ))?;
    for row in &found {
        let numbers: Vec<i64> = row[1..6]
            .iter()
            .map(|cell| cell.parse())
            .collect::<Result<_, _>>()?;
        ensure!(numbers[0] == numbers[1..].iter().sum::<i64>(), "{row:?}");
    }
    Ok(found)
}

#[test]
fn each_change_that_was_read_has_one_outcome_and_each_state_of_a_star_too() -> Result<()> {
    let (lab, source) = both()?;
    // two changes of a and one of b, whose rebate is no number; one without a key, one without an instant
    source.change(
        "insert into changes values (1, 'a', '2025-01-10 00:00:00', 0, 'web', 1, null, 1), (2, 'a', '2025-05-10 00:00:00', 0, 'web', 0, null, 2),
           (3, 'b', '2025-06-10 00:00:00', 0, 'web', 0, 'much', 3), (4, null, '2025-06-10 00:00:00', 0, null, null, null, 4),
           (5, 'c', null, 0, null, null, null, 5)",
    )?;
    lab.load()?.done()?;
    let bad = r#"{"missing_instant":1,"missing_key":1}"#;
    let unfit = r#"{"invalid_rebate":1}"#;
    let expected = rows(&[
        &["star", "5", "3", "0", "2", "0", bad, "{}"],
        &["state", "2", "1", "0", "1", "0", unfit, "{}"],
    ]);
    assert_eq!(balances(&lab, "contract")?, expected);
    // a stands at the ends of six months, b at the end of the last one
    let expected = rows(&[
        &["star", "5", "3", "0", "2", "0", bad, "{}"],
        &["state", "7", "6", "0", "1", "0", unfit, "{}"],
    ]);
    assert_eq!(balances(&lab, "contract_state")?, expected);
    // one is shown again, one is new, and changes the state of no contract today but at the ends of two months
    source.change(
        "delete from changes where number <> 1; insert into changes values (6, 'a', '2025-03-10 00:00:00', 0, 'fax', 1, null, 6)",
    )?;
    lab.load()?.done()?;
    let expected = rows(&[
        &["star", "2", "1", "1", "0", "0", "{}", "{}"],
        &["state", "2", "0", "1", "1", "0", unfit, "{}"],
    ]);
    assert_eq!(balances(&lab, "contract")?, expected);
    let expected = rows(&[
        &["star", "2", "1", "1", "0", "0", "{}", "{}"],
        &["state", "7", "2", "4", "1", "0", unfit, "{}"],
    ]);
    assert_eq!(balances(&lab, "contract_state")?, expected);
    Ok(())
}

const HISTORY: &str = "planisphere: 1
source: crm
tables:
  accounts:
    key: id
    columns: {id: text, opened: date, plan: text}
    history: {audit: account_changes, columns: [plan], created: opened, parent: account, at: at, field: what, before: old, after: new}
  account_changes: {key: number, columns: {number: bigint, account: text, at: timestamp, what: text, old: text, new: text}}
entities:
  account:
    from: accounts_versions a
    columns: {id: a.id, opened: a.opened, plan: a.plan}
";

const ACCOUNT: &str = "planisphere: 1
star: account
grain: One row is one account at the end of one month.
kind: periodic
every: month
begins: opened
entity: account
key: id
dimensions:
  month: {dimension: date, column: period_end}
degenerate:
  plan: text
";

#[test]
fn each_version_that_was_read_gives_rows_or_is_counted_as_one_that_gives_none() -> Result<()> {
    let (lab, source) = case(&[("sources/crm", HISTORY), ("stars/account", ACCOUNT)])?;
    // k has four versions: up to 3 April, to 5 April, which is the end of no month, to 10 June, and since then; of l nobody
    // knows when it was opened; m opens after the day of the load
    source.change(
        "create table accounts (id text primary key, opened text, plan text);
         create table account_changes (number integer primary key, account text, at text, what text, old text, new text);
         insert into accounts values ('k', '2025-03-01', 'd'), ('l', null, 'x'), ('m', '2025-08-01', 'y');
         insert into account_changes values (1, 'k', '2025-04-03 00:00:00', 'plan', 'a', 'b'), (2, 'k', '2025-04-05 00:00:00', 'plan', 'b', 'c'),
           (3, 'k', '2025-06-10 00:00:00', 'plan', 'c', 'd');",
    )?;
    lab.load()?.done()?;
    let expected = rows(&[
        &[
            "star",
            "6",
            "4",
            "0",
            "0",
            "2",
            "{}",
            r#"{"holds_at_no_period_end":2}"#,
        ],
        // March to June of k, and l, which is rejected
        &[
            "state",
            "5",
            "4",
            "0",
            "1",
            "0",
            r#"{"missing_begin":1}"#,
            "{}",
        ],
    ]);
    assert_eq!(balances(&lab, "account")?, expected);
    let plans = lab.sql("select source_row_id, plan from fact_account order by 1")?;
    let expected = rows(&[
        &["k|2025-03-31", "a"],
        &["k|2025-04-30", "c"],
        &["k|2025-05-31", "c"],
        &["k|2025-06-30", "d"],
    ]);
    assert_eq!(plans, expected);
    Ok(())
}
