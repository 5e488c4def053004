//! Sources that do not answer, lack what the model names, or give rows that do not fit.

use anyhow::Result;
use planisphere_tests::lab::Lab;

use super::spoiled;

fn at(url: &'static str) -> impl Fn(&Lab) -> Result<()> {
    move |lab| lab.replace("planisphere.toml", "sqlite:shop.db", url)
}

fn after(sql: &'static str) -> impl Fn(&Lab) -> Result<()> {
    move |lab| lab.change(sql)
}

#[test]
fn a_source_that_does_not_answer_is_named_without_its_password() -> Result<()> {
    let lab = Lab::shop()?;
    at("postgres://crm:hunter2@127.0.0.1:1/crm")(&lab)?;
    let expected = [
        "cannot reach source 'shop'",
        "Connection refused",
        "hint: check that it runs",
    ];
    let said = lab.load()?.refused(5, &expected)?;
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let status = lab.etl(&["status"])?.done()?;
    assert!(!status.out.contains("hunter2"), "{}", status.out);
    Ok(())
}

#[test]
fn a_missing_database_file_is_named_and_not_made() -> Result<()> {
    let spoil = at("sqlite:shopp.db");
    spoiled(
        &spoil,
        3,
        &[
            "source 'shop' is not there",
            "shopp.db",
            "hint: check the url of [source.shop]",
        ],
    )?;
    let lab = Lab::shop()?;
    spoil(&lab)?;
    lab.load()?.refused(3, &[])?;
    assert!(!lab.path("shopp.db").exists());
    Ok(())
}

#[test]
fn other_unusable_places_are_named() -> Result<()> {
    spoiled(
        at("nofolder"),
        3,
        &["source 'shop' is not there", "nofolder"],
    )?;
    spoiled(
        at("sqlite:shop.sql"),
        2,
        &["cannot open source 'shop'", "not a database"],
    )?;
    let expected = [
        "url of source 'shop'",
        "no reader for 'oracle://'",
        "hint: write sqlite:",
    ];
    spoiled(at("oracle://h/d"), 2, &expected)
}

#[test]
fn a_password_file_that_cannot_be_read_is_named() -> Result<()> {
    let spoil = at("postgres://crm@127.0.0.1:1/crm\"\npassword_file = \"secret.txt");
    spoiled(
        spoil,
        3,
        &[
            "password_file of source 'shop'",
            "secret.txt",
            "hint: check the path",
        ],
    )
}

#[test]
fn a_missing_table_or_column_is_told_with_the_nearest_name() -> Result<()> {
    let spoil = after("alter table products rename to producs");
    spoiled(
        spoil,
        3,
        &[
            "source 'shop' has no table 'products'",
            "did you mean 'producs'?",
        ],
    )?;
    let spoil = after("alter table customers rename column city to citty");
    let expected = ["'customers' with column 'city'", "did you mean 'citty'?"];
    spoiled(spoil, 3, &expected)?;
    let spoil = after(
        "alter table customers rename column city to citty; alter table products rename to producs; \
         drop table rates",
    );
    let expected = [
        "'customers' with column 'city' (did you mean 'citty'?)",
        "source 'shop' has no table 'products' (did you mean 'producs'?)",
        "source 'shop' has no table 'rates'",
        "hint: check the names in the source file of the model",
    ];
    spoiled(spoil, 3, &expected)
}

#[test]
fn a_join_that_multiplies_rows_is_refused() -> Result<()> {
    let spoil = after(
        "create table twice as select * from rates union all select currency, rate + 1 from rates; \
         drop table rates; alter table twice rename to rates",
    );
    let expected = [
        "entity 'sale': the joins turn 9 rows into 17",
        "hint: make the joined table unique",
    ];
    spoiled(spoil, 2, &expected)
}

#[test]
fn too_many_rejects_are_no_dirt() -> Result<()> {
    let spoil = |lab: &Lab| lab.change("update orders set price = 'free' where status = 'open'");
    let expected = [
        "'orders' rejects 3 of 10 rows",
        "200 per thousand",
        "reject_limit_permille",
    ];
    spoiled(spoil, 2, &expected)?;
    let lab = Lab::loaded()?;
    spoil(&lab)?;
    lab.load()?.refused(2, &[])?;
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(
        status.contains("rejected  orders") && status.contains("invalid_price: 3"),
        "{status}"
    );
    Ok(())
}
