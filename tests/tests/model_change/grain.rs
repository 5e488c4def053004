//! What cannot change in place: the grain of a star, the members of a dimension.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};

use super::{CUSTOMER, SALE, SALES};

fn refused(spoil: impl Fn(&Lab) -> Result<()>, parts: &[&str]) -> Result<()> {
    let lab = Lab::loaded()?;
    spoil(&lab)?;
    let hint = "hint: load into a new warehouse folder to rebuild";
    let parts = [parts, &["cannot be changed in place", hint]].concat();
    lab.etl(&["plan"])?.refused(2, &parts)?;
    lab.load()?.refused(2, &parts)?;
    assert_eq!(lab.versions()?, ["1"]);
    assert_eq!(
        lab.query(&["--cube", "sales", "--measures", "orders"])?,
        rows(&[&["7"]])
    );
    // the hint works
    lab.replace(
        "planisphere.toml",
        "url = \"warehouse\"",
        "url = \"rebuilt\"",
    )?;
    lab.load()?.done()?;
    Ok(())
}

#[test]
fn a_changed_grain_is_refused_with_the_hint_to_rebuild() -> Result<()> {
    let key = |lab: &Lab| lab.replace(SALE, "key: [order_id]", "key: [order_id, product_id]");
    refused(key, &["star 'sale'", "its grain changed"])?;
    let kind = |lab: &Lab| lab.replace(SALE, "kind: transaction", "kind: accumulating");
    refused(kind, &["star 'sale'", "its grain changed"])
}

#[test]
fn a_changed_business_key_is_refused_too() -> Result<()> {
    let spoil = |lab: &Lab| lab.replace(CUSTOMER, "key: customer_id\n", "key: name\n");
    refused(spoil, &["dimension 'customer'", "business key changed"])
}

#[test]
fn a_star_that_is_taken_out_is_told_and_stays_in_old_versions() -> Result<()> {
    let lab = Lab::loaded()?;
    for file in [SALE, SALES] {
        std::fs::remove_file(lab.path(file))?;
    }
    let said = lab.load()?.done()?;
    assert!(
        said.out
            .contains("fact_sale is no longer in the model; old versions keep it"),
        "{}",
        said.out
    );
    lab.olap(&["sql", "select * from fact_sale"])?
        .refused(3, &["unknown table 'fact_sale'"])?;
    let flags = [
        "--cube",
        "sales",
        "--measures",
        "orders",
        "--warehouse-version",
        "1",
    ];
    assert_eq!(lab.query(&flags)?, rows(&[&["7"]]));
    Ok(())
}
