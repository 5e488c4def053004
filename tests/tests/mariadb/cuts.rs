//! Connections that are killed and servers that restart while a table is read.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int32Type;
use mysql::Conn;
use mysql::prelude::Queryable;
use planisphere_tests::programs::Running;

use super::bank::Bank;
use super::server::{MariaDb, PASSWORD, run};

/// A table, and a view on another in whose middle the reader waits for a lock that the test has.
const TABLES: &str = "
    create function gate(i int) returns int not deterministic begin
        if i = 6000 then do get_lock('gate', 60); do release_lock('gate'); end if; return i; end";
const ROWS: &str = "create table plain (id int primary key, generation int);
    create table held (id int primary key, generation int);
    insert into plain select seq, 1 from seq_1_to_9000;
    insert into held select seq, 1 from seq_1_to_8000;
    create view gated as select gate(id) as id, generation from held";
const CHANGE: &str = "update plain set generation = 2; update held set generation = 2;
    insert into plain values (0, 2); insert into held values (0, 2)";
const MODEL: &str = "  plain: {key: id, columns: {id: integer, generation: integer}}
  gated: {key: id, columns: {id: integer, generation: native}}
";

/// Asks until there is an answer.
fn until<T>(session: &mut Conn, ask: impl Fn(&mut Conn) -> Result<Option<T>>) -> Result<T> {
    for _ in 0..3_000 {
        if let Some(answer) = ask(session)? {
            return Ok(answer);
        }
        session.query_drop("do sleep(0.01)")?;
    }
    anyhow::bail!("waited in vain")
}

/// Waits for a reader at the gate; the id of its connection.
fn reader_at_gate(session: &mut Conn) -> Result<u32> {
    const READER: &str = "select id from information_schema.processlist \
        where command in ('Query', 'Execute') and state = 'User lock'";
    until(session, |session| Ok(session.query_first(READER)?)).context("no reader at the gate")
}

/// A load that waits in the middle of the second table, while the tables are in their second generation.
fn held(server: &MariaDb, session: &mut Conn) -> Result<(Bank, Running, u32)> {
    session.query_drop("do get_lock('gate', 10)")?;
    let bank = Bank::with(&server.url(), MODEL, "UTC", "readers = 1\nbatch_rows = 500")?;
    let load = bank.start()?;
    let reader = reader_at_gate(session)?;
    run(session, CHANGE)?;
    Ok((bank, load, reader))
}

/// Rows of each table, which must all be of one generation.
fn all_of(generation: i32, bank: &Bank, rows: [u64; 2]) -> Result<()> {
    for (table, rows) in ["plain", "gated"].into_iter().zip(rows) {
        assert_eq!(bank.counts(table)?[..2], [rows; 2], "{table}");
        let staged = bank.staged(table)?;
        let generations = staged.column(1).as_primitive::<Int32Type>();
        let strangers = generations.values().iter().filter(|it| **it != generation);
        assert_eq!(strangers.count(), 0, "{table} is not of {generation}");
    }
    Ok(())
}

#[test]
fn a_killed_connection_loses_its_snapshot_and_the_source_is_read_anew() -> Result<()> {
    let server = MariaDb::start()?;
    let mut session = server.connect_as_root()?;
    session.query_drop(TABLES)?;
    run(&mut session, ROWS)?;
    let (bank, load, reader) = held(&server, &mut session)?;
    session.query_drop(format!("kill {reader}"))?;
    // the gate opens once the reader is gone: one that passes it first has the first snapshot whole
    let gone = format!(
        "select 1 from dual where not exists \
         (select 1 from information_schema.processlist where id = {reader})"
    );
    until::<u8>(&mut session, |session| Ok(session.query_first(&gone)?))?;
    session.query_drop("do release_lock('gate')")?;
    let said = load.ended()?.done()?;
    assert!(said.err.contains("bank: read anew"), "{}", said.err);
    assert!(!said.err.contains(PASSWORD), "{}", said.err);
    all_of(2, &bank, [9_001, 8_001])
}

#[test]
fn a_server_that_crashes_loses_the_snapshot_and_the_source_is_read_anew() -> Result<()> {
    let mut server = MariaDb::start()?;
    let mut session = server.connect_as_root()?;
    session.query_drop(TABLES)?;
    run(&mut session, ROWS)?;
    let (bank, load, _) = held(&server, &mut session)?;
    server.crash()?;
    let said = load.ended()?.done()?;
    assert!(said.err.contains("bank: read anew"), "{}", said.err);
    all_of(2, &bank, [9_001, 8_001])
}
