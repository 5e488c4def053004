//! Nightly loads leave small files; they are joined before there are many, and nothing else changes.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Source};
use serde_json::Value;

use super::backfill::PURCHASE;
use super::files::{latest, rows_of};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  customers: {key: id, columns: {id: text, city: text, changed: timestamp}}
  orders: {key: id, columns: {id: text, customer: text, day: date, amount: integer}}
entities:
  customer:
    from: customers c
    modified: c.changed
    columns: {customer_id: c.id, city: c.city}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer, day: o.day, amount: o.amount}
";

const CUSTOMER: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
";

const TABLES: &str = "
create table customers (id text primary key, city text, changed text);
create table orders (id text primary key, customer text, day text, amount integer);
create table moves (id text, city text, at text);";

const NIGHTS: i64 = 10;

fn shop(join_files: &str) -> Result<(Lab, Source)> {
    let (lab, source) = Source::with_lab(TABLES, 900)?;
    let settings = std::fs::read_to_string(lab.config())?;
    let settings = settings.replace("[etl]\n", &format!("[etl]\n{join_files}\n"));
    lab.write("planisphere.toml", settings)?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: shop\n")?;
    let date = "planisphere: 1\ndimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";
    for (name, text) in [
        ("sources/crm", SOURCE),
        ("conformed/date", date),
        ("conformed/customer", CUSTOMER),
        ("stars/purchase", PURCHASE),
    ] {
        lab.write(&format!("model/{name}.yaml"), text)?;
    }
    Ok((lab, source))
}

/// A night: two customers are new, one moves, three orders come, and an old one is changed.
fn night(lab: &Lab, source: &Source, night: i64) -> Result<()> {
    let day = format!("2025-03-{:02}", night + 1);
    source.change(&format!(
        "insert into customers values ('a{night}', 'Rome', '{day} 08:00:00'), ('b{night}', 'Oslo', '{day} 08:00:00');
         update customers set city = 'Bern', changed = '{day} 09:00:00' where id = 'a{0}';
         insert into moves values ('a{night}', 'Rome', '{day} 08:00:00'), ('b{night}', 'Oslo', '{day} 08:00:00'), ('a{0}', 'Bern', '{day} 09:00:00');
         insert into orders values ('o{night}x', 'a{night}', '{day}', {night}), ('o{night}y', 'b0', '{day}', 5), ('o{night}z', 'a{0}', '2025-03-01', 7);
         update orders set amount = amount + 1 where id = 'o{1}y' and {1} % 5 = 4;",
        night / 2,
        night - 1
    ))?;
    lab.load_as_of(&day)?.done()?;
    Ok(())
}

const FOUND: &str = "select f.source_row_id, f.amount, c.customer_id, c.city from fact_purchase f
    join dim_customer c on c.customer_key = f.customer_key order by 1";

/// Where each customer lived at the end of the day of each order: where it had moved last, else where it lived first.
const EXPECTED: &str = "with held as (select id, city, at, row_number() over (partition by id order by at) = 1 as first,
      coalesce(lead(at) over (partition by id order by at), '9999') as until from moves)
    select o.id, o.amount, o.customer, h.city from orders o
      join held h on h.id = o.customer and (h.at < date(o.day, '+1 day') or h.first) and date(o.day, '+1 day') <= h.until order by 1";

#[test]
fn ten_nights_leave_few_files_and_every_row_key_and_version() -> Result<()> {
    let (lab, source) = shop("join_files = 3")?;
    let mut said = Vec::new();
    for at in 0..NIGHTS {
        night(&lab, &source, at)?;
        said.push(lab.sql("select count(*), sum(amount), sum(customer_key) from fact_purchase")?);
        if at % 4 == 1 {
            assert_eq!(lab.sql(FOUND)?, source.ask(EXPECTED)?, "night {at}");
        }
    }
    assert_eq!(lab.sql(FOUND)?, source.ask(EXPECTED)?);
    let pinned = latest(&lab.path("warehouse"))?;
    for table in pinned.tables() {
        let files = table.files().len();
        ensure!(
            files <= 5,
            "{}: {files} files after {NIGHTS} nights",
            table.name()
        );
    }
    // versions of before are read from the files that they had
    for (at, expected) in said.iter().enumerate() {
        let version = (at + 1).to_string();
        let asked = ["sql", "--format", "csv", "--warehouse-version", &version];
        let asked = [
            &asked[..],
            &["select count(*), sum(amount), sum(customer_key) from fact_purchase"],
        ]
        .concat();
        let found = planisphere_tests::lab::cells(&lab.olap(&asked)?.done()?.out)?;
        assert_eq!(&found, expected, "version {version}");
    }
    let sorted = [
        ("dim_customer", "customer_key"),
        ("map_customer", "customer_key"),
        ("fact_purchase", "order_date_key"),
    ];
    for (name, column) in sorted {
        in_order(&lab.path("warehouse"), name, column)?;
        let joined = joined(&lab.path("warehouse").join(name))?;
        ensure!(joined > 0, "{name} was never joined");
    }
    let before = lab.versions()?;
    lab.load_as_of("2025-03-10")?.done()?;
    assert_eq!(
        lab.versions()?,
        before,
        "a load without changes joins nothing"
    );
    Ok(())
}

#[test]
fn without_a_limit_every_night_leaves_its_file() -> Result<()> {
    let (lab, source) = shop("join_files = 0")?;
    for at in 0..5 {
        night(&lab, &source, at)?;
    }
    let pinned = latest(&lab.path("warehouse"))?;
    let map = pinned.table("map_customer").context("a key map")?;
    assert_eq!(map.files().len(), 5);
    Ok(())
}

/// Within each file the rows are in the order of a column, and no two files of a key map overlap.
fn in_order(warehouse: &Path, name: &str, column: &str) -> Result<()> {
    let pinned = latest(warehouse)?;
    let mut ranges = Vec::new();
    for file in pinned.table(name).context("a table")?.files() {
        let mut keys = Vec::new();
        for row in rows_of(&warehouse.join(name).join(&file.path))? {
            let cell = row.iter().find(|(known, _)| known == column);
            keys.push(cell.context("the column")?.1.parse::<i64>()?);
        }
        ensure!(keys.is_sorted(), "{name}: {keys:?}");
        let stats: Value = serde_json::from_str(&file.stats)?;
        let ends = (keys.first().copied(), keys.last().copied());
        let said = |end: &str| stats[end][column].as_i64();
        assert_eq!((said("minValues"), said("maxValues")), ends, "{name}");
        assert_eq!(stats["numRecords"].as_u64(), Some(keys.len() as u64));
        ranges.push(ends);
    }
    ranges.sort_unstable();
    if name.starts_with("map_") {
        ensure!(
            ranges.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "{ranges:?}"
        );
    }
    Ok(())
}

/// How many commits of a table joined files as they are; each that says so has the same rows before and after.
fn joined(table: &Path) -> Result<usize> {
    let mut commits = Vec::new();
    for entry in std::fs::read_dir(table.join("_delta_log"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "json") {
            commits.push(path);
        }
    }
    commits.sort();
    let (mut joins, mut rows) = (0, HashMap::new());
    for commit in commits {
        let text = std::fs::read_to_string(commit)?;
        let actions = text.lines().map(serde_json::from_str);
        let actions: Vec<Value> = actions.collect::<Result<_, _>>()?;
        let quiet = |action: &&Value| action["dataChange"] == false;
        let mut after = 0;
        for add in actions.iter().filter_map(|action| action.get("add")) {
            let stats: Value = serde_json::from_str(add["stats"].as_str().context("stats")?)?;
            let count = stats["numRecords"].as_u64().context("a count")?;
            after += if quiet(&add) { count } else { 0 };
            rows.insert(add["path"].to_string(), count);
        }
        let removes = actions.iter().filter_map(|action| action.get("remove"));
        let before = removes
            .filter(quiet)
            .map(|remove| rows[&remove["path"].to_string()]);
        assert_eq!(before.sum::<u64>(), after, "{}", table.display());
        joins += usize::from(after > 0);
    }
    Ok(joins)
}
