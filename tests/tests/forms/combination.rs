//! Dimensions of the combinations of values that occur in facts.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::crm::{Crm, keys_mean_one_thing_for_ever, refused};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  orders:
    key: id
    columns: {id: text, channel: text, gift: boolean, rebate: text, amount: integer}
  returns:
    key: id
    columns: {id: text, way: text, gift: boolean, amount: integer}
entities:
  purchase:
    from: orders o
    columns: {order_id: o.id, channel: o.channel, is_gift: o.gift, rebate: o.rebate, amount: o.amount}
  give_back:
    from: returns r
    columns: {return_id: r.id, way: r.way, gift: r.gift, rebate: \"cast(null as varchar)\", amount: r.amount}
";

const PROFILE: &str = "planisphere: 1
dimension: profile
combination: true
attributes:
  channel: {type: text}
  gift: {type: boolean}
  rebate: {type: \"decimal(5,2)\"}
hierarchies:
  channel:
    levels:
      channel: {key: channel}
      rebate: {key: rebate}
";

const PURCHASE: &str = "planisphere: 1
star: purchase
grain: One row is one order.
entity: purchase
key: order_id
dimensions:
  profile: {columns: {gift: is_gift}}
measures:
  amount: {type: integer}
";

const GIVE_BACK: &str = "planisphere: 1
star: give_back
grain: One row is one return.
entity: give_back
key: return_id
dimensions:
  how: {dimension: profile, columns: {channel: way}}
measures:
  amount: {type: integer}
";

const CUBE: &str = "planisphere: 1
cube: purchases
star: purchase
roles: [profile]
measures:
  amount: {function: sum, of: amount}
  profiles: {function: count_distinct, of: profile}
drill_through: [profile.channel, amount]
";

/// Values that end others, escape others, are empty or missing; numbers that are equal in other letters.
const TABLES: &str = "
create table all_orders (id text primary key, channel text, gift integer, rebate text, amount integer);
with word(w) as (values ('web'), ('we|b'), ('we\\'), ('we\\|b'), (''), (null), ('x|gift=true')),
  flag(f) as (values (0), (1), (null)), rebate(r) as (values ('1.5'), ('1.50'), (null))
insert into all_orders select row_number() over (), w, f, r, row_number() over () from word, flag, rebate;
create table orders as select * from all_orders where false;
create table returns (id text primary key, way text, gift integer, amount integer);
insert into returns values ('r1', 'web', 1, 5), ('r2', 'post', null, 7), ('r3', null, null, 9), ('r4', 'web', 1, 11);
";

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("sources/crm", SOURCE),
        ("conformed/profile", PROFILE),
        ("stars/purchase", PURCHASE),
        ("stars/give_back", GIVE_BACK),
        ("cubes/purchases", CUBE),
    ]
}

const FACTS: &str = "select f.source_row_id, d.profile_key > 0, coalesce(d.channel, 'none'), d.gift, d.rebate
  from fact_purchase f join dim_profile d on d.profile_key = f.profile_key order by cast(f.source_row_id as int)";

/// What the orders say themselves.
const EXPECTED: &str = "select id, iif(channel is null and gift is null and rebate is null, 'false', 'true'),
  coalesce(channel, 'none'), case gift when 1 then 'true' when 0 then 'false' end, iif(rebate is null, null, '1.50')
  from orders order by cast(id as int)";

#[test]
fn each_combination_that_occurs_has_one_key_for_ever_in_any_order() -> Result<()> {
    for seed in [4, 5] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = Crm::new(&files(), TABLES)?;
        let mut ids: Vec<i64> = (1..=63).collect();
        ids.shuffle(&mut random);
        let mut keys = Vec::new();
        while !ids.is_empty() {
            let some = ids.drain(..random.random_range(10..40).min(ids.len()));
            let some: Vec<String> = some.map(|id| id.to_string()).collect();
            crm.load_after(&format!(
                "insert into orders select * from all_orders where cast(id as int) in ({})",
                some.join(", ")
            ))?;
            assert_eq!(crm.sql(FACTS)?, crm.ask(EXPECTED)?, "seed {seed}");
            keys.push(crm.sql("select profile_key, profile_id, channel, gift, rebate from dim_profile where profile_key > 0")?);
        }
        keys_mean_one_thing_for_ever(&keys, &format!("seed {seed}"));
        // 1.5 and 1.50 are one rebate; of nothing at all there is no combination; 'post' occurs in the other star alone
        let distinct = crm.ask(
            "select count(*) + 1 from (select distinct channel, gift, rebate is null from orders
                                where coalesce(channel, gift, rebate) is not null)",
        )?;
        assert_eq!(
            crm.sql("select count(*) from dim_profile where profile_key > 0")?,
            distinct
        );
        assert!(crm.load()?.err.contains("nothing changed"));
        // what no fact holds any more stays
        crm.load_after("delete from orders where channel = 'web'; delete from returns")?;
        assert_eq!(
            crm.sql("select count(*) from dim_profile where profile_key > 0")?,
            distinct
        );
        let web = crm.sql("select count(*) from dim_profile where channel = 'web'")?;
        assert_eq!(web, rows(&[&["6"]]));
    }
    Ok(())
}

#[test]
fn several_stars_feed_it_and_cubes_drill_through_it() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load_after("insert into orders select * from all_orders")?;
    let shared = crm.sql(
        "select count(distinct b.how_key), count(*) from fact_give_back b
         join fact_purchase p on p.profile_key = b.how_key where b.how_key > 0 group by b.how_key",
    )?;
    assert_eq!(
        shared,
        rows(&[&["1", "2"]]),
        "of web gifts without rebate there are two returns and one order"
    );
    let flags = [
        "--cube",
        "purchases",
        "--measures",
        "amount,profiles",
        "--rows",
        "profile.channel.channel",
    ];
    let found: Vec<Vec<String>> = crm
        .lab
        .query(&flags)?
        .into_iter()
        .map(|row| [&row[..1], &row[2..]].concat())
        .collect();
    let mut expected = crm.ask(
        "select coalesce(channel, '@not_given'), sum(amount),
           count(distinct case when coalesce(channel, gift, rebate) is not null
             then coalesce(gift, 'none') || iif(rebate is null, '', 'r') end) from orders group by 1",
    )?;
    let mut sorted = found.clone();
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    Ok(())
}

#[test]
fn the_model_may_change_and_keys_keep_their_meaning() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load_after("insert into orders select * from all_orders")?;
    let keys = "select profile_key, profile_id, channel, gift from dim_profile where profile_key > 0 order by 1";
    let before = crm.sql(keys)?;
    // an order whose amount is no number stands as it was
    crm.change("update orders set amount = 'oops' where id = '1'")?;
    crm.lab.replace(
        "model/conformed/profile.yaml",
        "      rebate: {key: rebate}\n",
        "",
    )?;
    crm.lab.replace(
        "model/conformed/profile.yaml",
        "  rebate: {type: \"decimal(5,2)\"}\n",
        "",
    )?;
    crm.load()?;
    let facts = "select f.source_row_id, coalesce(d.channel, 'none'), d.gift from fact_purchase f
                 join dim_profile d on d.profile_key = f.profile_key order by cast(f.source_row_id as int)";
    let expected =
        "select id, coalesce(channel, 'none'), case gift when 1 then 'true' when 0 then 'false' end
                    from orders order by cast(id as int)";
    assert_eq!(crm.sql(facts)?, crm.ask(expected)?);
    let after = crm.sql(keys)?;
    // the ids that never had a rebate are the ones that are left
    let kept: Vec<_> = before
        .iter()
        .filter(|row| !row[1].contains("rebate="))
        .cloned()
        .collect();
    assert_eq!(after, kept);
    let retired = crm.sql("select count(*) from map.map_profile where is_retired")?;
    assert_eq!(
        retired,
        vec![vec![(before.len() - after.len()).to_string()]]
    );
    // it comes back with the keys that it had, and a new attribute that is null makes no other combination
    crm.lab.write(
        "model/conformed/profile.yaml",
        PROFILE.replace("  gift:", "  note: {type: text}\n  gift:"),
    )?;
    crm.lab.replace(
        "model/sources/crm.yaml",
        "rebate: o.rebate,",
        "rebate: o.rebate, note: cast(null as varchar),",
    )?;
    crm.lab.replace(
        "model/sources/crm.yaml",
        "way: r.way,",
        "way: r.way, note: cast(null as varchar),",
    )?;
    crm.change("update orders set amount = 1 where id = '1'")?;
    crm.load()?;
    assert_eq!(crm.sql(keys)?, before);
    assert_eq!(crm.sql(FACTS)?, crm.ask(EXPECTED)?);
    Ok(())
}

#[test]
fn values_that_do_not_fit_reject_their_row_and_make_no_combination() -> Result<()> {
    let crm = Crm::new(&files(), TABLES)?;
    crm.load_after(
        "insert into orders values ('a', 'web', 1, 'much', 1), ('b', 'shop', 0, '2', 2)",
    )?;
    let said = crm.sql("select object, row_id, reason from audit.audit_reject")?;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0][..2], ["purchase", "a"]);
    let found = crm.sql(
        "select profile_id from dim_profile where profile_key > 0 and channel <> 'post' order by 1",
    )?;
    assert_eq!(
        found,
        rows(&[
            &["channel=shop|gift=false|rebate=2.00"],
            &["channel=web|gift=true"]
        ])
    );
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |file: &str, old: &str, new: &str, expected: &[&str]| {
        refused(&files(), (file, old, new), expected)
    };
    let (profile, star) = ("model/conformed/profile.yaml", "model/stars/purchase.yaml");
    refused(
        profile,
        "channel: {type: text}",
        "channel: {type: text, scd: 2}",
        &["profile.yaml:5:25", "scd"],
    )?;
    refused(
        profile,
        "channel: {type: text}",
        "channel: {type: double}",
        &["profile.yaml:5:3", "declare a decimal"],
    )?;
    refused(
        profile,
        "combination: true\n",
        "combination: true\nentity: purchase\n",
        &["profile.yaml:4:1", "entity"],
    )?;
    refused(
        star,
        "{gift: is_gift}",
        "{gift: is_gift, colour: red}",
        &[
            "purchase.yaml:7",
            "unknown attribute of the combination 'colour'",
        ],
    )?;
    refused(
        star,
        "{gift: is_gift}",
        "{gift: gifted}",
        &["purchase.yaml:7", "unknown column of the entity 'gifted'"],
    )?;
    refused(
        star,
        "{columns: {gift: is_gift}}",
        "{column: channel}",
        &["purchase.yaml:7", "cannot have 'column'"],
    )?;
    Ok(())
}
