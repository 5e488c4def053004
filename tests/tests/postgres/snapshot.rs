//! One moment for all tables and readers, whatever is committed meanwhile.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;

use super::bank::Bank;
use super::cluster::Cluster;
use super::session::Session;

/// Two tables of one row a page, so that each is read in several parts and every update moves its row to another
/// page; an account's balance is the sum of its entries after every commit.
const TABLES: &str = "
    create unlogged table accounts (id bigint primary key, balance bigint, pad text);
    create unlogged table entries (id bigint primary key, account bigint, amount bigint, pad text);
    create unlogged table stop ();
    alter table accounts alter pad set storage plain;
    alter table entries alter pad set storage plain;
    insert into accounts select i, i, repeat('x', 5000) from generate_series(1, 17000) i;
    insert into entries select i, i, i, repeat('x', 5000) from generate_series(1, 17000) i;
    create index on entries (account);
    create sequence ticks;
";

/// Commits until a table 'stopped' exists: changes an account, adds one, and takes one away, each with its entries.
const WRITER: &str = "
    do $$ declare tick bigint; begin loop
        tick := nextval('ticks');
        insert into entries values (100000 + 2 * tick, 1 + tick * 7919 % 8000, tick, repeat('y', 5000));
        update accounts set balance = balance + tick where id = 1 + tick * 7919 % 8000;
        insert into accounts values (100000 + tick, tick, repeat('y', 5000));
        insert into entries values (100001 + 2 * tick, 100000 + tick, tick, repeat('y', 5000));
        delete from entries where account = 17001 - tick;
        delete from accounts where id = 17001 - tick;
        commit;
        perform pg_sleep(0.002);
        exit when to_regclass('stopped') is not null or tick > 8000;
    end loop; end $$";

const MODEL: &str = "  accounts: {key: id, columns: {id: bigint, balance: bigint}}
  entries: {key: id, columns: {id: bigint, account: bigint, amount: bigint}}
";

/// The sums of a staged table's last column by another.
fn sums(bank: &Bank, table: &str, by: &str) -> Result<BTreeMap<i64, i64>> {
    let staged = bank.staged(table)?;
    let column = |name: &str| -> Result<Vec<i64>> {
        let array = staged.column_by_name(name).context("a column")?;
        Ok(array.as_primitive::<Int64Type>().values().to_vec())
    };
    let amount = if table == "accounts" {
        "balance"
    } else {
        "amount"
    };
    let mut sums = BTreeMap::new();
    for (key, amount) in column(by)?.into_iter().zip(column(amount)?) {
        *sums.entry(key).or_default() += amount;
    }
    Ok(sums)
}

#[test]
fn all_readers_of_all_tables_see_one_moment() -> Result<()> {
    let cluster = Cluster::start_with(&["max_wal_size=4GB", "autovacuum=off"])?;
    let session = cluster.session()?;
    session.run(TABLES)?;
    let url = cluster.url();
    let writer = std::thread::spawn(move || Session::open(&url)?.run(WRITER));
    session.wait_until("select last_value > 20 from ticks")?;
    let bank = Bank::with(
        &cluster.url(),
        MODEL,
        "UTC",
        "readers = 4\nbatch_rows = 1000\n",
    )?;
    let before: i64 = session.value("select last_value from ticks")?.parse()?;
    bank.load()?.done()?;
    let after: i64 = session.value("select last_value from ticks")?.parse()?;
    session.run("create table stopped ()")?;
    writer.join().ok().context("the writer panicked")??;
    assert!(
        after - before > 20,
        "only {} commits during the load",
        after - before
    );
    assert!(after <= 8000, "the writer was done before the load");
    for table in ["accounts", "entries"] {
        assert!(bank.files(table)?.len() >= 3, "{table} has too few parts");
    }
    let (balances, entries) = (
        sums(&bank, "accounts", "id")?,
        sums(&bank, "entries", "account")?,
    );
    // as many accounts come as go
    assert_eq!(balances.len(), 17_000);
    assert_eq!(bank.counts("accounts")?[..2], [17_000, 17_000]);
    let moment = balances.keys().max().copied().unwrap_or(0) - 100_000;
    assert!(
        (before..=after).contains(&moment),
        "{moment} of {before} to {after}"
    );
    assert_eq!(
        bank.counts("entries")?[1],
        17_000 + u64::try_from(moment)? - gone(moment)?
    );
    let orphan = entries
        .iter()
        .find(|(account, sum)| balances.get(account) != Some(sum));
    assert_eq!(orphan, None);
    assert_eq!(balances, entries);
    Ok(())
}

/// Entries of deleted accounts that were added after the first one of each account.
fn gone(moment: i64) -> Result<u64> {
    let deleted = |account: i64| account > 17_000 - moment;
    let added = (1..=moment).map(|tick| 1 + tick * 7919 % 8000);
    Ok(u64::try_from(
        added.filter(|account| deleted(*account)).count(),
    )?)
}
