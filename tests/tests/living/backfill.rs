//! A changed model finds what retained packages of earlier loads know and this load does not show any more.

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, Source, rows};

/// The staged tables have more columns than any entity uses.
const SOURCE: &str = "planisphere: 1
source: crm
tables:
  customers: {key: id, columns: {id: text, city: text, channel: text}}
  orders: {key: id, columns: {id: text, customer: text, day: date, amount: integer, price: integer, way: text}}
  stock: {key: article, columns: {article: text, pieces: integer, weight: integer}}
  changes: {key: number, columns: {number: bigint, id: text, at: timestamp, amount: integer, region: text}}
entities:
  customer:
    from: customers c
    columns: {customer_id: c.id, city: c.city}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer, day: o.day, amount: o.amount}
  stock:
    from: stock s
    columns: {article: s.article, pieces: s.pieces}
  contract:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    columns: {contract_id: c.id, amount: c.amount}
";

const CUSTOMER: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 1}
";

/// A star of orders.
pub(crate) const PURCHASE: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  order_date: {dimension: date, column: day}
  customer: {column: customer_id, as_of: day}
measures:
  amount: {type: integer}
";

const STOCK: &str = "planisphere: 1
star: stock
grain: One row is what there was of one article at the end of one day.
kind: periodic
every: day
entity: stock
key: article
dimensions:
  day: {dimension: date, column: period_end}
measures:
  pieces: {type: integer, additivity: semi_additive, over: day}
";

const CONTRACT: &str = "planisphere: 1
star: contract
grain: One row is one contract as it stands.
entity: contract
key: contract_id
measures:
  amount: {type: integer}
";

const TABLES: &str = "
create table customers (id text primary key, city text, channel text, note text);
create table orders (id text primary key, customer text, day text, amount integer, price integer, way text);
create table stock (article text primary key, pieces integer, weight integer);
create table changes (number integer primary key, id text, at text, amount integer, region text);
insert into customers values ('a', 'Rome', 'web', 'n1'), ('b', 'Oslo', 'shop', 'n2'), ('c', 'Bern', 'mail', 'n3');
insert into orders values ('o1', 'a', '2025-02-01', 1, 10, 'x'), ('o2', 'b', '2025-02-02', 2, 20, 'y'), ('o3', 'c', '2025-02-03', 3, 30, 'z');
insert into stock values ('tea', 5, 50), ('oil', 7, 70);
insert into changes values (1, 'k', '2025-02-01 00:00:00', 1, 'north'), (2, 'l', '2025-02-02 00:00:00', 2, 'south');";

pub(crate) fn shop() -> Result<(Lab, Source)> {
    let (lab, source) = Source::with_lab(TABLES, 900)?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: shop\n")?;
    let date = "planisphere: 1\ndimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";
    for (name, text) in [
        ("sources/crm", SOURCE),
        ("conformed/date", date),
        ("conformed/customer", CUSTOMER),
        ("stars/purchase", PURCHASE),
        ("stars/stock", STOCK),
        ("stars/contract", CONTRACT),
    ] {
        lab.write(&format!("model/{name}.yaml"), text)?;
    }
    // three days, of which each shows less of the past than the one before
    lab.load_as_of("2025-03-01")?.done()?;
    source.change(
        "update customers set channel = 'app' where id = 'a'; delete from customers where id = 'c';
         delete from orders where id = 'o3'; update orders set price = 11 where id = 'o1';
         update stock set pieces = 6, weight = 60 where article = 'tea'; delete from stock where article = 'oil';
         delete from changes where id = 'k'",
    )?;
    lab.load_as_of("2025-03-02")?.done()?;
    source.change(
        "delete from customers where id = 'b'; delete from orders where id = 'o2'; delete from changes;
         insert into changes values (3, 'm', '2025-02-03 00:00:00', 3, 'west')",
    )?;
    Ok((lab, source))
}

const SOURCES: &str = "model/sources/crm.yaml";

/// The model takes up what was staged all the time, and a note that was not.
pub(crate) fn learn(lab: &Lab) -> Result<()> {
    lab.replace(SOURCES, "channel: text}", "channel: text, note: text}")?;
    lab.replace(
        SOURCES,
        "city: c.city}",
        "city: c.city, channel: c.channel, note: c.note}",
    )?;
    lab.replace(
        SOURCES,
        "amount: o.amount}",
        "amount: o.amount, price: o.price, way: o.way}",
    )?;
    lab.replace(
        SOURCES,
        "pieces: s.pieces}",
        "pieces: s.pieces, weight: s.weight}",
    )?;
    lab.replace(
        SOURCES,
        "amount: c.amount}",
        "amount: c.amount, region: c.region}",
    )?;
    let attributes = "attributes:\n  channel: {type: text, scd: 2}\n  note: {type: text}\n";
    lab.replace("model/conformed/customer.yaml", "attributes:\n", attributes)?;
    let more = "degenerate:\n  way: text\nmeasures:\n  price: {type: integer}\n";
    lab.replace("model/stars/purchase.yaml", "measures:\n", more)?;
    let more = "measures:\n  weight: {type: integer, additivity: semi_additive, over: day}\n";
    lab.replace("model/stars/stock.yaml", "measures:\n", more)?;
    let more = "degenerate:\n  region: text\nmeasures:\n";
    lab.replace("model/stars/contract.yaml", "measures:\n", more)
}

const CUSTOMERS: &str =
    "select customer_id, channel, note, is_current, deleted_at_source from dim_customer
    where customer_key > 0 order by customer_id, valid_from";
pub(crate) const PURCHASES: &str =
    "select source_row_id, amount, price, way, deleted_at_source from fact_purchase order by 1";
const STOCKS: &str =
    "select source_row_id, pieces, weight, deleted_at_source from fact_stock order by 1";
const CONTRACTS: &str = "select source_row_id, amount, region from fact_contract order by 1";

#[test]
fn what_older_packages_know_is_filled_in_and_told_beforehand() -> Result<()> {
    let (lab, _source) = shop()?;
    learn(&lab)?;
    let plan = lab.etl(&["plan"])?.done()?.out;
    let days = "is taken from the staging packages of 2 earlier loads, of 2025-03-01 to 2025-03-02";
    for (table, column) in [
        ("dim_customer", "channel"),
        ("fact_purchase", "price"),
        ("fact_purchase", "way"),
        ("fact_stock", "weight"),
        ("fact_contract", "region"),
    ] {
        let told = format!("{table}: what this load does not show of '{column}' {days}");
        ensure!(plan.contains(&told), "'{told}' is missing in {plan}");
    }
    let unknown = "dim_customer: no retained staging package knows 'note'";
    ensure!(plan.contains(unknown), "{plan}");
    let said = lab.load_as_of("2025-03-03")?.done()?;
    ensure!(said.out.contains(unknown), "{}", said.out);
    // a came by the web on the first day and by the app since the second; c and b were there on days before
    let expected = rows(&[
        &["a", "web", "n1", "false", "false"],
        &["a", "app", "n1", "true", "false"],
        &["b", "shop", "", "true", "true"],
        &["c", "mail", "", "true", "true"],
    ]);
    assert_eq!(lab.sql(CUSTOMERS)?, expected);
    let expected = rows(&[
        &["o1", "1", "11", "x", "false"],
        &["o2", "2", "20", "y", "true"],
        &["o3", "3", "30", "z", "true"],
    ]);
    assert_eq!(lab.sql(PURCHASES)?, expected);
    // each day as it was recorded
    let expected = rows(&[
        &["oil|2025-03-01", "7", "70", "false"],
        &["tea|2025-03-01", "5", "50", "false"],
        &["tea|2025-03-02", "6", "60", "false"],
        &["tea|2025-03-03", "6", "60", "false"],
    ]);
    assert_eq!(lab.sql(STOCKS)?, expected);
    let expected = rows(&[
        &["k", "1", "north"],
        &["l", "2", "south"],
        &["m", "3", "west"],
    ]);
    assert_eq!(lab.sql(CONTRACTS)?, expected);
    let versions = lab.versions()?;
    let said = lab.load_as_of("2025-03-03")?.done()?;
    ensure!(!said.out.contains("staging package"), "{}", said.out);
    assert_eq!(lab.versions()?, versions);
    // old versions are read by their own model
    let old = [
        "sql",
        "--warehouse-version",
        "1",
        "select channel from dim_customer",
    ];
    lab.olap(&old)?.refused(3, &["unknown column 'channel'"])?;
    Ok(())
}

/// The same loads under the new model from the beginning.
#[test]
fn a_backfilled_warehouse_is_the_one_that_is_built_anew_under_its_model() -> Result<()> {
    let (lab, _source) = shop()?;
    learn(&lab)?;
    lab.load_as_of("2025-03-03")?.done()?;
    let asked = [
        "select customer_key, customer_id, channel, note, valid_from, valid_to, valid_from_basis, deleted_at_source
         from dim_customer order by 1",
        "select source_row_id, customer_key, price, way, deleted_at_source from fact_purchase order by 1",
        STOCKS,
        CONTRACTS,
        "select customer_key, customer_durable_key, customer_id, valid_from, is_retired from map.map_customer order by 1",
    ];
    let ask = || {
        asked
            .iter()
            .map(|sql| lab.sql(sql))
            .collect::<Result<Vec<_>>>()
    };
    let backfilled = ask()?;
    let settings = std::fs::read_to_string(lab.config())?;
    lab.write(
        "planisphere.toml",
        format!("{settings}\n[warehouse]\nurl = \"anew\"\n"),
    )?;
    let old = lab.path("warehouse").display().to_string();
    lab.etl(&["rebuild", "--from", &old])?.done()?;
    for ((sql, expected), found) in asked.iter().zip(backfilled).zip(ask()?) {
        assert_eq!(found, expected, "{sql}");
    }
    Ok(())
}

#[test]
fn a_package_that_cannot_be_read_is_left_out() -> Result<()> {
    let (lab, _source) = shop()?;
    let packages = super::damaged::packages(&lab)?;
    std::fs::remove_dir_all(packages[0].join("crm/orders"))?;
    learn(&lab)?;
    let said = lab.etl(&["plan"])?.done()?;
    ensure!(
        said.err.contains("cannot be read and is left out"),
        "{}",
        said.err
    );
    let told = "'price' is taken from the staging packages of 1 earlier loads, of 2025-03-02 to 2025-03-02";
    ensure!(said.out.contains(told), "{}", said.out);
    lab.load_as_of("2025-03-03")?.done()?;
    let expected = rows(&[
        &["o1", "1", "11", "x", "false"],
        &["o2", "2", "20", "y", "true"],
        &["o3", "3", "", "", "true"],
    ]);
    assert_eq!(lab.sql(PURCHASES)?, expected);
    Ok(())
}

#[test]
fn what_no_package_knows_any_more_stays_empty() -> Result<()> {
    let (lab, _source) = shop()?;
    std::fs::remove_dir_all(lab.path("warehouse/_planisphere/staging"))?;
    learn(&lab)?;
    let said = lab.load_as_of("2025-03-03")?.done()?;
    let told = "fact_purchase: no retained staging package knows 'price'; what this load does not show of it stays empty";
    ensure!(said.out.contains(told), "{}", said.out);
    let expected = rows(&[
        &["a", "app", "n1", "true", "false"],
        &["b", "", "", "true", "true"],
        &["c", "", "", "true", "true"],
    ]);
    assert_eq!(lab.sql(CUSTOMERS)?, expected);
    let expected = rows(&[
        &["o1", "1", "11", "x", "false"],
        &["o2", "2", "", "", "true"],
        &["o3", "3", "", "", "true"],
    ]);
    assert_eq!(lab.sql(PURCHASES)?, expected);
    Ok(())
}

/// What the load gives counts, also where it says that there is nothing.
#[test]
fn what_is_null_now_is_not_filled_with_what_it_was() -> Result<()> {
    let (lab, source) = shop()?;
    source.change("update orders set price = null, way = null where id = 'o1'")?;
    learn(&lab)?;
    lab.load_as_of("2025-03-03")?.done()?;
    let expected = rows(&[
        &["o1", "1", "", "", "false"],
        &["o2", "2", "20", "y", "true"],
        &["o3", "3", "30", "z", "true"],
    ]);
    assert_eq!(lab.sql(PURCHASES)?, expected);
    Ok(())
}
