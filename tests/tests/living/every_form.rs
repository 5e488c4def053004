//! A small company with every form of dimension and fact, and some nights of it.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Source};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  changes:
    key: number
    columns: {number: bigint, id: text, at: timestamp, gone: boolean, merged: text, city: text, band: text, score: integer, boss: text}
  stores: {key: id, columns: {id: text, name: text, tier: text, opened: date, region: text}}
  regions: {key: id, columns: {id: text, name: text}}
  orders:
    key: id
    columns: {id: text, customer: text, store: text, at: timestamp, paid: date, currency: text, channel: text, gift: boolean, amount: money}
  rates: {key: [code, day], columns: {code: text, day: date, rate: \"decimal(12,6)\"}}
  deals: {key: id, columns: {id: text, store: text, created: date, offered: date, won: date, over: boolean, amount: money}}
  contracts:
    key: number
    columns: {number: bigint, id: text, at: timestamp, gone: boolean, customer: text, way: text, gift: boolean, signed: date, amount: money}
  stock: {key: [store, article], columns: {store: text, article: text, pieces: integer}}
  accounts:
    key: id
    columns: {id: text, opened: date, closed: date, plan: text, seats: integer}
    history: {audit: account_changes, columns: [plan, seats], created: opened, parent: account, at: at, field: what, before: old, after: new}
  account_changes: {key: number, columns: {number: bigint, account: text, at: timestamp, what: text, old: text, new: text}}
entities:
  customer:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    deleted: c.gone
    merged_into: c.merged
    columns: {customer_id: c.id, city: c.city, band: c.band, score: c.score, boss: c.boss}
  store:
    from: stores s
    columns: {store_id: s.id, name: s.name, tier: s.tier, opened: s.opened, region: s.region}
  region:
    from: regions r
    columns: {region_id: r.id, name: r.name}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer, store_id: o.store, at: o.at, paid: o.paid, currency: o.currency,
      channel: o.channel, gift: o.gift, amount: o.amount}
  fx_rate:
    from: rates r
    columns: {code: r.code, day: r.day, rate: r.rate}
  deal:
    from: deals d
    columns: {deal_id: d.id, store_id: d.store, created: d.created, offered: d.offered, won: d.won, is_over: d.over, amount: d.amount}
  contract:
    from: contracts c
    changes: {at: c.at, sequence: c.number}
    deleted: c.gone
    columns: {contract_id: c.id, changed: c.at, customer_id: c.customer, way: c.way, gift: c.gift, signed: c.signed, amount: c.amount}
  stock:
    from: stock s
    columns: {store_id: s.store, article: s.article, pieces: s.pieces}
  account:
    from: accounts_versions a
    columns: {account_id: a.id, opened: a.opened, closed: a.closed, plan: a.plan, seats: a.seats}
";

const FILES: [(&str, &str); 12] = [
    (
        "conformed/date",
        "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n",
    ),
    (
        "conformed/customer",
        "dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
  band: {type: text, scd: 4, mini: profile}
  score: {type: integer, scd: 4, mini: profile}
parent: {column: boss, scd: 2}
",
    ),
    (
        "conformed/profile",
        "dimension: profile\nmini_of: customer\n",
    ),
    (
        "conformed/store",
        "dimension: store
entity: store
key: store_id
attributes:
  name: {type: text}
  tier: {type: text, scd: 2}
outriggers:
  opening: {dimension: date, column: opened}
  home: {dimension: region, column: region}
",
    ),
    (
        "conformed/region",
        "dimension: region\nentity: region\nkey: region_id\nattributes:\n  name: {type: text}\n",
    ),
    (
        "conformed/manner",
        "dimension: manner\ncombination: true\nattributes:\n  channel: {type: text}\n  gift: {type: boolean}\n",
    ),
    (
        "stars/purchase",
        "star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  order_date: {dimension: date, column: at}
  customer: {column: customer_id, as_of: at}
  profile: {column: customer_id, as_of: at}
  store: {column: store_id, as_of: at}
  manner: {}
currency:
  column: currency
  reporting: USD
  event: at
  close: paid
  rates: {entity: fx_rate, currency: code, date: day, rate: rate}
measures:
  amount: {type: money, convert: [event, close]}
",
    ),
    (
        "stars/deal",
        "star: deal
grain: One row is one deal.
kind: accumulating
entity: deal
key: deal_id
dimensions:
  store: {column: store_id, as_of: created}
milestones:
  created: created
  offered: offered
  won: won
ended: is_over
measures:
  amount: {type: money}
",
    ),
    (
        "stars/contract",
        "star: contract
grain: One row is one contract as it stands.
entity: contract
key: contract_id
dimensions:
  signed: {dimension: date, column: signed}
  customer: {column: customer_id, as_of: changed}
  manner: {columns: {channel: way}}
measures:
  amount: {type: money}
",
    ),
    (
        "stars/contract_state",
        "star: contract_state
grain: One row is one contract at the end of one month.
kind: periodic
every: month
entity: contract
key: contract_id
dimensions:
  month: {dimension: date, column: period_end}
  customer: {column: customer_id, as_of: period_end}
  terms: {dimension: manner, columns: {channel: way}}
measures:
  amount: {type: money, additivity: semi_additive, over: month}
",
    ),
    (
        "stars/stock",
        "star: stock
grain: One row is what one store has of one article at the end of one month.
kind: periodic
every: month
entity: stock
key: [store_id, article]
dimensions:
  month: {dimension: date, column: period_end}
  store: {column: store_id, as_of: period_end}
degenerate:
  article: text
measures:
  pieces: {type: integer, additivity: semi_additive, over: month}
",
    ),
    (
        "stars/account",
        "star: account
grain: One row is one account at the end of one month.
kind: periodic
every: month
begins: opened
ends: closed
entity: account
key: account_id
dimensions:
  month: {dimension: date, column: period_end}
degenerate:
  plan: text
measures:
  seats: {type: integer, additivity: semi_additive, over: month}
",
    ),
];

const TABLES: &str = "
create table changes (number integer primary key, id text, at text, gone integer, merged text, city text, band text, score integer, boss text);
create table stores (id text primary key, name text, tier text, opened text, region text);
create table regions (id text primary key, name text);
create table orders (id text primary key, customer text, store text, at text, paid text, currency text, channel text, gift integer, amount real);
create table rates (code text, day text, rate text, primary key (code, day));
create table deals (id text primary key, store text, created text, offered text, won text, over integer, amount real);
create table contracts (number integer primary key, id text, at text, gone integer, customer text, way text, gift integer, signed text, amount real);
create table stock (store text, article text, pieces integer, primary key (store, article));
create table accounts (id text primary key, opened text, closed text, plan text, seats integer);
create table account_changes (number integer primary key, account text, at text, what text, old text, new text);
";

/// Nights with their business dates: what each does to the source.
pub(crate) const NIGHTS: [(&str, &str); 6] = [
    (
        "2025-05-20",
        "insert into changes values (1, 'a', '2025-03-01 08:00:00', 0, null, 'Rome', 'low', 1, null),
           (2, 'b', '2025-03-02 08:00:00', 0, null, 'Oslo', 'low', 2, 'a'), (3, 'c', '2025-03-03 08:00:00', 0, null, 'Oslo', null, null, 'b');
         insert into stores values ('s', 'South', 'x', '2025-01-05', 'eu'), ('n', 'North', 'y', null, 'mars');
         insert into regions values ('eu', 'Europe');
         insert into orders values ('o1', 'a', 's', '2025-04-01 10:00:00', '2025-04-05', 'EUR', 'web', 1, 10),
           ('o2', 'b', 'n', '2025-04-02 10:00:00', null, 'USD', 'shop', null, 20), ('o3', 'zoe', 's', '2025-04-03 10:00:00', null, 'EUR', null, null, 5),
           ('o4', 'c', 'w', '2025-04-03 11:00:00', null, 'CHF', 'web', 0, 5);
         insert into rates values ('EUR', '2025-01-01', '1.1'), ('EUR', '2025-04-03', '1.2');
         insert into deals values ('d1', 's', '2025-04-01', '2025-04-11', null, 0, 100), ('d2', 'n', '2025-04-02', null, null, 0, 50);
         insert into contracts values (1, 'k1', '2025-03-05 08:00:00', 0, 'a', 'web', 1, '2025-03-05', 7),
           (2, 'k2', '2025-04-05 08:00:00', 0, 'b', 'post', null, null, 8), (3, 'k1', '2025-05-02 08:00:00', 0, 'a', 'shop', 1, '2025-03-05', 9);
         insert into stock values ('s', 'tea', 4), ('n', 'tea', 5);
         insert into accounts values ('k', '2025-02-10', null, 'gold', 9), ('l', '2025-03-10', '2025-04-20', 'tin', 3);
         insert into account_changes values (1, 'k', '2025-03-15 00:00:00', 'plan', 'tin', 'gold'), (2, 'k', '2025-03-20 00:00:00', 'seats', '4', '9');",
    ),
    // late changes, a member that was waited for, a rate that was missing, a stranger of the next night already in facts
    (
        "2025-05-31",
        "delete from changes; delete from contracts;
         insert into changes values (4, 'b', '2025-02-01 08:00:00', 0, null, 'Bern', 'mid', 2, 'a'), (5, 'zoe', '2025-04-10 08:00:00', 0, null, 'Lima', 'high', 3, 'x'),
           (6, 'a', '2025-04-01 09:00:00', 0, null, 'Rome', 'high', 1, null);
         insert into orders values ('o5', 'yan', 'w', '2025-05-02 10:00:00', '2025-05-04', 'EUR', 'web', 1, 12.5);
         insert into rates values ('CHF', '2025-04-01', '1.05'); update rates set rate = '1.15' where day = '2025-04-03';
         insert into contracts values (4, 'k3', '2025-05-20 08:00:00', 0, 'yan', 'web', 0, '2025-05-21', 3), (5, 'k2', '2025-04-20 08:00:00', 0, 'c', 'web', 1, null, 6);
         update deals set offered = '2025-05-22', over = 1 where id = 'd2'; update deals set won = '2025-05-30' where id = 'd1';
         update stock set pieces = pieces + 3; update stores set tier = 'z', region = 'eu' where id = 'n';
         insert into account_changes values (3, 'l', '2025-03-12 00:00:00', 'seats', '2', '3');",
    ),
    ("2025-05-31", ""),
    // the next month: members arrive, are merged and deleted, rows vanish
    (
        "2025-06-10",
        "delete from changes; delete from contracts;
         insert into changes values (7, 'yan', '2025-05-01 08:00:00', 0, null, 'Kyiv', 'low', 1, 'zoe'), (8, 'c', '2025-06-01 08:00:00', 0, 'b', 'Oslo', 'mid', 4, null),
           (9, 'b', '2025-06-02 08:00:00', 1, null, null, null, null, null);
         insert into stores values ('w', 'West', 'x', '2025-02-01', 'asia'); insert into regions values ('mars', 'Mars');
         insert into contracts values (6, 'k1', '2025-06-03 08:00:00', 1, null, null, null, null, null), (7, 'k4', '2025-06-04 08:00:00', 0, 'uma', 'fax', 1, null, 1),
           (1, 'k1', '2025-03-05 08:00:00', 0, 'a', 'web', 1, '2025-03-05', 7);
         delete from orders where id = 'o2'; insert into orders values ('o6', 'uma', 's', '2025-06-05 10:00:00', null, 'USD', 'fax', 0, 1);
         delete from stock where store = 's'; insert into stock values ('w', 'oil', 1);
         delete from account_changes where number = 2; update accounts set closed = '2025-05-15' where id = 'k';",
    ),
    // a version that was told of turns out to be untrue; a stub is told of later still
    (
        "2025-06-30",
        "delete from changes; delete from contracts;
         insert into changes values (10, 'uma', '2025-06-20 08:00:00', 0, null, 'Cork', 'mid', 5, 'yan'), (11, 'b', '2025-06-25 08:00:00', 0, null, 'Bern', 'low', 9, null);
         update orders set amount = 11 where id = 'o1'; update stores set tier = 'x' where id = 'n'; delete from regions where id = 'mars';
         insert into contracts values (8, 'k2', '2025-04-10 08:00:00', 0, 'b', 'fax', 0, '2025-04-09', 4);
         insert into account_changes values (4, 'k', '2025-03-18 00:00:00', 'seats', '5', '9');",
    ),
    ("2025-07-15", "update stock set pieces = 0; update deals set over = 1;"),
];

/// The company before its first night.
pub(crate) fn company() -> Result<(Lab, Source)> {
    let (lab, source) = Source::with_lab(TABLES, 900)?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: forms\ntime_zone: Asia/Shanghai\n",
    )?;
    lab.write("model/sources/crm.yaml", SOURCE)?;
    for (name, text) in FILES {
        lab.write(
            &format!("model/{name}.yaml"),
            format!("planisphere: 1\n{text}"),
        )?;
    }
    Ok((lab, source))
}
