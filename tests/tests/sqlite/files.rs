//! Files that are missing, locked, damaged or no databases.

use anyhow::Result;
use rusqlite::Connection;

use super::bank::Bank;

const MODEL: &str = "  t: {key: id, columns: {id: integer, v: text}}\n";

fn bank(path: &std::path::Path) -> Result<Bank> {
    Bank::at(&format!("sqlite:{}", path.display()), MODEL)
}

#[test]
fn files_that_cannot_be_read_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.db");
    bank(&path)?.load()?.refused(
        3,
        &[
            "source 'bank' is not there",
            "t.db: unable to open database file",
        ],
    )?;

    std::fs::write(
        &path,
        "no database, however long this text may be ".repeat(99),
    )?;
    bank(&path)?.load()?.refused(
        2,
        &["cannot open source 'bank'", "t.db: file is not a database"],
    )?;

    // a page in the middle of a table is overwritten
    std::fs::remove_file(&path)?;
    let connection = Connection::open(&path)?;
    connection.execute_batch(
        "create table t (id integer primary key, v text);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
         insert into t select i, hex(randomblob(40)) from n",
    )?;
    drop(connection);
    let mut bytes = std::fs::read(&path)?;
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, bytes)?;
    let damaged = bank(&path)?;
    let said = damaged.load()?.refused(
        2,
        &["t.db: database disk image is malformed", "integrity_check"],
    )?;
    assert!(said.err.contains("'t'"), "{}", said.err);
    assert!(damaged.lab.versions().is_err() || damaged.lab.versions()?.is_empty());
    Ok(())
}

#[test]
fn a_locked_database_is_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.db");
    let connection = Connection::open(&path)?;
    connection.execute_batch(
        "create table t (id integer primary key, v text); insert into t values (1, 'a');
         begin exclusive; insert into t values (2, 'b')",
    )?;
    let bank = bank(&path)?;
    let load = bank.start()?;
    // the lock goes when the load has come to it, or a little later
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    connection.execute_batch("commit")?;
    load.ended()?.done()?;
    assert_eq!(bank.counts("t")?[..2], [2, 2]);
    Ok(())
}
