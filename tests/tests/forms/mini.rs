//! Mini-dimensions of attributes that change fast.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::crm::{Crm, keys_mean_one_thing_for_ever, refused};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  changes:
    key: number
    columns: {number: bigint, id: text, at: timestamp, sequence: bigint, gone: boolean, into: text, city: text, band: text, score: integer}
  orders:
    key: id
    columns: {id: text, customer: text, at: timestamp, amount: integer}
entities:
  customer:
    from: changes c
    changes: {at: c.at, sequence: c.sequence}
    deleted: c.gone
    merged_into: c.into
    columns: {customer_id: c.id, city: c.city, band: c.band, score: c.score}
  purchase:
    from: orders o
    columns: {order_id: o.id, customer_id: o.customer, at: o.at, amount: o.amount}
";

const CUSTOMER: &str = "planisphere: 1
dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
  band: {type: text, scd: 4, mini: profile}
  score: {type: integer, scd: 4, mini: profile}
";

const PROFILE: &str = "planisphere: 1
dimension: profile
mini_of: customer
hierarchies:
  band:
    levels:
      band: {key: band}
      score: {key: score}
";

const STAR: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  customer: {column: customer_id, as_of: at}
  profile: {column: customer_id, as_of: at}
measures:
  amount: {type: integer}
";

const CUBE: &str = "planisphere: 1
cube: purchases
star: purchase
roles: [customer, profile]
measures:
  amount: {function: sum, of: amount}
";

/// Many changes of few customers, values, instants and ties; orders between the instants, one of a stranger.
fn tables(random: &mut StdRng) -> String {
    let mut sql = String::from(
        "create table every_change (number integer primary key, id text, at text, sequence integer, gone integer, \"into\" text,
           city text, band text, score integer);
         create table changes as select * from every_change where false;
         create table orders (id text primary key, customer text, at text, amount integer);
         with recursive t(n) as (select 0 union all select n + 1 from t where n < 10)
         insert into orders select c.id || n, c.id, datetime('2025-01-01', (n * 10 + 5) || ' seconds'), n
         from t, (select 'a' as id union select 'b' union select 'c' union select 'z') c;",
    );
    for number in 1..=24 {
        let id = ["a", "b", "c"][random.random_range(0..3)];
        let at = random.random_range(0..8) * 10;
        let city = ["'Rome'", "'Oslo'", "null"][random.random_range(0..3)];
        let band = ["'low'", "'high'", "null"][random.random_range(0..3)];
        let score = ["1", "2", "null"][random.random_range(0..3)];
        let gone = u8::from(random.random_bool(0.1));
        sql += &format!(
            "insert into every_change values ({number}, '{id}', datetime('2025-01-01', '{at} seconds'), {}, {gone}, null, {city}, {band}, {score});",
            // so that no two of one instant have the same sequence
            number * 7 % 25,
        );
    }
    // each has one that is no deletion
    for (number, id) in (25..).zip(["a", "b", "c"]) {
        sql += &format!(
            "insert into every_change values ({number}, '{id}', '2025-01-01 00:00:45', 0, 0, null, 'Kyiv', 'mid', 3);"
        );
    }
    sql
}

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("sources/crm", SOURCE),
        ("conformed/customer", CUSTOMER),
        ("conformed/profile", PROFILE),
        ("stars/purchase", STAR),
        ("cubes/purchases", CUBE),
    ]
}

const FACTS: &str = "select f.source_row_id, c.city, p.band, p.score, p.profile_key
  from fact_purchase f join dim_customer c on c.customer_key = f.customer_key
  join dim_profile p on p.profile_key = f.profile_key order by 1";

/// What was last told of each customer up to each order, else first; of a stranger nothing.
fn expected_facts(crm: &Crm) -> Result<Vec<Vec<String>>> {
    crm.ask(
        "with word as (select *, row_number() over (partition by id, at order by sequence desc) as nth from every_change where gone = 0),
           held as (select *, row_number() over (partition by id order by at) = 1 as first,
             coalesce(lead(at) over (partition by id order by at), '9999') as until from word where nth = 1)
         select o.id, h.city, h.band, h.score,
           case when o.customer = 'z' then 'stranger' when coalesce(h.band, h.score) is null then 'nothing' else 'some' end
         from orders o left join held h on h.id = o.customer and (h.at <= o.at or h.first) and o.at < h.until order by 1",
    )
}

/// The key of a combination as what it means.
fn meant(mut facts: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for fact in &mut facts {
        fact[4] = match fact[4].as_str() {
            "-4" => "stranger".into(),
            "-1" => "nothing".into(),
            _ => "some".into(),
        };
    }
    facts
}

#[test]
fn facts_find_the_combination_that_was_valid_then_in_any_order_of_changes() -> Result<()> {
    for seed in [7, 8, 9] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = Crm::new(&files(), &tables(&mut random))?;
        let mut numbers: Vec<i64> = (1..=27).collect();
        numbers.shuffle(&mut random);
        let mut keys = Vec::new();
        while !numbers.is_empty() {
            let some = numbers.drain(..random.random_range(4..16).min(numbers.len()));
            let some: Vec<String> = some.map(|number| number.to_string()).collect();
            crm.load_after(&format!(
                "delete from changes; insert into changes select * from every_change where number in ({})",
                some.join(", ")
            ))?;
            keys.push(crm.sql("select profile_key, profile_id, band, score from dim_profile where profile_key > 0")?);
        }
        let told = format!("seed {seed}");
        assert_eq!(meant(crm.sql(FACTS)?), expected_facts(&crm)?, "{told}");
        keys_mean_one_thing_for_ever(&keys, &told);
        // a version of the customer begins with a change of city alone
        let versions = crm.ask(
            "with word as (select *, row_number() over (partition by id, at order by sequence desc) as nth from every_change where gone = 0),
               step as (select id, city is not lag(city) over (partition by id order by at)
                 or row_number() over (partition by id order by at) = 1 as begins from word where nth = 1)
             select id, sum(begins) from step group by id order by id",
        )?;
        let found = "select customer_id, count(*) from dim_customer where customer_key > 0 and customer_id <> 'z'
                     group by 1 order by 1";
        assert_eq!(crm.sql(found)?, versions, "{told}");
        // type 5: the present combination, in all versions
        let present = crm.ask(
            "with word as (select *, row_number() over (partition by id order by at desc, sequence desc) as nth from every_change where gone = 0)
             select id, band, score from word where nth = 1 order by id",
        )?;
        let found = "select distinct c.customer_id, p.band, p.score from dim_customer c
                     join dim_profile p on p.profile_key = c.current_profile_key where c.customer_key > 0 order by 1";
        assert_eq!(crm.sql(found)?, present, "{told}");
        // and the history of each, half open without gaps
        let gaps = "select count(*) from (select customer_id, valid_to,
                      lead(valid_from) over (partition by profile_history_id order by valid_from) as next
                    from (select *, profile_history_id as customer_id from dim_profile_history where profile_history_key > 0))
                    where valid_to <> coalesce(next, timestamp '9999-12-31T00:00:00Z')";
        assert_eq!(crm.sql(gaps)?, rows(&[&["0"]]), "{told}");
        assert!(crm.load()?.err.contains("nothing changed"), "{told}");
    }
    Ok(())
}

#[test]
fn a_late_change_moves_the_facts_that_it_touches_and_no_other() -> Result<()> {
    let crm = Crm::new(&files(), &tables(&mut StdRng::seed_from_u64(1)))?;
    let change = |number: i64, seconds: i64, band: &str| {
        format!(
            "insert into changes values ({number}, 'a', datetime('2025-01-01', '{seconds} seconds'), 0, 0, null, 'Rome', '{band}', 1);"
        )
    };
    crm.load_after(&(change(101, 10, "low") + &change(102, 60, "high")))?;
    let facts = "select source_row_id, audit_key from fact_purchase order by 1";
    let before = crm.sql(facts)?;
    crm.load_after(&("delete from changes;".to_owned() + &change(103, 40, "mid")))?;
    let after = crm.sql(facts)?;
    let moved: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(old, new)| old != new)
        .map(|(old, _)| old[0].as_str())
        .collect();
    assert_eq!(moved, ["a4", "a5"], "the orders of seconds 45 and 55");
    let customers = crm.sql("select count(*) from dim_customer where customer_id = 'a'")?;
    assert_eq!(customers, rows(&[&["1"]]));
    let by_band = crm.lab.query(&[
        "--cube",
        "purchases",
        "--measures",
        "amount",
        "--rows",
        "profile.band.band",
        "--where",
        "customer.customer.customer in a",
    ]);
    assert!(by_band.is_err(), "the customer has no hierarchy here");
    let by_band = crm.lab.query(&[
        "--cube",
        "purchases",
        "--measures",
        "amount",
        "--rows",
        "profile.band.band",
    ])?;
    // 0+1+2+3 low, 4+5 mid, 6+7+8+9+10 high; 55 of each of b, c and z, who have not arrived
    let expected = rows(&[
        &["high", "high", "40"],
        &["low", "low", "6"],
        &["mid", "mid", "9"],
        &["@not_yet_arrived", "(not yet arrived)", "165"],
    ]);
    assert_eq!(by_band, expected);
    Ok(())
}

#[test]
fn who_was_merged_has_the_combinations_of_the_other() -> Result<()> {
    let crm = Crm::new(&files(), &tables(&mut StdRng::seed_from_u64(1)))?;
    crm.load_after(
        "insert into changes values (1, 'a', '2025-01-01 00:00:00', 0, 0, null, 'Rome', 'low', 1),
           (2, 'b', '2025-01-01 00:00:00', 0, 0, 'a', 'Oslo', 'high', 2)",
    )?;
    let found = "select p.band, count(*) from fact_purchase f join dim_profile p on p.profile_key = f.profile_key
                 where f.profile_key > 0 group by 1";
    assert_eq!(crm.sql(found)?, rows(&[&["low", "22"]]));
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |file: &str, old: &str, new: &str, expected: &[&str]| {
        refused(&files(), (file, old, new), expected)
    };
    let (customer, profile) = (
        "model/conformed/customer.yaml",
        "model/conformed/profile.yaml",
    );
    let band = "band: {type: text, scd: 4, mini: profile}";
    refused(
        customer,
        band,
        "band: {type: text, scd: 4}",
        &["customer.yaml:7", "lacks 'mini'"],
    )?;
    refused(
        customer,
        band,
        "band: {type: text, scd: 2, mini: profile}",
        &["customer.yaml:7", "not 'scd: 4'"],
    )?;
    refused(
        customer,
        band,
        "band: {type: text, scd: 4, mini: habits}",
        &[
            "customer.yaml:7",
            "'dimension: habits' and 'mini_of: customer'",
        ],
    )?;
    refused(
        profile,
        "mini_of: customer",
        "mini_of: client",
        &["profile.yaml:3", "unknown dimension 'client'"],
    )?;
    refused(
        profile,
        "mini_of: customer",
        "mini_of: profile",
        &["profile.yaml:3", "has no attributes"],
    )?;
    refused(
        "model/stars/purchase.yaml",
        "profile: {column: customer_id, as_of: at}",
        "profile: {column: customer_id}",
        &["purchase.yaml:8", "lacks 'as_of'"],
    )?;
    Ok(())
}
