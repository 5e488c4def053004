//! One moment while another program writes: in WAL mode nobody waits for anybody.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::Result;
use arrow::array::AsArray as _;
use arrow::datatypes::{Int32Type, Int64Type};
use rusqlite::Connection;

use super::bank::Bank;

const ORDERS: &str = "create table orders (id integer primary key, amount integer);
    create table order_lines (id integer primary key, order_id integer, amount integer)";

/// Commits orders with their lines, one transaction after the other, until told to stop; returns how many.
fn write(path: &std::path::Path, stop: &AtomicBool, written: &AtomicU32) -> Result<()> {
    let mut connection = Connection::open(path)?;
    // a reader that blocked this writer would be an error here, at once
    connection.busy_timeout(std::time::Duration::ZERO)?;
    while !stop.load(Ordering::Relaxed) {
        let id = written.load(Ordering::Relaxed);
        let transaction = connection.transaction()?;
        transaction.execute(
            "insert into order_lines values (?1 * 2, ?1, 3), (?1 * 2 + 1, ?1, 4)",
            [id],
        )?;
        transaction.execute("insert into orders values (?1, 7)", [id])?;
        transaction.commit()?;
        written.store(id + 1, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn what_commits_across_tables_is_seen_whole_or_not_at_all() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("orders.db");
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.execute_batch(ORDERS)?;
    connection.execute_batch(
        "with recursive n(i) as (select 1000000 union all select i + 1 from n where i < 1060000)
         insert into order_lines select i * 2, i, 7 from n;
         insert into orders select order_id, amount from order_lines",
    )?;
    let (stop, written) = (AtomicBool::new(false), AtomicU32::new(0));
    let seen = std::thread::scope(|scope| -> Result<Vec<usize>> {
        let writer = scope.spawn(|| write(&path, &stop, &written));
        let seen = (0..2).map(|_| one_moment(&path, &written)).collect();
        stop.store(true, Ordering::Relaxed);
        writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer died"))??;
        seen
    })?;
    assert!(seen[0] > 60_001 && seen[1] > seen[0], "{seen:?}");
    Ok(())
}

/// Loads and compares the two tables; how many orders there were.
fn one_moment(path: &std::path::Path, written: &AtomicU32) -> Result<usize> {
    let bank = Bank::at(
        &format!("sqlite:{}", path.display()),
        "  orders: {key: id, columns: {id: integer, amount: bigint}}\n  \
         order_lines: {key: id, columns: {id: integer, order_id: integer, amount: bigint}}\n",
    )?;
    let before = written.load(Ordering::Relaxed);
    bank.load()?.done()?;
    let during = written.load(Ordering::Relaxed) - before;
    assert!(during > 10, "only {during} commits while the load ran");
    let (orders, lines) = (bank.staged("orders")?, bank.staged("order_lines")?);
    let amounts = |column: &arrow::array::ArrayRef| {
        column
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .sum::<i64>()
    };
    assert_eq!(amounts(orders.column(1)), amounts(lines.column(2)));
    let ids = |column: &arrow::array::ArrayRef| {
        let mut ids = column.as_primitive::<Int32Type>().values().to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    assert_eq!(ids(orders.column(0)), ids(lines.column(1)));
    Ok(orders.num_rows())
}
