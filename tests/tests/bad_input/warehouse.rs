//! Warehouses that cannot be written or read, ports that are taken, addresses that are too open.

use std::net::TcpListener;

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said};
use planisphere_tests::programs;

#[test]
fn an_unwritable_warehouse_is_named() -> Result<()> {
    let lab = Lab::shop()?;
    lab.write("plain", "a file, not a folder")?;
    lab.replace(
        "planisphere.toml",
        "url = \"warehouse\"",
        "url = \"plain/warehouse\"",
    )?;
    let expected = [
        "plain/warehouse",
        "hint: check that the warehouse folder exists, is writable",
    ];
    lab.load()?.refused(2, &expected)?;
    lab.etl(&["status"])?.refused(2, &["plain/warehouse"])?;
    assert_eq!(
        std::fs::read_to_string(lab.path("plain"))?,
        "a file, not a folder"
    );
    Ok(())
}

#[test]
fn an_unknown_store_is_refused() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(
        "planisphere.toml",
        "url = \"warehouse\"",
        "url = \"ftp://h/warehouse\"",
    )?;
    let expected = ["'ftp://h/warehouse'", "not built in", "hint: use a folder"];
    lab.load()?.refused(2, &expected)?;
    lab.olap(&["cubes"])?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn a_warehouse_without_versions_says_what_to_do() -> Result<()> {
    let lab = Lab::shop()?;
    let expected = [
        "has no published version",
        "hint: run 'planisphere-etl load' first",
    ];
    lab.olap(&["cubes"])?.refused(3, &expected)?;
    lab.olap(&["sql", "select 1"])?.refused(3, &expected)?;
    let flags = ["query", "--cube", "sales", "--measures", "revenue"];
    lab.olap(&flags)?.refused(3, &expected)?;
    Ok(())
}

#[test]
fn a_version_that_was_never_published_is_named() -> Result<()> {
    let lab = Lab::loaded()?;
    let flags = ["sql", "--warehouse-version", "7", "select 1"];
    lab.olap(&flags)?.refused(
        3,
        &["has no published version 7", "planisphere-etl history"],
    )?;
    Ok(())
}

#[test]
fn a_port_in_use_and_an_open_address_are_refused() -> Result<()> {
    let lab = Lab::loaded()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let said = lab.olap(&["serve", "--listen", &address])?;
    said.refused(4, &[&address, "in use", "--listen"])?;
    let said = lab.olap(&["serve", "--listen", "0.0.0.0:0"])?;
    said.refused(2, &["0.0.0.0", "not a loopback address", "--insecure"])?;
    let said = lab.olap(&["serve", "--listen", "nonsense"])?;
    said.refused(2, &["'nonsense'", "hint: write address:port"])?;
    Ok(())
}

#[test]
fn a_server_that_is_not_there_is_named() -> Result<()> {
    let mut command = programs::olap()?;
    command.args(["cubes", "--server", "http://127.0.0.1:1"]);
    let said = Said::of(&mut command)?;
    said.refused(
        5,
        &["http://127.0.0.1:1", "refused", "planisphere-olap serve"],
    )?;
    Ok(())
}
