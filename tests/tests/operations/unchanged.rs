//! Loads of a source in which nothing changed.

use anyhow::Result;
use planisphere_tests::lab::Lab;

use super::stars;

#[test]
fn the_same_source_and_date_publish_nothing_and_say_so() -> Result<()> {
    let lab = Lab::loaded()?;
    let before = stars(&lab)?;
    let said = lab.load()?.done()?;
    assert!(
        said.err.contains("nothing changed, version 1 still stands"),
        "{}",
        said.err
    );
    assert_eq!(lab.versions()?, ["1"]);
    assert_eq!(stars(&lab)?, before);
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(
        status.contains("nothing changed, version 1 still stands"),
        "{status}"
    );
    Ok(())
}

#[test]
fn another_business_date_publishes_the_same_rows() -> Result<()> {
    let lab = Lab::loaded()?;
    let before = stars(&lab)?;
    let said = lab.load_as_of("2025-07-01")?.done()?;
    assert!(
        said.err.contains("of 2025-07-01: published version 2"),
        "{}",
        said.err
    );
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(stars(&lab)?, before);
    let dates =
        lab.sql("select business_date, outcome, version from audit.audit_load order by audit_key")?;
    let expected = [
        ["2025-06-30", "published", "1"],
        ["2025-07-01", "published", "2"],
    ];
    assert_eq!(dates, expected);
    Ok(())
}

#[test]
fn loading_twice_is_loading_once() -> Result<()> {
    let change = "update customers set segment = 'large', date_modified = '2025-06-01 00:00:00' where id = 'c3'; \
                  delete from orders where id = 'o02'";
    let once = Lab::loaded()?;
    once.change(change)?;
    once.load()?.done()?;
    let twice = Lab::loaded()?;
    twice.load()?.done()?;
    twice.change(change)?;
    twice.load()?.done()?;
    twice.load()?.done()?;
    assert_eq!(stars(&twice)?, stars(&once)?);
    assert_eq!(twice.versions()?, once.versions()?);
    Ok(())
}
