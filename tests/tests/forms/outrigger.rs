//! Outriggers: members of a dimension refer to days and to members of another one.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::crm::{Crm, refused};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  customers:
    key: id
    columns: {id: text, name: text, tier: text, bought_at: timestamp, region: text}
  regions:
    key: id
    columns: {id: text, name: text}
  orders:
    key: id
    columns: {id: text, customer: text, at: timestamp, amount: integer}
entities:
  customer:
    from: customers c
    columns: {customer_id: c.id, name: c.name, tier: c.tier, bought_at: c.bought_at, region: c.region}
  region:
    from: regions r
    columns: {region_id: r.id, name: r.name}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer, at: o.at, amount: o.amount}
";

const CUSTOMER: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  name: {type: text}
  tier: {type: text, scd: 2}
outriggers:
  first_order: {dimension: date, column: bought_at}
  home: {dimension: region, column: region}
";

const REGION: &str = "planisphere: 1
dimension: region
entity: region
key: region_id
attributes:
  name: {type: text}
";

const DATE: &str = "planisphere: 1
dimension: date
calendar: {from: 2025-01-01, to: 2025-12-31}
";

const STAR: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  customer: {column: customer_id, as_of: at}
measures:
  amount: {type: integer}
";

const TABLES: &str = "
create table customers (id text primary key, name text, tier text, bought_at text, region text);
insert into customers values ('a', 'Ada', 'x', '2025-03-01 23:30:00', 'eu'), ('b', 'Bob', 'x', null, 'us'),
  ('c', 'Cho', 'y', '2031-01-01 00:00:00', 'mars'), ('d', 'Dan', 'y', '2025-03-01 21:00:00', null);
create table regions (id text primary key, name text);
insert into regions values ('eu', 'Europe'), ('us', 'America');
create table orders (id text primary key, customer text, at text, amount integer);
insert into orders values ('1', 'a', '2025-04-01 00:00:00', 10), ('2', 'zz', '2025-04-01 00:00:00', 5);
";

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("sources/crm", SOURCE),
        ("conformed/customer", CUSTOMER),
        ("conformed/region", REGION),
        ("conformed/date", DATE),
        ("stars/purchase", STAR),
    ]
}

const JOINED: &str = "select c.customer_id, c.first_order_id, d.date_id, r.region_id, r.name, r.valid_from_basis
  from dim_customer c join dim_date d on d.date_key = c.first_order_key join dim_region r on r.region_key = c.home_key
  where c.is_current order by c.customer_id";

#[test]
fn a_join_shows_the_day_and_the_member_that_are_referred_to() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    // a day in Shanghai begins eight hours before it does in Greenwich
    crm.lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: forms\ntime_zone: Asia/Shanghai\n",
    )?;
    crm.load()?;
    let expected = rows(&[
        &["a", "2025-03-02", "2025-03-02", "eu", "Europe", "open"],
        &["b", "", "not_given", "us", "America", "open"],
        // a day beyond the calendar, and a region of which nothing is known but that somebody lives there
        &[
            "c",
            "2031-01-01",
            "invalid_code",
            "mars",
            "",
            "not_yet_arrived",
        ],
        &["d", "2025-03-02", "2025-03-02", "not_given", "", "given"],
    ]);
    assert_eq!(crm.sql(JOINED)?, expected);
    assert!(crm.load()?.err.contains("nothing changed"));
    Ok(())
}

#[test]
fn a_change_overwrites_all_versions_and_keys_stay() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load()?;
    let region = "select region_key from dim_region where region_id = 'mars'";
    let mars = crm.sql(region)?;
    crm.load_after(
        "insert into regions values ('mars', 'Mars'); update customers set tier = 'z', region = 'mars' where id = 'a'",
    )?;
    assert_eq!(crm.sql(region)?, mars);
    let homes = "select c.customer_id, c.tier, r.name from dim_customer c join dim_region r on r.region_key = c.home_key
                 where c.customer_id in ('a', 'c') order by c.customer_id, c.valid_from";
    let expected = rows(&[
        &["a", "x", "Mars"],
        &["a", "z", "Mars"],
        &["c", "y", "Mars"],
    ]);
    assert_eq!(crm.sql(homes)?, expected);
    // who was only inferred refers to nobody
    let stranger = "select first_order_key, home_key from dim_customer where customer_id = 'zz'";
    assert_eq!(crm.sql(stranger)?, rows(&[&["", ""]]));
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |file: &str, old: &str, new: &str, expected: &[&str]| {
        refused(&files(), (file, old, new), expected)
    };
    let (customer, region) = (
        "model/conformed/customer.yaml",
        "model/conformed/region.yaml",
    );
    refused(
        region,
        "name: {type: text}",
        "name: {type: text, scd: 2}",
        &[
            "customer.yaml:10",
            "keeps history, and no date says which version is meant",
        ],
    )?;
    refused(
        customer,
        "column: region}",
        "column: regoin}",
        &["customer.yaml:10", "unknown column of the entity 'regoin'"],
    )?;
    refused(
        customer,
        "dimension: region,",
        "dimension: reggae,",
        &["customer.yaml:10", "unknown dimension 'reggae'"],
    )?;
    refused(
        "model/sources/crm.yaml",
        "    from: regions r\n",
        "    from: regions r\n    merged_into: r.name\n",
        &["customer.yaml:10", "its members are merged"],
    )?;
    refused(
        region,
        "attributes:\n",
        "outriggers:\n  friend: {dimension: region, column: name}\nattributes:\n",
        &["region.yaml:6", "leads back to dimension 'region'"],
    )?;
    refused(
        customer,
        "column: bought_at",
        "column: name",
        &["customer.yaml:9", "not a date or an instant"],
    )?;
    refused(
        customer,
        "home: {",
        "customer: {",
        &["customer.yaml", "column 'customer_key' is declared twice"],
    )?;
    Ok(())
}
