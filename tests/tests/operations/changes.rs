//! What a load does with inserts, updates, soft deletes and hard deletes of the source.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::{Lab, rows};
use serde_json::Value;

use super::versions_are_valid;

/// One of everything: a new customer and order, changes of type 1 and 2, soft and hard deletes.
const CHANGES: &str = "
    insert into customers values ('c5', 'Eve', 'Rome', 'small', 'hot', '2025-06-20 08:00:00', '2025-06-20 08:00:00', 0);
    insert into orders values
        ('o11', 'c5', 'p1', '2025-06-21 09:00:00', 'paid', 2, 8, 'USD', '2025-06-21 09:00:00', 0);
    update customers set segment = 'small', date_modified = '2025-06-10 00:00:00' where id = 'c2';
    insert into customers_audit values ('a2', 'c2', '2025-06-10 00:00:00', 'segment', 'large', 'small');
    update customers set city = 'Leeds' where id = 'c4';
    update customers set deleted = 1 where id = 'c3';
    update orders set quantity = 4 where id = 'o01';
    update orders set deleted = 1 where id = 'o06';
    delete from orders where id = 'o02';
    delete from products where id = 'p3';";

fn changed() -> Result<(Lab, Value)> {
    let lab = Lab::loaded()?;
    lab.change(CHANGES)?;
    let said = lab
        .etl(&["load", "--as-of", "2025-07-01", "--format", "json"])?
        .done()?;
    Ok((lab, serde_json::from_str(&said.out)?))
}

#[test]
fn the_summary_shows_what_changed() -> Result<()> {
    let (lab, record) = changed()?;
    assert_eq!(record["outcome"]["version"], 2);
    let count = |table: &str| -> Result<Vec<u64>> {
        let mut changes = record["changes"].as_array().context("no changes")?.iter();
        let change = changes
            .find(|change| change["table"] == table)
            .context("no such table")?;
        let of = |name: &str| change[name].as_u64().context("no number");
        ["inserted", "updated", "expired", "deleted", "rows"]
            .into_iter()
            .map(of)
            .collect()
    };
    // two rows: Eve, and the new version of c2, which ends one; c4 moved; c3 is marked; c9 is still only inferred
    assert_eq!(count("dim_customer")?, [2, 1, 1, 1, 12]);
    assert_eq!(count("dim_product")?, [0, 0, 0, 1, 7]);
    assert_eq!(count("dim_date")?, [0, 0, 0, 0, 369]);
    // o11 came, o01 changed, o06 was marked by the source, o02 is gone
    assert_eq!(count("fact_sale")?, [1, 1, 0, 2, 8]);
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("published version 2"), "{status}");
    Ok(())
}

#[test]
fn versions_begin_at_the_change_and_type_1_stands_in_all() -> Result<()> {
    let (lab, _) = changed()?;
    versions_are_valid(&lab)?;
    let found = lab.sql(
        "select customer_id, city, segment, rating, valid_from, valid_from_basis, deleted_at_source \
         from dim_customer where customer_key > 0 order by customer_id, valid_from",
    )?;
    let open = "0001-01-01T00:00:00Z";
    let expected = rows(&[
        &["c1", "London", "small", "cold", open, "open", "false"],
        &[
            "c1",
            "London",
            "small",
            "warm",
            "2025-03-01T12:00:00Z",
            "audit",
            "false",
        ],
        &["c2", "上海", "large", "hot", open, "open", "false"],
        &[
            "c2",
            "上海",
            "small",
            "hot",
            "2025-06-10T00:00:00Z",
            "audit",
            "false",
        ],
        &["c3", "Paris", "small", "", open, "open", "true"],
        &["c4", "Leeds", "large", "cold", open, "open", "false"],
        &["c5", "Rome", "small", "hot", open, "open", "false"],
        &["c9", "", "", "", open, "not_yet_arrived", "false"],
    ]);
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn rows_gone_from_the_source_are_kept_marked_and_left_out() -> Result<()> {
    let (lab, _) = changed()?;
    let marked =
        lab.sql("select source_row_id from fact_sale where deleted_at_source order by 1")?;
    assert_eq!(marked, rows(&[&["o02"], &["o06"]]));
    let products = lab.sql("select product_id from dim_product where deleted_at_source")?;
    assert_eq!(products, rows(&[&["p3"]]));
    let orders = ["--cube", "sales", "--measures", "orders,revenue"];
    // o01 10 + o03 20 + o04 6 + o05 18 + o07 6 + o11 8
    assert_eq!(lab.query(&orders)?, rows(&[&["6", "68.0000"]]));
    let all = [&orders[..], &["--include-deleted"]].concat();
    assert_eq!(lab.query(&all)?, rows(&[&["8", "80.5000"]]));
    let before = [&orders[..], &["--warehouse-version", "1"]].concat();
    assert_eq!(lab.query(&before)?, rows(&[&["7", "72.5000"]]));
    Ok(())
}

#[test]
fn keys_are_stable_across_loads_and_facts_keep_their_versions() -> Result<()> {
    let lab = Lab::loaded()?;
    let keys =
        "select customer_id, valid_from, customer_key, customer_durable_key from dim_customer";
    let before = lab.sql(keys)?;
    lab.change(CHANGES)?;
    lab.load()?.done()?;
    let after = lab.sql(keys)?;
    for key in &before {
        assert!(
            after.contains(key),
            "{key:?} has another key now: {after:?}"
        );
    }
    // the order of February still belongs to the version of February
    let segment = lab.sql(
        "select segment from fact_sale join dim_customer using (customer_key) where source_row_id = 'o03'",
    )?;
    assert_eq!(segment, rows(&[&["large"]]));
    let was = [
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        "customer.segment.segment",
    ];
    let expected = rows(&[&["large", "26.0000"], &["small", "36.0000"]]);
    let known = |found: Vec<Vec<String>>| -> Vec<Vec<String>> {
        let named = found
            .into_iter()
            .filter(|row| row.iter().any(|cell| cell == "large" || cell == "small"));
        named
            .map(|row| vec![row[0].clone(), row.last().cloned().unwrap_or_default()])
            .collect()
    };
    assert_eq!(known(lab.query(&was)?), expected);
    let is = [&was[..], &["--history", "as_is"]].concat();
    assert_eq!(known(lab.query(&is)?), rows(&[&["small", "62.0000"]]));
    Ok(())
}

#[test]
fn a_row_that_comes_back_is_no_longer_marked() -> Result<()> {
    let (lab, _) = changed()?;
    lab.change(
        "insert into products values ('p3', 'Bread', 'Food'); update orders set deleted = 0 where id = 'o06'; \
         update customers set deleted = 0 where id = 'c3'",
    )?;
    lab.load_as_of("2025-07-01")?.done()?;
    let marked = lab.sql(
        "select source_row_id from fact_sale where deleted_at_source union all \
         select product_id from dim_product where deleted_at_source union all \
         select customer_id from dim_customer where deleted_at_source",
    )?;
    assert_eq!(marked, rows(&[&["o02"]]));
    Ok(())
}
