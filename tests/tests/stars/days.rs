//! Days since when something holds begin at midnight of the warehouse time zone, instants without a zone are of UTC.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  customers: {key: id, columns: {id: text, tier: text, changed: date}}
  tiers: {key: n, columns: {n: integer, id: text, tier: text, day: date}}
  orders: {key: id, columns: {id: text, customer: text, day: date, epoch: bigint}}
entities:
  customer: {from: customers c, modified: c.changed, columns: {id: c.id, tier: c.tier}}
  member: {from: tiers t, changes: {at: t.day, sequence: t.n}, columns: {id: t.id, tier: t.tier}}
  order: {from: orders o, columns: {id: o.id, customer: o.customer, day: o.day, at: to_timestamp(o.epoch)}}
";
const SALE: &str = "star: sale
grain: One row is one order.
kind: transaction
entity: order
key: id
dimensions:
  customer: {dimension: customer, column: customer, as_of: day}
  member: {dimension: member, column: customer, as_of: day}
  customer_then: {dimension: customer, column: customer, as_of: at}
degenerate: {at: {type: timestamp, column: at}, on: {type: date, column: at}}
";
const TIER: &str = "key: id\nattributes: {tier: {type: text, scd: 2}}\n";

/// Where a zone's first of March 2025 begins, and which day it is there as that day begins in Greenwich.
fn told(zone: &str, begins: &str, day_in_greenwich: &str, tier_then: &str) -> Result<()> {
    let case = Case::new(
        zone,
        "create table customers (id text primary key, tier text, changed text);
         create table tiers (n integer primary key, id text, tier text, day text);
         create table orders (id text primary key, customer text, day text, epoch integer);
         insert into customers values ('a', 't1', '2025-01-01');
         insert into tiers values (1, 'a', 't1', '2025-01-01'), (2, 'a', 't2', '2025-03-01');
         insert into orders select 'before', 'a', '2025-02-28', unixepoch('2025-03-01 00:00:00');
         insert into orders select 'first', 'a', '2025-03-01', unixepoch('2025-03-01 00:00:00');",
        &[
            ("sources/f.yaml", SOURCE),
            (
                "conformed/customer.yaml",
                &format!("dimension: customer\nentity: customer\n{TIER}"),
            ),
            (
                "conformed/member.yaml",
                &format!("dimension: member\nentity: member\n{TIER}"),
            ),
            ("stars/sale.yaml", SALE),
        ],
    )?;
    case.load("2025-02-28")?;
    case.change("update customers set tier = 't2', changed = '2025-03-01'")?;
    case.load_twice("2025-03-05")?;
    for dimension in ["customer", "member"] {
        let versions = case.stars(&format!(
            "select tier, valid_to from dim_{dimension} where {dimension}_key > 0 order by valid_from"
        ))?;
        let expected = rows(&[&["t1", begins], &["t2", "9999-12-31T00:00:00Z"]]);
        assert_eq!(versions, expected, "{zone}, {dimension}");
    }
    let facts = case.stars(
        "select s.source_row_id, c.tier, m.tier, t.tier, s.at, s.on from fact_sale s
         join dim_customer c on c.customer_key = s.customer_key join dim_member m on m.member_key = s.member_key
         join dim_customer t on t.customer_key = s.customer_then_key order by 1",
    )?;
    let at = "2025-03-01T00:00:00Z";
    let expected = rows(&[
        &["before", "t1", "t1", tier_then, at, day_in_greenwich],
        &["first", "t2", "t2", tier_then, at, day_in_greenwich],
    ]);
    assert_eq!(facts, expected, "{zone}");
    let history =
        case.stars("select customer_key, customer_id, tier from dim_customer order by 1")?;
    let settings = std::fs::read_to_string(case.lab.config())?;
    let anew = format!("[warehouse]\nurl = \"anew\"\n\n{settings}");
    case.lab.write("planisphere.toml", anew)?;
    let old = case.lab.path("warehouse").display().to_string();
    case.lab.etl(&["rebuild", "--from", &old])?.done()?;
    let rebuilt =
        case.stars("select customer_key, customer_id, tier from dim_customer order by 1")?;
    assert_eq!(rebuilt, history, "{zone}");
    Ok(())
}

#[test]
fn a_day_of_change_begins_where_the_day_of_a_sale_begins_in_the_west_and_in_the_east() -> Result<()>
{
    told(
        "America/New_York",
        "2025-03-01T05:00:00Z",
        "2025-02-28",
        "t1",
    )?;
    told("Asia/Shanghai", "2025-02-28T16:00:00Z", "2025-03-01", "t2")?;
    told("UTC", "2025-03-01T00:00:00Z", "2025-03-01", "t2")
}
