//! Changes of customers in a database, a model that makes a dimension and a fact of them, and what both should be.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Source};
use rusqlite::params;

/// One change of one customer: a whole state, or that it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) number: i64,
    pub(crate) id: &'static str,
    /// Seconds of one day.
    pub(crate) at: i64,
    pub(crate) sequence: i64,
    pub(crate) gone: bool,
    /// Whom it was merged into.
    pub(crate) into: Option<&'static str>,
    /// City (type 2), tier (type 6), mail (type 1), origin (type 0), owner (type 3).
    pub(crate) values: [Option<&'static str>; 5],
}

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  customer_changes:
    key: number
    columns: {number: bigint, id: text, changed_at: timestamp, sequence: bigint, gone: boolean, merged: text, city: text, tier: text,
      mail: text, origin: text, owner: text}
  orders:
    key: id
    columns: {id: text, customer_id: text, ordered_at: timestamp, amount: integer}
entities:
  customer:
    from: customer_changes c
    changes: {at: c.changed_at, sequence: c.sequence}
    deleted: c.gone
    merged_into: c.merged
    columns: {customer_id: c.id, city: c.city, tier: c.tier, mail: c.mail, origin: c.origin, owner: c.owner}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer_id, ordered_at: o.ordered_at, amount: o.amount}
";

const DIMENSION: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
  tier: {type: text, scd: 6}
  mail: {type: text, scd: 1}
  origin: {type: text, scd: 0}
  owner: {type: text, scd: 3}
";

const STAR: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  customer: {column: customer_id, as_of: ordered_at}
measures:
  amount: {type: integer}
";

const TABLES: &str = "create table every_change (number integer primary key, id text, changed_at text, sequence integer, gone integer, merged text,
               city text, tier text, mail text, origin text, owner text);
             create table customer_changes as select * from every_change;
             create table orders (id text primary key, customer_id text, ordered_at text, amount integer);";

/// The database with every change that there is, of which loads see some, and every order.
pub(crate) struct Stream {
    pub(crate) lab: Lab,
    source: Source,
}

impl Stream {
    /// A warehouse that is empty, before a source whose changes wait to be shown.
    pub(crate) fn new(changes: &[Change]) -> Result<Self> {
        let (lab, source) = Source::with_lab(TABLES, 100)?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: stream\n")?;
        lab.write("model/sources/crm.yaml", SOURCE)?;
        lab.write("model/conformed/customer.yaml", DIMENSION)?;
        lab.write("model/stars/purchase.yaml", STAR)?;
        let database = source.connection();
        for change in changes {
            let [city, tier, mail, origin, owner] = change.values;
            database.execute(
                "insert into every_change values (?1, ?2, datetime(1735689600 + ?3, 'unixepoch'), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![change.number, change.id, change.at, change.sequence, change.gone, change.into, city, tier, mail, origin, owner],
            )?;
        }
        for (number, id) in ["a", "b", "c"].iter().enumerate() {
            for at in 0..10 {
                database.execute(
                    "insert into orders values (?1 || '-' || ?2, ?1, datetime(1735689600 - 5 + ?2 * 10, 'unixepoch'), ?3)",
                    params![id, at, at + 10 * i64::try_from(number)?],
                )?;
            }
        }
        Ok(Self { lab, source })
    }

    /// Shows so many changes, by their numbers, and loads.
    pub(crate) fn load(&self, numbers: &[i64]) -> Result<()> {
        let database = self.source.connection();
        database.execute("delete from customer_changes", [])?;
        for number in numbers {
            let shown = database.execute(
                "insert into customer_changes select * from every_change where number = ?1",
                [number],
            )?;
            anyhow::ensure!(shown == 1, "no change {number}");
        }
        self.lab.load()?.done()?;
        Ok(())
    }

    /// The source corrects the values of a change in its place.
    pub(crate) fn correct(&self, change: &Change) -> Result<()> {
        let [city, tier, mail, origin, owner] = change.values;
        let corrected = self.source.connection().execute(
            "update every_change set gone = ?2, city = ?3, tier = ?4, mail = ?5, origin = ?6, owner = ?7 where number = ?1",
            params![change.number, change.gone, city, tier, mail, origin, owner],
        )?;
        anyhow::ensure!(corrected == 1, "no change {}", change.number);
        Ok(())
    }

    /// Gives an order an amount that is no number.
    pub(crate) fn spoil(&self, order: &str) -> Result<()> {
        let sql = "update orders set amount = 'oops' where id = ?1";
        anyhow::ensure!(
            self.source.connection().execute(sql, [order])? == 1,
            "no order {order}"
        );
        Ok(())
    }

    /// The versions of all customers, without keys.
    pub(crate) fn versions(&self) -> Result<Vec<Vec<String>>> {
        self.lab.sql(
            "select customer_id, valid_from, valid_to, valid_from_basis, is_current, deleted_at_source, city, tier, current_tier,
               mail, origin, owner, previous_owner
             from dim_customer where customer_key > 0 order by customer_id, valid_from",
        )
    }

    /// The surrogate key of each version.
    pub(crate) fn keys(&self) -> Result<Vec<Vec<String>>> {
        self.lab.sql(
            "select customer_key, customer_durable_key, customer_id, valid_from from dim_customer
             where customer_key > 0 order by customer_key",
        )
    }

    /// Every order with what its customer was.
    pub(crate) fn facts(&self) -> Result<Vec<Vec<String>>> {
        self.lab.sql(
            "select f.source_row_id, f.amount, d.customer_id, d.valid_from, d.city, d.tier, d.current_tier
             from fact_purchase f join dim_customer d on d.customer_key = f.customer_key order by f.source_row_id",
        )
    }

    /// The versions as SQLite works them out from all changes.
    pub(crate) fn expected_versions(&self) -> Result<Vec<Vec<String>>> {
        self.source.ask(&format!("with recursive {TIMELINE} select id, valid_from, valid_to, basis, is_current, deleted, city, tier, current_tier,
            mail, origin, owner, previous_owner from member where id not in (select id from alias) order by id, valid_from"))
    }

    /// Every order with what its customer was, as SQLite works it out.
    pub(crate) fn expected_facts(&self) -> Result<Vec<Vec<String>>> {
        self.source.ask(&format!(
            "with recursive {TIMELINE} select o.id, cast(o.amount as text), m.id, m.valid_from, m.city, m.tier, m.current_tier
             from orders o left join alias a on a.id = o.customer_id join member m on m.id = coalesce(a.into_id, o.customer_id)
              and replace(o.ordered_at, ' ', 'T') || 'Z' >= m.valid_from and replace(o.ordered_at, ' ', 'T') || 'Z' < m.valid_to
             order by o.id"
        ))
    }
}

/// The last change of each instant counts; a version begins where city or tier change. What is gone says nothing of the
/// values. Merges are followed to their end, and circles are none. The first version reaches back to the beginning.
const TIMELINE: &str = "
 word as (
   select *, replace(changed_at, ' ', 'T') || 'Z' as at,
     row_number() over (partition by id, changed_at order by sequence desc, city desc, tier desc, mail desc, origin desc,
       owner desc, merged desc) as nth
   from every_change where gone = 0),
 instant as (select * from word where nth = 1),
 step as (
   select *, row_number() over w as place,
     city is not lag(city) over w or tier is not lag(tier) over w as begins
   from instant window w as (partition by id order by at)),
 owners as (
   select id, at, owner, place, owner is not lag(owner) over (partition by id order by at) as changes from step),
 owner_runs as (select *, row_number() over (partition by id order by at desc) as back from owners where changes or place = 1),
 last_word as (
   select id, tier, mail, owner, row_number() over (partition by id order by at desc) as back from instant),
 fate as (
   select id, gone, row_number() over (partition by id order by changed_at desc, sequence desc, gone) as back
   from every_change),
 said as (
   select id, merged, row_number() over (partition by id order by changed_at desc, sequence desc, gone, city desc, tier desc,
     mail desc, origin desc, owner desc, merged desc) as back from
     (select id, changed_at, sequence, gone, merged, iif(gone, null, city) as city, iif(gone, null, tier) as tier,
       iif(gone, null, mail) as mail, iif(gone, null, origin) as origin, iif(gone, null, owner) as owner from every_change)),
 edge as (
   select id, merged as into_id from said where back = 1 and merged <> id and merged in (select id from every_change)),
 path as (
   select id, into_id, 1 as steps from edge
   union select p.id, e.into_id, p.steps + 1 from path p join edge e on e.id = p.into_id where p.steps < 9),
 circle as (select id from path where id = into_id),
 way as (
   select id, into_id, 1 as steps from edge where id not in (select id from circle)
   union select w.id, e.into_id, w.steps + 1 from way w join edge e on e.id = w.into_id
     where e.id not in (select id from circle) and w.steps < 9),
 alias as (select id, into_id, max(steps) from way group by id),
 begun as (select * from step where begins or place = 1),
 member as (
   select b.id, case when b.place = 1 then '0001-01-01T00:00:00Z' else b.at end as valid_from,
     coalesce(lead(b.at) over w, '9999-12-31T00:00:00Z') as valid_to,
     case when b.place = 1 then 'open' else 'audit' end as basis,
     case when lead(b.at) over w is null then 'true' else 'false' end as is_current,
     (select case f.gone when 1 then 'true' else 'false' end from fate f where f.id = b.id and f.back = 1) as deleted,
     b.city, b.tier, l.tier as current_tier, l.mail,
     (select s.origin from step s where s.id = b.id and s.place = 1) as origin, l.owner,
     (select r.owner from owner_runs r where r.id = b.id and r.back = 2) as previous_owner
   from begun b join last_word l on l.id = b.id and l.back = 1
   window w as (partition by b.id order by b.at))";
