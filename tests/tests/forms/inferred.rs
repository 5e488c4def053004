//! Members of which facts tell before their own rows arrive.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::crm::{Crm, keys_mean_one_thing_for_ever};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  changes:
    key: number
    columns: {number: bigint, id: text, at: timestamp, merged: text, city: text}
  products:
    key: id
    columns: {id: text, name: text, price: integer}
  orders:
    key: id
    columns: {id: text, customer: text, product: text, at: timestamp, amount: integer}
entities:
  customer:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    merged_into: c.merged
    columns: {customer_id: c.id, city: c.city}
  product:
    from: products p
    columns: {product_id: p.id, name: p.name, price: p.price}
    reject:
      nameless: p.name = ''
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: \"nullif(o.customer, '')\", product_id: o.product, at: o.at, amount: o.amount}
";

const CUSTOMER: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
hierarchies:
  place:
    levels:
      city: {key: city}
      customer: {key: customer_id}
";

const PRODUCT: &str = "planisphere: 1
dimension: product
entity: product
key: product_id
attributes:
  name: {type: text}
  price: {type: integer}
";

const STAR: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  customer: {column: customer_id, as_of: at}
  product: {column: product_id}
measures:
  amount: {type: integer}
";

const CUBE: &str = "planisphere: 1
cube: purchases
star: purchase
roles: [customer, product]
measures:
  amount: {function: sum, of: amount}
  customers: {function: count_distinct, of: customer}
drill_through: [customer.city, customer.customer_id, amount]
";

/// Changes of a, b, c and d, of which loads see some; e is never told of. Orders of all from the beginning.
const TABLES: &str = "
create table every_change (number integer primary key, id text, at text, merged text, city text);
insert into every_change values
  (1, 'a', '2025-01-01 00:00:20', null, 'Rome'), (2, 'a', '2025-01-01 00:00:40', null, 'Oslo'),
  (3, 'a', '2025-01-01 00:01:00', null, 'Rome'), (4, 'b', '2025-01-01 00:00:30', null, 'Kyiv'),
  (5, 'b', '2025-01-01 00:00:50', null, null), (6, 'c', '2025-01-01 00:00:10', null, 'Lima'),
  (7, 'd', '2025-01-01 00:00:30', null, 'Cork'), (8, 'd', '2025-01-01 00:00:20', null, 'Bonn');
create table changes as select * from every_change where false;
create table products (id text primary key, name text, price);
create table orders (id text primary key, customer text, product text, at text, amount integer);
with recursive t(n) as (select 1 union all select n + 1 from t where n < 12)
insert into orders select c.id || n, c.id, 'p' || (n % 3), datetime('2025-01-01', (n * 7) || ' seconds'), n
from t, (select 'a' as id union select 'b' union select 'c' union select 'd' union select 'e' union select '') c;
";

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("sources/crm", SOURCE),
        ("conformed/customer", CUSTOMER),
        ("conformed/product", PRODUCT),
        ("stars/purchase", STAR),
        ("cubes/purchases", CUBE),
    ]
}

const FACTS: &str = "select f.source_row_id, d.customer_id, d.city, d.valid_from_basis = 'not_yet_arrived' as inferred
  from fact_purchase f join dim_customer d on d.customer_key = f.customer_key order by 1";

/// The city at the instant of the order by all changes of these numbers: the last one up to then, else the first one ever.
fn expected_facts(crm: &Crm, numbers: &[i64]) -> Result<Vec<Vec<String>>> {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let seen = numbers.join(", ");
    crm.ask(&format!(
        "with seen as (select * from every_change where number in ({seen})),
           held as (select id, at, city, row_number() over (partition by id order by at) = 1 as first,
             coalesce(lead(at) over (partition by id order by at), '9999') as until from seen)
         select o.id, coalesce(nullif(o.customer, ''), 'not_given'), h.city,
           iif(o.customer <> '' and o.customer not in (select id from seen), 'true', 'false')
         from orders o left join held h on h.id = o.customer and (h.at <= o.at or h.first) and o.at < h.until order by 1"
    ))
}

#[test]
fn members_arrive_in_any_order_under_the_keys_that_facts_already_hold() -> Result<()> {
    for seed in [1, 2, 3] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = Crm::new(&files(), TABLES)?;
        let mut numbers: Vec<i64> = (1..=8).collect();
        numbers.shuffle(&mut random);
        let (mut told, mut keys) = (Vec::new(), Vec::new());
        while !numbers.is_empty() {
            let some: Vec<i64> = numbers
                .drain(..random.random_range(1..=3).min(numbers.len()))
                .collect();
            let list: Vec<String> = some.iter().map(ToString::to_string).collect();
            told.extend(some);
            // now and then one that is known comes again
            let again = told.choose(&mut random).copied().unwrap_or(1);
            crm.load_after(&format!(
                "delete from changes; insert into changes select * from every_change where number in ({}, {again})",
                list.join(", ")
            ))?;
            assert_eq!(
                crm.sql(FACTS)?,
                expected_facts(&crm, &told)?,
                "seed {seed}: {told:?}"
            );
            keys.push(crm.sql(
                "select customer_key, customer_durable_key, customer_id, valid_from from dim_customer
                 where customer_key > 0",
            )?);
        }
        keys_mean_one_thing_for_ever(&keys, &format!("seed {seed}: {told:?}"));
        let stub = crm.sql(
            "select customer_id, city, valid_from, valid_to, is_current, deleted_at_source from dim_customer
             where valid_from_basis = 'not_yet_arrived'",
        )?;
        let open = ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"];
        assert_eq!(stub, rows(&[&["e", "", open[0], open[1], "true", "false"]]));
        let said = crm.load()?;
        assert!(said.err.contains("nothing changed"), "{}", said.err);
    }
    Ok(())
}

#[test]
fn a_code_like_the_id_of_a_special_member_is_a_code() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load_after("insert into products values ('p0', 'Tea', 3)")?;
    crm.load_after(
        "insert into orders values ('late', 'invalid_code', 'not_applicable', '2025-01-01 00:00:09', 1)",
    )?;
    let found = "select c.customer_id, c.valid_from_basis, p.product_id, p.valid_from_basis
        from fact_purchase f join dim_customer c on c.customer_key = f.customer_key
        join dim_product p on p.product_key = f.product_key
        where f.source_row_id = 'late'";
    let stubs = [
        "invalid_code",
        "not_yet_arrived",
        "not_applicable",
        "not_yet_arrived",
    ];
    assert_eq!(crm.sql(found)?, rows(&[&stubs]));
    Ok(())
}

#[test]
fn a_member_says_why_it_was_inferred_and_is_completed_in_place() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    let reasons = "select product_id, name, valid_from_basis, product_key from dim_product where product_key > 0
                   order by product_id";
    let said = crm.load_after(
        "insert into products values ('p0', 'Tea', 3), ('p1', '', 4), ('p2', 'Oil', 'x')",
    )?;
    assert!(
        said.out.contains("rows have not arrived: 2"),
        "{}",
        said.out
    );
    let first = crm.sql(reasons)?;
    let shown = |rows: &[Vec<String>]| -> Vec<String> {
        rows.iter().map(|row| row[..3].join("|")).collect()
    };
    // the one by a rule of the model, the other since its price is no number
    let expected = ["p0|Tea|open", "p1||rejected", "p2||rejected"];
    assert_eq!(shown(&first), expected);
    crm.load_after("delete from products where id = 'p1'")?;
    let expected = ["p0|Tea|open", "p1||not_yet_arrived", "p2||rejected"];
    assert_eq!(shown(&crm.sql(reasons)?), expected);
    crm.load_after("insert into products values ('p1', 'Salt', 4); update products set price = 5 where id = 'p2'")?;
    let last = crm.sql(reasons)?;
    assert_eq!(shown(&last), ["p0|Tea|open", "p1|Salt|open", "p2|Oil|open"]);
    let keys = |rows: &[Vec<String>]| rows.iter().map(|row| row[3].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&first), keys(&last));
    // the second load without news publishes nothing, and a member that vanishes is not inferred but deleted
    assert!(crm.load()?.err.contains("nothing changed"));
    crm.load_after("delete from products where id = 'p1'")?;
    let gone =
        "select name, valid_from_basis, deleted_at_source from dim_product where product_id = 'p1'";
    assert_eq!(crm.sql(gone)?, rows(&[&["Salt", "open", "true"]]));
    Ok(())
}

#[test]
fn nobody_is_merged_into_a_member_that_has_not_arrived() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    let orders_of = "select d.customer_id, count(*) from fact_purchase f
      join dim_customer d on d.customer_key = f.customer_key group by 1 order by 1";
    crm.load_after("insert into changes values (9, 'c', '2025-01-01 00:00:05', 'd', 'Lima')")?;
    let each =
        ["a", "b", "c", "d", "e", "not_given"].map(|id| vec![id.to_owned(), "12".to_owned()]);
    assert_eq!(crm.sql(orders_of)?, each);
    crm.load_after(
        "delete from changes; insert into changes select * from every_change where number = 7",
    )?;
    let merged = [
        ("a", "12"),
        ("b", "12"),
        ("d", "24"),
        ("e", "12"),
        ("not_given", "12"),
    ];
    let merged = merged.map(|(id, orders)| vec![id.to_owned(), orders.to_owned()]);
    assert_eq!(crm.sql(orders_of)?, merged);
    // who was inferred and then turns out to have been merged is retired
    crm.load_after(
        "delete from changes; insert into changes values (10, 'e', '2025-01-01 00:00:00', 'd', null)",
    )?;
    assert_eq!(crm.sql(orders_of)?[2], ["d", "36"]);
    Ok(())
}

#[test]
fn a_cube_shows_the_id_and_says_of_the_rest_that_it_has_not_arrived() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load_after("insert into changes select * from every_change where number in (4, 5, 6)")?;
    let query = |rows: &str, more: &[&str]| {
        let flags = [
            "--cube",
            "purchases",
            "--measures",
            "amount,customers",
            "--rows",
            rows,
        ];
        crm.lab.query(&[&flags[..], more].concat())
    };
    // 1 + 2 + … + 12 = 78 for each; b is in Kyiv until second 50, and then nobody knows where
    let found = query("customer.place.city", &[])?;
    let expected = rows(&[
        &["Kyiv", "Kyiv", "28", "1"],
        &["Lima", "Lima", "78", "1"],
        &["@not_given", "(not given)", "128", "1"],
        &["@not_yet_arrived", "(not yet arrived)", "234", "3"],
    ]);
    assert_eq!(found, expected);
    for history in ["as_was", "as_is", "as_of 2025-06-01"] {
        let found = query(
            "customer.place.customer",
            &[
                "--where",
                "customer.place.city in @not_yet_arrived",
                "--history",
                history,
            ],
        )?;
        let own: Vec<&str> = found
            .iter()
            .map(|row| row[row.len() - 3].as_str())
            .collect();
        assert_eq!(own, ["a", "d", "e"], "{history}: {found:?}");
    }
    let listed = crm.lab.olap(&[
        "members",
        "--format",
        "csv",
        "purchases",
        "customer.place.customer",
    ])?;
    let listed = listed.done()?.out;
    assert!(listed.contains("@not_yet_arrived/a"), "{listed}");
    Ok(())
}

#[test]
fn an_empty_text_infers_nobody_and_a_fact_without_an_instant_finds_the_present_version()
-> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    let facts = "select f.source_row_id, c.city, p.product_id, p.name from fact_purchase f
      join dim_customer c on c.customer_key = f.customer_key join dim_product p on p.product_key = f.product_key order by 1";
    crm.load_after(
        "insert into changes select * from every_change where number in (1, 2); delete from orders;
         insert into orders values ('o1', 'a', '', null, 1), ('o2', 'a', null, '2025-01-01 00:00:30', 2)",
    )?;
    let mut expected = rows(&[
        &["o1", "Oslo", "not_yet_arrived", ""],
        &["o2", "Rome", "not_given", ""],
    ]);
    assert_eq!(crm.sql(facts)?, expected);
    let members = "select count(*) from dim_product where product_key > 0";
    assert_eq!(crm.sql(members)?, rows(&[&["0"]]));
    // a source may have a member whose key is empty
    crm.load_after("insert into products values ('', 'Tea', 3)")?;
    expected[0] = ["o1", "Oslo", "", "Tea"].map(str::to_owned).to_vec();
    assert_eq!(crm.sql(facts)?, expected);
    Ok(())
}
