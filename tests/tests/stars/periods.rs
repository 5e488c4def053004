//! Periodic snapshots of rebuilt histories and of present states.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::case::Case;

const CALENDAR: &str = "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";

const REBUILT: &str = "source: crm
tables:
  accounts:
    key: id
    columns: {id: text, opened: date, closed: date, plan: text, seats: integer}
    history: {audit: account_changes, columns: [plan, seats], created: opened, parent: account, at: at, field: what, before: old, after: new}
  account_changes: {key: number, columns: {number: bigint, account: text, at: timestamp, what: text, old: text, new: text}}
entities:
  account:
    from: accounts_versions a
    columns: {id: a.id, opened: a.opened, closed: a.closed, plan: a.plan, seats: a.seats}
";

const STAR: &str = "star: account
grain: One row is one account at the end of one month.
kind: periodic
every: month
begins: opened
ends: closed
entity: account
key: id
dimensions:
  month: {dimension: date, column: period_end}
degenerate:
  plan: text
measures:
  seats: {type: integer, additivity: semi_additive, over: month, take: last}
";

/// Twelve accounts and two or three changes of each, some on the last days of months.
const ACCOUNTS: &str = "create table accounts (id text primary key, opened text, closed text, plan text, seats integer);
  create table account_changes (number integer primary key, account text, at text, what text, old text, new text);
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 11)
  insert into accounts select 'k' || i, date('2025-01-20', (i * 11) || ' days'), iif(i % 4 = 3, date('2025-04-28', i || ' days'), null),
    'p' || (i % 3), 10 + i from n;
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 27)
  insert into account_changes select i, 'k' || (i % 12), datetime('2025-02-28 12:00:00', (i * 4) || ' days', (i * 7) || ' hours'),
    iif(i % 2, 'plan', 'seats'), iif(i % 2, 'q' || i, i), iif(i + 12 > 27, iif(i % 2, 'p' || (i % 12 % 3), 10 + i % 12),
      iif(i % 2, 'q' || (i + 12), i + 12)) from n;";

/// What an audited column was at the end of a month: the last change before it says, else the next one, else today's row.
fn past(column: &str) -> String {
    format!(
        "case when (select max(at) from account_changes x where x.account = a.id and what = '{column}') < until
              or not exists (select 1 from account_changes x where x.account = a.id and what = '{column}')
            then cast(a.{column} as text)
            else coalesce((select new from account_changes x where x.account = a.id and what = '{column}' and at < until order by at desc limit 1),
              (select old from account_changes x where x.account = a.id and what = '{column}' order by at limit 1)) end"
    )
}

fn expected(today: &str) -> String {
    format!(
        "with recursive month(e) as (select '2025-01-31' union all select date(e, '+1 day', '+1 month', '-1 day') from month where e < '{today}'),
           moment as (select e, min(e, '{today}') as told, datetime(min(e, '{today}'), '+1 day') as until from month)
         select id || '|' || e, e, {}, {} from moment join accounts a on a.opened <= told and (a.closed is null or a.closed >= told) order by 1",
        past("plan"),
        past("seats")
    )
}

const PUBLISHED: &str = "select source_row_id, d.date, plan, seats from fact_account f join dim_date d on d.date_key = f.month_key
    where not f.deleted_at_source order by 1";

fn rebuilt(star: &str) -> Result<Case> {
    let files = [
        ("sources/crm.yaml", REBUILT),
        ("conformed/date.yaml", CALENDAR),
        ("stars/account.yaml", star),
    ];
    Case::new("UTC", ACCOUNTS, &files)
}

#[test]
fn months_of_a_rebuilt_history_are_restated_by_late_changes() -> Result<()> {
    let case = rebuilt(STAR)?;
    case.load_twice("2025-04-15")?;
    assert_eq!(
        case.stars(PUBLISHED)?,
        case.source(&expected("2025-04-15"))?
    );
    case.load_twice("2025-06-30")?;
    let table = case.source(&expected("2025-06-30"))?;
    assert!(table.len() > 30, "{table:?}");
    assert_eq!(case.stars(PUBLISHED)?, table);
    // a change that comes to light late, and an account that turns out to have been closed long ago
    case.change(
        "insert into account_changes values (100, 'k0', '2025-02-10 08:00:00', 'plan', 'p9', 'p0');
         delete from account_changes where account = 'k0' and number < 100 and what = 'plan';
         update accounts set closed = '2025-03-15' where id = 'k1'; delete from accounts where id = 'k2';",
    )?;
    case.load_twice("2025-06-30")?;
    let restated = case.source(&expected("2025-06-30"))?;
    assert_ne!(restated, table);
    assert_eq!(case.stars(PUBLISHED)?, restated);
    let gone = "select source_row_id from fact_account where deleted_at_source order by 1";
    let gone = case.stars(gone)?.concat();
    assert!(
        gone.contains(&"k1|2025-03-31".to_owned()) && gone.contains(&"k2|2025-06-30".to_owned()),
        "{gone:?}"
    );
    Ok(())
}

const PRESENT: &str = "source: crm
tables:
  stock: {key: [shop, article], columns: {shop: text, article: text, pieces: integer}}
entities:
  stock:
    from: stock s
    columns: {shop: s.shop, article: s.article, pieces: s.pieces}
    reject: {negative: s.pieces < 0}
";

const STOCK: &str = "star: stock
grain: One row is what one shop had of one article at the end of one week.
kind: periodic
every: week
entity: stock
key: [shop, article]
dimensions:
  week: {dimension: date, column: period_end}
degenerate:
  shop: text
measures:
  pieces: {type: integer, additivity: semi_additive, over: week}
";

#[test]
fn present_states_are_recorded_and_the_past_stands() -> Result<()> {
    let files = [
        ("sources/crm.yaml", PRESENT),
        ("conformed/date.yaml", CALENDAR),
        ("stars/stock.yaml", STOCK),
    ];
    let tables =
        "create table stock (shop text, article text, pieces integer, primary key (shop, article));
      create table recorded (id text primary key, day text, shop text, pieces integer);
      insert into stock values ('s', 'a', 1), ('s', 'b', 2), ('t', 'a', 3);";
    let case = Case::new("Asia/Shanghai", tables, &files)?;
    // what the source says at the last load of each week, under the Sunday that ends it
    let record = |sunday: &str| {
        case.change(&format!(
            "delete from recorded where day = '{sunday}';
             insert into recorded select shop || '|' || article || '|' || '{sunday}', '{sunday}', shop, pieces from stock;"
        ))
    };
    let published = "select source_row_id, d.date, shop, pieces from fact_stock f join dim_date d on d.date_key = f.week_key
        where not f.deleted_at_source order by 1";
    let steps = [
        (
            "2025-03-03",
            "2025-03-09",
            "update stock set pieces = 5 where article = 'a'",
        ),
        (
            "2025-03-07",
            "2025-03-09",
            "delete from stock where article = 'b'; insert into stock values ('u', 'c', 9)",
        ),
        (
            "2025-03-09",
            "2025-03-09",
            "update stock set pieces = pieces + 1",
        ),
        (
            "2025-03-10",
            "2025-03-16",
            "delete from stock where shop = 't'",
        ),
        ("2025-03-31", "2025-04-06", "select 1"),
    ];
    for (today, sunday, change) in steps {
        case.load_twice(today)?;
        record(sunday)?;
        let table = case.source("select id, day, shop, pieces from recorded order by 1")?;
        assert_eq!(case.stars(published)?, table, "{today}");
        case.change(change)?;
    }
    // a row that is rejected keeps what was recorded of it, this week and before
    let before = case.stars(published)?;
    case.change("update stock set pieces = -1 where shop = 'u'")?;
    case.load("2025-04-01")?;
    assert_eq!(case.stars(published)?, before);
    Ok(())
}

#[test]
fn periods_that_make_no_sense_are_refused_at_their_place() -> Result<()> {
    let refused = |old: &str, new: &str, expected: &str| -> Result<()> {
        let case = rebuilt(&STAR.replace(old, new))?;
        case.lab.etl(&["plan"])?.refused(2, &[expected])?;
        Ok(())
    };
    refused("every: month\n", "", "a star file lacks 'every'")?;
    refused(
        "kind: periodic\n",
        "",
        "belong to a star of 'kind: periodic'",
    )?;
    refused("begins: opened\n", "", "needs 'begins'")?;
    refused(
        "ends: closed",
        "ends: close",
        "stars/account.yaml:7:7: unknown column of the entity 'close'",
    )?;
    refused(
        "ends: closed",
        "ends: plan",
        "column 'plan' of entity 'account' is text, not a date or an instant",
    )?;
    refused(
        "column: period_end",
        "column: opened",
        "needs a calendar role with 'column: period_end'",
    )?;
    refused(
        "over: month",
        "over: day",
        "stars/account.yaml:15:59: unknown role of the star 'day'",
    )?;
    refused("type: integer", "type: double", "has to be exact")?;
    refused(
        "additivity: semi_additive",
        "additivity: additive",
        "'over' and 'take' belong to a measure of",
    )?;
    let case = rebuilt(STAR)?;
    case.load("2025-04-15")?;
    let cube = "cube: accounts\nstar: account\nroles: [month]\nmeasures:\n  seats: {function: sum, of: seats}\n";
    case.declare("cubes/accounts.yaml", cube)?;
    let summed = "'seats' is a state, which cannot be summed over 'month'; ask for its last";
    case.lab.etl(&["plan"])?.refused(2, &[summed])?;
    let wrong = "{function: last, of: seats, over: mnth, at: 0.5, approximate: true}\n  high: {function: percentile, of: seats, at: 1.5}\n  low: {function: percentile, of: seats}\n  late: {function: last, of: plan}\n";
    case.declare(
        "cubes/accounts.yaml",
        &cube.replace("{function: sum, of: seats}\n", wrong),
    )?;
    case.lab.etl(&["plan"])?.refused(
        2,
        &[
            "unknown calendar role of the star 'mnth' (did you mean 'month'?)",
            "only 'percentile' takes 'at'",
            "only 'count_distinct', 'median' and 'percentile' can be approximate",
            "'1.5' is not a number from 0 to 1",
            "the function needs 'at', a number from 0 to 1 such as 0.9",
            "unknown measure of the fact 'plan'",
            "the function needs 'over', the calendar role of its periods: month",
        ],
    )?;
    case.declare("cubes/accounts.yaml", &cube.replace("sum", "max"))?;
    case.load("2025-04-15")?;
    let most = case
        .lab
        .query(&["--cube", "accounts", "--measures", "seats"])?;
    let expected = expected("2025-04-15");
    let expected = format!(
        "with answer(id, e, plan, seats) as ({expected}) select max(cast(seats as integer)) from answer"
    );
    assert_eq!(most, case.source(&expected)?);
    case.declare(
        "stars/account.yaml",
        &STAR.replace("every: month", "every: week"),
    )?;
    case.lab
        .etl(&["plan"])?
        .refused(2, &["star 'account'", "its grain changed"])?;
    Ok(())
}

/// A total has the last period of its own, not that of its parts.
#[test]
fn states_of_several_months_are_those_of_one_or_their_average() -> Result<()> {
    let case = rebuilt(STAR)?;
    let cube = "cube: accounts\nstar: account\nroles: [month]\ndegenerate:\n  plan: {columns: [plan]}\nmeasures:
  opening: {function: first, of: seats}\n  closing: {function: last, of: seats}\n  average: {function: period_average, of: seats}
  low: {function: percentile, of: seats, at: 0.25}\n";
    case.declare("cubes/accounts.yaml", cube)?;
    case.load("2025-06-30")?;
    let answer = case.lab.query(&[
        "--cube",
        "accounts",
        "--measures",
        "opening,closing,average,low",
        "--rows",
        "plan.plan",
        "--subtotals",
        "rows",
    ])?;
    let answer: Vec<Vec<String>> = answer
        .into_iter()
        .map(|mut row| row.split_off(row.len() - 5))
        .collect();
    // percentiles by the order of values: as far from one as from the other in the order
    let cell = |of: &str| {
        format!(
        "select (select sum(seats) from answer a where {of} and e = (select min(e) from answer a where {of})),
           (select sum(seats) from answer a where {of} and e = (select max(e) from answer a where {of})),
           (select printf('%.10f', sum(seats) * 1.0 / count(distinct e)) from answer a where {of}),
           (with o as (select seats, row_number() over (order by seats) - 1 as r, (count(*) over () - 1) * 0.25 as p from answer a where {of})
            select printf('%.10f', l.seats + (h.seats - l.seats) * (l.p - l.r)) from o l, o h
            where l.r = cast(l.p as integer) and h.r = min(l.r + 1, (select max(r) from o)))"
    )
    };
    let parts = cell("a.plan = c.plan").replacen("select ", "select c.plan, ", 1);
    let expected = case.source(&format!(
        "with told(id, e, plan, seats) as ({}), answer as (select id, e, plan, cast(seats as integer) as seats from told)
         select * from ({parts} from (select distinct plan from answer) c order by 1)
         union all {}",
        expected("2025-06-30"),
        cell("true").replacen("select ", "select 'Total', ", 1)
    ))?;
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(answer, expected);
    Ok(())
}

/// Rows of which nobody knows since when they are there are rejected.
#[test]
fn a_history_without_a_beginning_is_rejected() -> Result<()> {
    let case = rebuilt(STAR)?;
    case.change("update accounts set opened = null where id = 'k5'")?;
    case.load_twice("2025-06-30")?;
    let table = case.source(&expected("2025-06-30"))?;
    assert_eq!(case.stars(PUBLISHED)?, table);
    let rejected = case.stars("select object, row_id, reason from audit.audit_reject")?;
    assert_eq!(
        rejected,
        rows(&[&["account", "k5|2025-06-30", "missing_begin"]])
    );
    // one that was published before stands as it was
    case.change("update accounts set opened = null where id = 'k1'")?;
    case.load_twice("2025-06-30")?;
    assert_eq!(case.stars(PUBLISHED)?, table);
    Ok(())
}
