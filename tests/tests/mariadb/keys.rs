//! Large tables are read in ranges of their key, by as many connections as are wanted.

use anyhow::{Result, ensure};
use arrow::array::AsArray as _;
use arrow::datatypes::{Decimal128Type, Int64Type};
use mysql::prelude::Queryable;

use super::bank::Bank;
use super::server::{MariaDb, run};

/// Keys that are crowded in one place, and a few far away from it.
const TABLE: &str = "create table big (id bigint unsigned primary key, amount int) engine InnoDB;
    insert into big select 1000000000000 + seq, seq from seq_1_to_420000;
    insert into big values (0, -1), (5, -2), (18446744073709551615, -3);
    analyze table big";
const MODEL: &str = "  big: {key: id, columns: {id: \"decimal(20,0)\", amount: bigint}}\n";
const ROWS: usize = 420_003;

/// Every row was read once, whatever the parts; returns how many these were.
fn whole(bank: &Bank) -> Result<usize> {
    assert_eq!(bank.counts("big")?, [ROWS as u64, ROWS as u64, 0, 0, 0]);
    let staged = bank.staged("big")?;
    let mut ids = staged
        .column(0)
        .as_primitive::<Decimal128Type>()
        .values()
        .to_vec();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ROWS);
    assert_eq!(ids.last(), Some(&i128::from(u64::MAX)));
    let amounts = staged.column(1).as_primitive::<Int64Type>().values();
    assert_eq!(amounts.iter().sum::<i64>(), 420_000 * 420_001 / 2 - 6);
    Ok(bank.files("big")?.len())
}

#[test]
fn ranges_of_keys_are_the_whole_table() -> Result<()> {
    let server = MariaDb::start()?;
    run(&mut server.connect()?, TABLE)?;
    let mut root = server.connect_as_root()?;
    root.query_drop("grant reload on *.* to crm@'%'")?;
    let bank = Bank::with(&server.url(), MODEL, "UTC", "readers = 3")?;
    bank.load()?.done()?;
    let parts = whole(&bank)?;
    ensure!((2..=8).contains(&parts), "{parts} parts");
    let moment = bank.package()?["sources"]["bank"]["moment"].to_string();
    assert!(moment.contains("3 connection(s)"), "{moment}");

    // a server that takes fewer connections than are wanted is read by those that it takes
    root.query_drop("alter user crm@'%' with max_user_connections 3")?;
    bank_of(&server, "readers = 9")?;
    // a server whose patience is shorter than a part is asked for halves of it
    root.query_drop("alter user crm@'%' with max_user_connections 0 max_statement_time 0.05")?;
    let said = bank_of(&server, "readers = 2")?;
    ensure!(said > parts, "{said} parts instead of {parts}");
    Ok(())
}

fn bank_of(server: &MariaDb, etl: &str) -> Result<usize> {
    let bank = Bank::with(&server.url(), MODEL, "UTC", etl)?;
    bank.load()?.done()?;
    whole(&bank)
}
