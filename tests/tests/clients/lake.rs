//! The tables of every form of dimension and fact, read by DuckDB and by the Python package `deltalake`, beside SQL on the source.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Source};
use serde_json::Value;

use super::python::python;

const SOURCE: &str = "source: crm
tables:
  changes: {key: number, columns: {number: bigint, id: text, at: timestamp, city: text, boss: text, mood: text, born: date}}
  deals: {key: id, columns: {id: text, person: text, opened: date, won: date, channel: text, gift: boolean, price: money}}
  deals_people: {key: number, columns: {number: bigint, deal: text, person: text, share: integer}}
  accounts: {key: id, columns: {id: text, balance: money}}
  visits: {key: id, columns: {id: text, person: text, day: date}}
  sales: {key: id, columns: {id: text, person: text, day: date, amount: money}}
entities:
  person:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    columns: {person_id: c.id, city: c.city, boss: c.boss, mood: c.mood, born: c.born}
  deal:
    from: deals d
    columns: {deal_id: d.id, person_id: d.person, opened: d.opened, won: d.won, channel: d.channel, gift: d.gift, price: d.price}
  deal_person:
    from: deals_people l
    columns: {deal_id: l.deal, person_id: l.person, share: l.share}
  account:
    from: accounts a
    columns: {account_id: a.id, balance: a.balance}
  visit:
    from: visits v
    columns: {visit_id: v.id, person_id: v.person, day: v.day}
  sale:
    from: sales s
    columns: {sale_id: s.id, person_id: s.person, day: s.day, amount: s.amount}
";

const MODEL: [(&str, &str); 9] = [
    ("conformed/date", "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n"),
    ("conformed/temper", "dimension: temper\nmini_of: person\n"),
    ("conformed/profile", "dimension: profile\ncombination: true\nattributes: {channel: {type: text}, gift: {type: boolean}}\n"),
    (
        "conformed/person",
        "dimension: person
entity: person
key: person_id
parent: {column: boss, scd: 1}
outriggers: {birthday: {dimension: date, column: born}}
attributes: {city: {type: text, scd: 2}, mood: {type: text, scd: 4, mini: temper}}
hierarchies: {line: {depth: 2}}
",
    ),
    (
        "stars/deal",
        "star: deal
grain: One row is one deal.
kind: accumulating
entity: deal
key: deal_id
milestones: {opened: opened, won: won}
dimensions:
  person: {column: person_id, as_of: opened}
  temper: {column: person_id, as_of: opened}
  profile: {}
bridges:
  partner: {dimension: person, entity: deal_person, facts: deal_id, column: person_id, weight: share, as_of: opened}
measures: {price: {type: money}}
",
    ),
    (
        "stars/balance",
        "star: balance
grain: One row is one account at the end of one month.
kind: periodic
every: month
entity: account
key: account_id
dimensions: {month: {dimension: date, column: period_end}}
measures: {balance: {type: money, additivity: semi_additive, over: month}}
",
    ),
    (
        "stars/visit",
        "star: visit
grain: One row is one visit.
kind: factless
entity: visit
key: visit_id
dimensions: {day: {dimension: date, column: day}, person: {column: person_id, as_of: day}}
",
    ),
    (
        "stars/sale",
        "star: sale
grain: One row is one booking of one sale.
corrections: offset
entity: sale
key: sale_id
dimensions: {day: {dimension: date, column: day}, person: {column: person_id, as_of: day}}
measures: {amount: {type: money}}
",
    ),
    ("sources/crm", SOURCE),
];

const TABLES: &str = "create table changes (number integer primary key, id text, at text, city text, boss text, mood text, born text);
create table deals (id text primary key, person text, opened text, won text, channel text, gift integer, price real);
create table deals_people (number integer primary key, deal text, person text, share integer);
create table accounts (id text primary key, balance real);
create table visits (id text primary key, person text, day text);
create table sales (id text primary key, person text, day text, amount real);
insert into changes values (1, 'a', '2025-01-01 00:00:00', 'x', null, 'calm', '2025-05-05'), (2, 'b', '2025-01-01 00:00:00', 'x', 'a', 'calm', null),
  (3, 'c', '2025-01-01 00:00:00', 'y', 'b', 'glad', '2025-06-06'), (4, 'd', '2025-01-01 00:00:00', 'y', 'c', null, '2025-05-06');
with recursive t(n) as (select 0 union all select n + 1 from t where n < 39)
insert into deals select 'd' || n, substr('abcds', n % 5 + 1, 1), date('2025-01-05', n || ' days'), iif(n % 3, date('2025-01-05', n * 2 || ' days'), null),
  iif(n % 4, 'web', null), n % 2, n + 0.25 from t;
insert into deals_people select null, d.id, p.id, iif(p.id = 'a', 3, 1) from deals d, (select 'a' as id union select 'c') p where d.channel = 'web';
insert into deals_people select null, d.id, d.person, 1 from deals d where d.gift and d.channel is null;
insert into accounts values ('k1', 10), ('k2', 20.5);
insert into visits select id, person, opened from deals;
insert into sales select id, person, opened, price from deals;";

/// What happens between the two loads.
const LATER: &str = "create table balances as select '2025-01-31' as month, * from accounts;
insert into changes values (5, 'a', '2025-01-20 00:00:00', 'z', null, 'glad', '2025-05-05'), (6, 'b', '2025-01-25 00:00:00', 'x', 'a', 'glad', null);
update accounts set balance = balance + 5;
insert into balances select '2025-02-28', * from accounts;
update sales set amount = amount + 1 where id like '%1';
delete from sales where id like '%7';
delete from deals where id = 'd39';
delete from visits where id = 'd38';";

/// The change of a member that holds at the end of a day; before the first one, that one.
fn held(what: &str, member: &str, day: &str) -> String {
    format!(
        "(select {what} from changes c where c.id = {member} order by (at < date({day}, '+1 day')) desc,
           iif(at < date({day}, '+1 day'), at, null) desc, at limit 1)"
    )
}

/// Questions to the warehouse, each with one to the source.
fn questions() -> Vec<(&'static str, String)> {
    let (city, mood) = (
        held("city", "person", "opened"),
        held("mood", "person", "opened"),
    );
    vec![
        (
            "select p.city, count(*), sum(f.price) from fact_deal f join dim_person p on p.person_key = f.person_key
             where not f.deleted_at_source group by p.city order by p.city nulls first",
            format!("select {city}, count(*), sum(price) from deals group by 1 order by 1"),
        ),
        (
            "select t.mood, count(*), sum(f.price) from fact_deal f join dim_temper t on t.temper_key = f.temper_key
             where not f.deleted_at_source group by t.mood order by t.mood nulls first",
            format!("select {mood}, count(*), sum(price) from deals group by 1 order by 1"),
        ),
        (
            "select temper_history_id, count(*) from dim_temper_history where temper_history_key > 0 and mood is not null group by 1 order by 1",
            "select id, count(*) from (select id, mood, lag(mood) over (partition by id order by at, number) as before from changes)
             where mood is not null and mood is not before group by 1 order by 1".into(),
        ),
        (
            "select p.channel, p.gift, sum(f.price) from fact_deal f join dim_profile p on p.profile_key = f.profile_key
             where not f.deleted_at_source group by p.channel, p.gift order by p.channel nulls first, p.gift",
            "select channel, iif(gift, 'true', 'false'), sum(price) from deals group by 1, 2 order by 1, 2".into(),
        ),
        (
            "select p.person_id, p.city, sum(f.price * b.weight) from fact_deal f join bridge_partner b on b.partner_group_key = f.partner_group_key
             join dim_person p on p.person_key = b.partner_key where not f.deleted_at_source
             group by p.person_id, p.city order by p.person_id, p.city nulls first",
            format!(
                "select coalesce(l.person, 'not_given'), {}, sum(price * coalesce(l.share, 1) / coalesce(a.total, 1)) from deals d
                 left join deals_people l on l.deal = d.id
                 left join (select deal, sum(share) as total from deals_people group by 1) a on a.deal = d.id group by 1, 2 order by 1, 2",
                held("city", "l.person", "opened")
            ),
        ),
        (
            "select sum(f.price * b.weight) from fact_deal f join bridge_partner b on b.partner_group_key = f.partner_group_key
             where not f.deleted_at_source",
            "select sum(price) from deals".into(),
        ),
        (
            "select a.person_id, count(*), sum(f.price) from fact_deal f join dim_person d on d.person_key = f.person_key
             join bridge_person_closure b on b.descendant_durable_key = d.person_durable_key
             join dim_person a on a.person_durable_key = b.ancestor_durable_key and a.is_current
             where not f.deleted_at_source group by a.person_id order by a.person_id",
            "with recursive up(id, over) as (select distinct person, person from deals
               union select u.id, c.boss from up u join changes c on c.id = u.over where c.boss is not null)
             select over, count(*), sum(price) from deals join up on up.id = person group by 1 order by 1".into(),
        ),
        (
            "select a.person_id, sum(f.price) from fact_deal f join dim_person d on d.person_key = f.person_key
             join bridge_person_line l on l.person_durable_key = d.person_durable_key
             join dim_person a on a.person_durable_key = l.level_2_durable_key and a.is_current
             where not f.deleted_at_source group by a.person_id order by a.person_id",
            // a is at the top, all others are below b
            "select iif(person in ('a', 's'), person, 'b'), sum(price) from deals group by 1 order by 1".into(),
        ),
        (
            "select d.month, count(*) from dim_person p join dim_date d on d.date_key = p.birthday_key
             where p.is_current and p.person_key > 0 and d.date_key > 0 group by d.month order by d.month",
            "select strftime('%m', born) + 0, count(distinct id) from changes where born is not null group by 1 order by 1".into(),
        ),
        (
            "select d.date, count(*), sum(f.balance) from fact_balance f join dim_date d on d.date_key = f.month_key
             group by d.date order by d.date",
            "select month, count(*), sum(balance) from balances group by 1 order by 1".into(),
        ),
        (
            "select last_milestone, count(*), sum(opened_to_won_days) from fact_deal where not deleted_at_source
             group by last_milestone order by last_milestone",
            "select iif(won is null, 'opened', 'won'), count(*), cast(sum(julianday(won) - julianday(opened)) as integer) from deals group by 1 order by 1".into(),
        ),
        (
            "select p.person_id, count(*) from fact_visit f join dim_person p on p.person_key = f.person_key
             where not f.deleted_at_source group by p.person_id order by p.person_id",
            "select person, count(*) from visits group by 1 order by 1".into(),
        ),
        (
            "select p.person_id, sum(f.booked), sum(f.amount) from fact_sale f join dim_person p on p.person_key = f.person_key
             group by p.person_id order by p.person_id",
            "select person, count(*), sum(amount) from sales group by 1 order by 1".into(),
        ),
    ]
}

/// A number as short as it can be, as the other side writes it; other texts as they are.
fn short(text: &str) -> String {
    match text.contains('.') && text.parse::<f64>().is_ok() {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    }
}

fn ask(lab: &Lab, questions: &[&str]) -> Result<Value> {
    let script = planisphere_tests::root().join("tests/tests/clients/lake.py");
    let mut child = Command::new(python()?)
        .arg(script)
        .arg(lab.path("warehouse"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("the script has an input")?;
    stdin.write_all(serde_json::to_string(questions)?.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "lake.py failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn other_engines_read_every_form_and_say_what_the_source_says() -> Result<()> {
    let (lab, source) = Source::with_lab(TABLES, 0)?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: lake\n")?;
    for (name, text) in MODEL {
        lab.write(
            &format!("model/{name}.yaml"),
            format!("planisphere: 1\n{text}"),
        )?;
    }
    lab.load_as_of("2025-01-31")?.done()?;
    source.change(LATER)?;
    lab.load_as_of("2025-02-28")?.done()?;
    let questions = questions();
    let asked: Vec<&str> = questions.iter().map(|(asked, _)| *asked).collect();
    let found = ask(&lab, &asked)?;
    for engine in ["duckdb", "deltalake"] {
        for (at, (asked, of_source)) in questions.iter().enumerate() {
            let expected = source.ask(of_source)?;
            let expected: Vec<Vec<String>> = expected
                .iter()
                .map(|row| row.iter().map(|cell| short(cell)).collect())
                .collect();
            assert!(!expected.is_empty(), "{of_source}");
            let found: Vec<Vec<String>> = serde_json::from_value(found[engine][at].clone())?;
            assert_eq!(found, expected, "{engine}: {asked}");
        }
    }
    let counts = found["counts"].as_object().context("counts")?;
    for (table, count) in counts {
        let [manifest, duckdb, deltalake] = [&count[0], &count[1], &count[2]];
        assert!(
            manifest == duckdb && duckdb == deltalake,
            "{table}: {count}"
        );
    }
    for table in [
        "bridge_partner",
        "bridge_person_closure",
        "bridge_person_line",
        "dim_temper_history",
        "fact_sale",
    ] {
        assert!(counts[table][0].as_u64() > Some(4), "{table}");
    }
    Ok(())
}
