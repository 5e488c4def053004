//! Groups of stars of other kinds: snapshots of periods keep theirs, streams find theirs without being shown again.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::crm::{Crm, FILES};

const LINKS: &str = "create table accounts (id text primary key, balance real);
create table holders (number integer primary key, account text, person text);
insert into accounts values ('k', 100);
insert into holders values (1, 'k', 'a'), (2, 'k', 'b');";

const SOURCE: &str = "source: crm
tables:
  accounts: {key: id, columns: {id: text, balance: money}}
  holders: {key: number, columns: {number: bigint, account: text, person: text}}
entities:
  account:
    from: accounts a
    columns: {account_id: a.id, balance: a.balance}
  holder:
    from: holders h
    columns: {account_id: h.account, person_id: h.person}
";

/// The members are known by references alone.
const PERSON: &str = "dimension: person\nentity: account\nkey: account_id\n";

const STAR: &str = "star: balance
grain: One row is one account at the end of one month.
kind: periodic
every: month
entity: account
key: account_id
dimensions:
  month: {dimension: date, column: period_end}
bridges:
  holder: {dimension: person, entity: holder, facts: account_id, column: person_id}
measures:
  balance: {type: money, additivity: semi_additive, over: month, take: last}
";

fn files() -> [(&'static str, &'static str); 4] {
    [
        ("sources/crm.yaml", SOURCE),
        FILES[1],
        ("conformed/person.yaml", PERSON),
        ("stars/balance.yaml", STAR),
    ]
}

#[test]
fn a_month_that_is_over_keeps_its_group() -> Result<()> {
    let crm = Crm::with(&files(), LINKS)?;
    crm.lab.load_as_of("2025-01-31")?.done()?;
    crm.change("delete from holders where person = 'b'; update accounts set balance = 70")?;
    crm.lab.load_as_of("2025-02-28")?.done()?;
    let found = crm.sql(
        "select d.date, p.person_id, f.balance * b.weight from fact_balance f join dim_date d on d.date_key = f.month_key
         join bridge_holder b on b.holder_group_key = f.holder_group_key
         join dim_person p on p.person_key = b.holder_key order by 1, 2",
    )?;
    let expected = rows(&[
        &["2025-01-31", "a", "50.00000000000000"],
        &["2025-01-31", "b", "50.00000000000000"],
        &["2025-02-28", "a", "70.00000000000000"],
    ]);
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn a_row_of_a_stream_finds_its_new_group_without_being_shown_again() -> Result<()> {
    let files = files();
    let crm = Crm::with(&files, LINKS)?;
    let source = SOURCE.replace(
        "  account:\n    from: accounts a\n",
        "  account:\n    from: accounts a\n    changes: {at: \"timestamp '2025-01-01 00:00:00'\"}\n",
    );
    crm.declare("sources/crm.yaml", &source)?;
    let star = STAR.replace("kind: periodic\nevery: month\n", "");
    let star = star.replace(
        "dimensions:\n  month: {dimension: date, column: period_end}\n",
        "",
    );
    crm.declare(
        "stars/balance.yaml",
        &star.replace(", additivity: semi_additive, over: month, take: last", ""),
    )?;
    crm.load()?;
    crm.load_after("delete from accounts; delete from holders where person = 'b'")?;
    let found = crm.sql(
        "select p.person_id, f.balance * b.weight from fact_balance f join bridge_holder b on b.holder_group_key = f.holder_group_key
         join dim_person p on p.person_key = b.holder_key where not f.deleted_at_source",
    )?;
    assert_eq!(found, rows(&[&["a", "100.00000000000000"]]));
    Ok(())
}
