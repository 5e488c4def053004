//! Tables that others change in shape while they are read: what would lose or move rows waits, or the source is read
//! anew.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int32Type;

use super::bank::Bank;
use super::cluster::Cluster;
use super::held::Held;
use super::session::Session;

/// A statement on a session of its own.
fn meanwhile(cluster: &Cluster, sql: &'static str) -> std::thread::JoinHandle<Result<()>> {
    let url = cluster.url();
    std::thread::spawn(move || Session::open(&url)?.run(sql))
}

/// Rows, and the sum of the first column.
fn sum(bank: &Bank, table: &str) -> Result<(usize, i64)> {
    let staged = bank.staged(table)?;
    let ids = staged.column(0).as_primitive::<Int32Type>();
    let sum = ids.values().iter().map(|id| i64::from(*id)).sum();
    Ok((staged.num_rows(), sum))
}

#[test]
fn what_would_take_rows_away_waits_until_the_load_is_over() -> Result<()> {
    let held = Held::start()?;
    for refused in [
        "truncate held",
        "truncate plain",
        "vacuum full held",
        "alter table held drop column generation cascade",
        "alter table plain alter generation type text",
        "drop table plain",
        "create or replace view gated as select id, 7 as generation from plain",
    ] {
        let session = held.cluster.session()?;
        session.run("set lock_timeout = '50ms'")?;
        let error = session.run(refused).err().context(refused)?;
        assert!(
            format!("{error:#}{error:?}").contains("lock timeout"),
            "{error:?}"
        );
    }
    // one waits for as long as it takes: whoever asks for the table now queues behind it
    let truncate = meanwhile(&held.cluster, "truncate held");
    let waiting =
        "select count(*) = 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'";
    held.session.wait_until(waiting)?;
    let first = held.reader_after(0)?;
    held.cut(first)?;
    let exporter = held.exporter()?;
    // so the part is read by the connection that has it locked
    assert_eq!(held.reader_after(first)?, exporter);
    held.session.run("select pg_advisory_unlock(42)")?;
    held.load.ended()?.done()?;
    assert_eq!(sum(&held.bank, "gated")?, (8_000, 8_000 * 8_001 / 2));
    assert_eq!(sum(&held.bank, "plain")?, (10_000, 10_000 * 10_001 / 2));
    truncate.join().ok().context("a panic")??;
    assert_eq!(held.session.value("select count(*) from held")?, "0");
    Ok(())
}

#[test]
fn what_was_written_anew_before_it_could_be_locked_is_read_at_a_later_moment() -> Result<()> {
    const MODEL: &str = "  first: {key: id, columns: {id: integer}}
  second: {key: id, columns: {id: integer}}
  seen: {key: id, columns: {id: integer}}
";
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create table first as select i as id from generate_series(1, 10) i;
         create table second as select i as id from generate_series(1, 20) i;
         create materialized view kept as select id from second; create view seen as select id from kept",
    )?;
    for (change, sums) in [
        (
            "truncate second; insert into second values (7); insert into first values (70)",
            [(11, 125), (1, 7), (20, 210)],
        ),
        (
            "refresh materialized view kept; insert into first values (80)",
            [(12, 205), (1, 7), (1, 7)],
        ),
        (
            "alter table second alter id type bigint using id + 1; insert into first values (90)",
            [(13, 295), (1, 8), (1, 7)],
        ),
    ] {
        if change.starts_with("alter") {
            session
                .run("drop materialized view kept cascade; create view seen as select 7 as id")?;
        }
        session.run("begin; lock table second in access exclusive mode")?;
        if change.starts_with("refresh") {
            session.run(change)?;
        }
        let bank = Bank::at(&cluster.url(), MODEL)?;
        let load = bank.start()?;
        until_it_waits(&cluster)?;
        if !change.starts_with("refresh") {
            session.run(change)?;
        }
        session.run("commit")?;
        let said = load.ended()?.done()?;
        assert!(
            said.err.contains("written anew by another session"),
            "{}",
            said.err
        );
        for (table, expected) in ["first", "second", "seen"].into_iter().zip(sums) {
            assert_eq!(sum(&bank, table)?, expected, "{table} after {change}");
        }
    }
    Ok(())
}

/// Waits until the load waits for a lock.
fn until_it_waits(cluster: &Cluster) -> Result<()> {
    // a session of its own, since within a transaction there is no news of others
    cluster.session()?.wait_until(
        "select count(*) = 1 from pg_stat_activity \
         where application_name = 'planisphere-etl' and wait_event_type = 'Lock'",
    )
}

const PAIR: &str = "  first: {key: id, columns: {id: integer}}
  second: {key: id, columns: {id: integer}}
";

#[test]
fn a_table_that_stays_locked_is_told() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create table first (id integer); create table second (id integer);
         alter role crm set lock_timeout = '100ms'",
    )?;
    session.run("begin; lock table second in access exclusive mode")?;
    let bank = Bank::at(&cluster.url(), PAIR)?;
    let expected = [
        "reading 'second' of source 'bank' failed",
        "another session keeps it locked",
    ];
    bank.load()?.refused(5, &expected)?;
    assert!(bank.lab.versions()?.is_empty());
    session.run("commit")?;
    bank.load()?.done()?;
    Ok(())
}

#[test]
fn a_deadlock_costs_at_most_another_attempt() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create table first as select 1 as id; create table second as select 2 as id;
         alter database postgres set deadlock_timeout = '100ms'",
    )?;
    let other = cluster.session()?;
    other.run("begin; lock table second in access exclusive mode")?;
    let bank = Bank::at(&cluster.url(), PAIR)?;
    let load = bank.start()?;
    until_it_waits(&cluster)?;
    // one of the two is sacrificed by the server, whichever notices first
    let sacrificed =
        other.run("lock table first in access exclusive mode; update first set id = 3; commit");
    if sacrificed.is_err() {
        other.run("rollback")?;
    }
    load.ended()?.done()?;
    let id = if sacrificed.is_err() { 1 } else { 3 };
    assert_eq!(sum(&bank, "first")?, (1, id));
    assert_eq!(sum(&bank, "second")?, (1, 2));
    Ok(())
}
