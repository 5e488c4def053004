//! A load that fails: readers stay on the old version, the server keeps serving, the next load goes on.

use anyhow::Result;
use planisphere_tests::lab::{Lab, cells, rows};
use planisphere_tests::programs::Server;

fn orders(server: &Server) -> Result<Vec<Vec<String>>> {
    let flags = [
        "query",
        "--cube",
        "sales",
        "--measures",
        "orders",
        "--format",
        "csv",
    ];
    cells(&server.olap(&flags)?.done()?.out)
}

#[test]
fn the_server_serves_the_old_version_until_the_next_load_publishes() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    assert_eq!(orders(&server)?, rows(&[&["7"]]));
    lab.change(
        "delete from orders where id = 'o01'; create table kept as select * from products; drop table products",
    )?;
    lab.load()?
        .refused(3, &["source 'shop' has no table 'products'"])?;
    assert_eq!(orders(&server)?, rows(&[&["7"]]));
    assert_eq!(lab.versions()?, ["1"]);
    let status = lab.etl(&["status"])?.done()?.out;
    for part in [
        "failed",
        "nothing was published",
        "has no table 'products'",
        "hint: ",
    ] {
        assert!(status.contains(part), "'{part}' is missing in {status}");
    }
    lab.change("alter table kept rename to products")?;
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(orders(&server)?, rows(&[&["6"]]));
    // the load that failed is on record
    let loads =
        lab.sql("select outcome, version, message from audit.audit_load order by audit_key")?;
    assert_eq!(loads.len(), 3, "{loads:?}");
    assert_eq!(loads[1][0], "failed");
    assert!(loads[1][2].contains("no table 'products'"), "{loads:?}");
    assert!(server.stop()?.success());
    Ok(())
}

#[test]
fn a_day_before_the_published_one_is_refused() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.change("update orders set quantity = 9 where id = 'o01'")?;
    let expected = [
        "business date 2020-01-01 is before 2025-06-30, the business date of version 1",
        "hint: nothing was published; load --as-of 2025-06-30 or later",
    ];
    lab.load_as_of("2020-01-01")?.refused(2, &expected)?;
    assert_eq!(lab.versions()?, ["1"]);
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    Ok(())
}

#[test]
fn a_version_of_a_newer_format_is_neither_read_nor_followed() -> Result<()> {
    let lab = Lab::loaded()?;
    let manifest = "warehouse/_planisphere/versions/000000000001.json";
    lab.replace(
        manifest,
        "\"format_version\": 1,",
        "\"format_version\": 99,",
    )?;
    let expected = [
        "version 1 is written in format 99",
        "hint: upgrade planisphere",
    ];
    lab.load()?.refused(2, &expected)?;
    lab.olap(&["cubes"])?.refused(2, &expected)?;
    Ok(())
}
