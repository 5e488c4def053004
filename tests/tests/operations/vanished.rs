//! Rows that vanish from the source: how many may, and what a load says when too many do.

use anyhow::Result;
use planisphere_tests::lab::{Lab, VISITS, rows};

/// Sixty orders of c1 more, n01 to n60: 67 that load.
const MORE: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60) \
    insert into orders select printf('n%02d', i), 'c1', 'p1', '2025-06-01 09:00:00', 'paid', 1, 2, 'USD', \
    '2025-06-01 09:00:00', 0 from n";

fn large_shop() -> Result<Lab> {
    let lab = Lab::shop()?;
    lab.change(MORE)?;
    lab.load()?.done()?;
    assert_eq!(facts(&lab)?, ["67", "0"]);
    Ok(lab)
}

/// The facts of the latest version, and how many of them are marked as deleted.
fn facts(lab: &Lab) -> Result<Vec<String>> {
    let sql = "select count(*), sum(case when deleted_at_source then 1 else 0 end) from fact_sale";
    Ok(lab.sql(sql)?.remove(0))
}

fn set_limit(lab: &Lab, permille: u32) -> Result<()> {
    let limit = format!("[etl]\nvanish_limit_permille = {permille}");
    lab.replace("planisphere.toml", "[etl]", &limit)
}

#[test]
fn a_source_that_lost_most_rows_publishes_nothing_until_the_limit_is_raised() -> Result<()> {
    let lab = large_shop()?;
    lab.change("delete from orders where id between 'n01' and 'n40'")?;
    let expected = [
        "'fact_sale': 40 of 67 rows are no longer in the source",
        "more than the allowed 500 per thousand",
        "nothing was published",
        "check that the source is complete, or raise [etl] vanish_limit_permille",
    ];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(lab.versions()?, ["1"]);
    assert_eq!(facts(&lab)?, ["67", "0"]);
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("'fact_sale': 40 of 67 rows"), "{status}");

    set_limit(&lab, 1000)?;
    let said = lab.load()?.done()?;
    assert!(said.err.contains("published version 2"), "{}", said.err);
    assert_eq!(facts(&lab)?, ["67", "40"]);
    let gone = lab.sql(
        "select min(source_row_id), max(source_row_id) from fact_sale where deleted_at_source",
    )?;
    assert_eq!(gone, rows(&[&["n01", "n40"]]));
    let count = ["--cube", "sales", "--measures", "orders"];
    assert_eq!(lab.query(&count)?, rows(&[&["27"]]));
    Ok(())
}

#[test]
fn as_many_as_the_limit_says_may_vanish() -> Result<()> {
    let lab = large_shop()?;
    // 33 of 67 are 492 per thousand
    lab.change("delete from orders where id between 'n01' and 'n33'")?;
    lab.load()?.done()?;
    assert_eq!(facts(&lab)?, ["67", "33"]);
    Ok(())
}

#[test]
fn twenty_rows_may_always_vanish() -> Result<()> {
    let lab = Lab::shop()?;
    lab.change(MORE)?;
    lab.change("delete from orders where id > 'n13' and id like 'n%'")?;
    set_limit(&lab, 0)?;
    lab.load()?.done()?;
    assert_eq!(facts(&lab)?, ["20", "0"]);
    lab.change("delete from orders")?;
    lab.load()?.done()?;
    assert_eq!(facts(&lab)?, ["20", "20"]);
    Ok(())
}

#[test]
fn rows_that_vanished_before_do_not_hide_an_emptied_source() -> Result<()> {
    let lab = large_shop()?;
    lab.change("delete from orders where id between 'n01' and 'n33'")?;
    lab.load()?.done()?;
    // the 34 that still stand are 507 per thousand of all rows, the 30 of the next step 448
    lab.change("delete from orders where id between 'n34' and 'n37'")?;
    lab.load()?.done()?;
    lab.change("delete from orders")?;
    let expected = ["'fact_sale': 30 of 30 rows are no longer in the source"];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(facts(&lab)?, ["67", "37"]);
    Ok(())
}

#[test]
fn members_are_held_to_the_limit_too() -> Result<()> {
    let lab = Lab::shop()?;
    lab.change(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 40) \
         insert into products select printf('x%02d', i), 'Extra', 'Food' from n",
    )?;
    lab.load()?.done()?;
    lab.change("delete from products where id like 'x%'")?;
    let expected = ["'dim_product': 40 of 43 rows are no longer in the source"];
    lab.load()?.refused(2, &expected)?;
    set_limit(&lab, 1000)?;
    lab.load()?.done()?;
    let marked = lab.sql("select deleted_at_source, count(*) from dim_product where product_key > 0 group by 1 order by 1")?;
    assert_eq!(marked, rows(&[&["false", "3"], &["true", "40"]]));
    Ok(())
}

/// Lines of a file are known by their file and number, so a changed file brings all of its rows anew.
#[test]
fn a_file_that_grows_has_not_vanished_but_one_that_was_cut_has() -> Result<()> {
    let lines = |count: usize| {
        let header = "page;day;seconds;note\n".to_owned();
        header + &"home;03.02.2025;1;\n".repeat(count)
    };
    let lab = Lab::web()?;
    lab.write(VISITS, lines(50))?;
    lab.load()?.done()?;
    lab.write(VISITS, lines(60))?;
    lab.load()?.done()?;
    let standing = "select count(*) from fact_visit where not deleted_at_source";
    assert_eq!(lab.sql(standing)?, rows(&[&["60"]]));
    lab.write(VISITS, lines(20))?;
    let expected = ["'fact_visit': 40 of 60 rows are no longer in the source"];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    Ok(())
}
