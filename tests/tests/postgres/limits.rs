//! What the server does not allow: time, rights, rows, connections; and what the staging folder has no room for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use arrow::array::Array as _;
use arrow::datatypes::DataType;
use planisphere_tests::programs::succeed;

use super::bank::Bank;
use super::cluster::Cluster;
use super::secrets;

/// A role that is not the server's owner.
const READER: &str = "create role reader login password 'battery-staple'";
const SECRET: &str = "battery-staple";

fn reader(cluster: &Cluster) -> String {
    cluster.url_of(&format!("reader:{SECRET}"), "postgres")
}

#[test]
fn a_part_that_takes_too_long_is_halved() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    // 64 pages of one row, each of which takes its time to be printed
    session.run(READER)?;
    session.run(
        "create type slow as (x integer);
         create function slowly(slow) returns text language plpgsql as
           $$ begin perform pg_sleep(0.01); return ($1).x::text; end $$;
         create cast (slow as text) with function slowly(slow);
         create table slow_rows (id integer, v slow, pad text);
         alter table slow_rows alter pad set storage plain;
         insert into slow_rows select i, ('(' || i || ')')::slow, repeat('x', 5000) from generate_series(1, 64) i;
         grant select on slow_rows to reader;
         alter role reader set statement_timeout = '300ms'",
    )?;
    let bank = Bank::at(
        &reader(&cluster),
        "  slow_rows: {key: id, columns: {id: integer, v: text}}\n",
    )?;
    let said = bank.start()?.ended()?.done()?;
    assert_eq!(bank.counts("slow_rows")?, [64, 64, 0, 0, 0]);
    assert_eq!(bank.staged("slow_rows")?.num_rows(), 64);
    assert!(bank.files("slow_rows")?.len() > 2);
    secrets::none(&bank, &said, SECRET)
}

#[test]
fn what_cannot_be_halved_stops_with_the_remedy() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(READER)?;
    session.run(
        "create view patience as select i as id from generate_series(1, 100) i where pg_sleep(0.1) is not null;
         grant select on patience to reader;
         alter role reader set statement_timeout = '200ms'",
    )?;
    let bank = Bank::at(
        &reader(&cluster),
        "  patience: {key: id, columns: {id: integer}}\n",
    )?;
    let said = bank.start()?.ended()?.refused(
        5,
        &[
            "reading 'patience' of source 'bank' failed",
            "canceling statement due to statement timeout",
            r#"ALTER ROLE "reader" SET statement_timeout"#,
        ],
    )?;
    assert!(bank.lab.versions()?.is_empty());
    secrets::none(&bank, &said, SECRET)
}

#[test]
fn rows_and_rights_that_are_missing_are_told() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(READER)?;
    session.run(
        "create table closed (id integer); insert into closed values (1);
         create table hidden (id integer); insert into hidden values (1), (2);
         alter table hidden enable row level security;
         create policy one on hidden using (id = 1);
         grant select on hidden to reader",
    )?;
    let closed = Bank::at(
        &reader(&cluster),
        "  closed: {key: id, columns: {id: integer}}\n",
    )?;
    let grant = "hint: as its owner: GRANT SELECT ON closed TO reader";
    let said = closed.load()?.refused(
        2,
        &["'reader' may not read 'closed' of source 'bank'", grant],
    )?;
    secrets::none(&closed, &said, SECRET)?;
    let hidden = Bank::at(
        &reader(&cluster),
        "  hidden: {key: id, columns: {id: integer}}\n",
    )?;
    let said = hidden.load()?.refused(
        2,
        &[
            "'hidden' of source 'bank' cannot be read",
            "row-level security",
            "hint: all rows are read or none: ALTER ROLE \"reader\" BYPASSRLS",
        ],
    )?;
    assert!(!said.err.contains("GRANT SELECT"), "{}", said.err);
    session.run("grant select on closed to reader; alter role reader bypassrls")?;
    for (bank, table, rows) in [(closed, "closed", 1), (hidden, "hidden", 2)] {
        std::fs::remove_dir_all(bank.lab.path("warehouse"))?;
        bank.load()?.done()?;
        assert_eq!(bank.counts(table)?[..2], [rows, rows]);
    }
    Ok(())
}

#[test]
fn fewer_connections_than_readers_are_enough() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(READER)?;
    let mut tables = String::new();
    for at in 0..8 {
        session.run(&format!(
            "create table t{at} as select i as id from generate_series(1, 50000) i;
             grant select on t{at} to reader"
        ))?;
        tables += &format!("  t{at}: {{key: id, columns: {{id: integer}}}}\n");
    }
    session.run(
        "create table odd as select i as id, case when i % 5000 = 7 then 'x' else i::text end as n from generate_series(1, 20000) i;
         grant select on odd to reader",
    )?;
    tables += "  odd: {key: id, columns: {id: integer, n: integer}}\n";
    for limit in [2, 1] {
        session.run(&format!("alter role reader connection limit {limit}"))?;
        let bank = Bank::with(&reader(&cluster), &tables, "UTC", "readers = 4")?;
        let said = bank.start()?.ended()?.done()?;
        for at in 0..8 {
            assert_eq!(bank.counts(&format!("t{at}"))?[..2], [50_000, 50_000]);
        }
        // where no connection is left to print them the rejects come once their part was read
        assert_eq!(bank.counts("odd")?[..3], [20_000, 19_996, 4]);
        let rejects = bank
            .lab
            .sql("select row_id, detail from audit.audit_reject order by cast(row_id as bigint)")?;
        let told = |id: &str| {
            [
                id.to_owned(),
                "n 'x' is not a whole number (integer)".to_owned(),
            ]
        };
        assert_eq!(
            rejects,
            [told("7"), told("5007"), told("10007"), told("15007")]
        );
        secrets::none(&bank, &said, SECRET)?;
    }
    Ok(())
}

/// A small file system in memory; it is unmounted when it is dropped.
struct Small(PathBuf);

impl Small {
    fn mount(path: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&path)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]);
        succeed(mount.arg(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = succeed(Command::new("umount").arg(&self.0));
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says why nothing is tested")]
fn a_full_disk_stops_the_load_and_leaves_nothing() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create table noise as select i as id, md5(i::text) || md5((-i)::text) as v from generate_series(1, 100000) i",
    )?;
    let bank = Bank::at(
        &cluster.url(),
        "  noise: {key: id, columns: {id: integer, v: text}}\n",
    )?;
    let small = match Small::mount(bank.lab.path("warehouse")) {
        Ok(small) => small,
        Err(error) => {
            eprintln!("not tested, since no file system can be mounted here: {error}");
            return Ok(());
        }
    };
    let said = bank.start()?.ended()?.refused(
        6,
        &[
            "cannot write staged table 'noise'",
            "No space left on device",
            "hint: the disk of the warehouse is full",
        ],
    )?;
    secrets::none(&bank, &said, cluster.password())?;
    assert!(bank.lab.versions()?.is_empty());
    drop(small);
    bank.load()?.done()?;
    assert_eq!(bank.counts("noise")?[..2], [100_000, 100_000]);
    Ok(())
}

#[test]
fn a_number_with_very_many_digits_does_not_cost_the_others_theirs() -> Result<()> {
    let cluster = Cluster::start()?;
    cluster.session()?.run(
        "create table rates (id int primary key, rate numeric);
        insert into rates select i, i * 1.25 from generate_series(1, 1000) i;
        insert into rates values (1001, 1e-100), (1002, 'NaN'), (1003, 1e60)",
    )?;
    let bank = Bank::at(
        &cluster.url(),
        "  rates: {key: id, columns: {id: integer, rate: native}}\n",
    )?;
    bank.load()?.done()?;
    assert_eq!(bank.counts("rates")?, [1_003, 1_001, 2, 0, 0]);
    let staged = bank.staged("rates")?;
    let rates = staged.column_by_name("rate").context("a rate")?;
    // 1e60 has room before two decimals, 1e-100 has none after any
    assert_eq!(rates.data_type(), &DataType::Decimal256(63, 2));
    Ok(())
}
