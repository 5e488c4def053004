//! A MariaDB that refuses, or lacks what the model names.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use anyhow::Result;
use mysql::prelude::Queryable;
use planisphere_tests::lab::Lab;

use super::bank::Bank;
use super::server::{MariaDb, PASSWORD, run};

#[test]
fn refusals_name_the_object_and_the_remedy_and_never_the_secret() -> Result<()> {
    let server = MariaDb::start()?;
    let lab = Lab::shop()?;
    lab.replace(
        "planisphere.toml",
        "sqlite:shop.db",
        &server.url_with("hunter2"),
    )?;
    let said = lab.load()?.refused(
        2,
        &[
            "cannot open source 'shop'",
            "Access denied for user 'crm'",
            "hint: check the user and the password",
        ],
    )?;
    assert!(!said.err.contains("hunter2"), "{}", said.err);

    lab.replace(
        "planisphere.toml",
        &server.url_with("hunter2"),
        &server.url(),
    )?;
    lab.load()?
        .refused(3, &["source 'shop' has no table 'customers'"])?;

    let mut connection = server.connect()?;
    run(
        &mut connection,
        "create table customer (id int primary key)",
    )?;
    lab.load()?.refused(
        3,
        &[
            "source 'shop' has no table 'customers'",
            "did you mean 'customer'?",
        ],
    )?;
    run(&mut connection, "rename table customer to customers")?;
    lab.load()?.refused(
        3,
        &["source 'shop' has no table 'customers' with column 'name'"],
    )?;
    assert_eq!(connection.query_first::<u8, _>("select 1")?, Some(1));
    assert!(lab.versions().is_err() || lab.versions()?.is_empty());
    a_missing_grant_is_told_with_what_helps(&server)
}

fn a_missing_grant_is_told_with_what_helps(server: &MariaDb) -> Result<()> {
    let mut root = server.connect_as_root()?;
    for statement in [
        "create table secrets (id int primary key, secret int)",
        "create user clerk@'%' identified by 'correct-horse'",
        "grant insert on crm.secrets to clerk@'%'",
    ] {
        root.query_drop(statement)?;
    }
    let url = server.url().replace("//crm:", "//clerk:");
    let bank = Bank::at(&url, "  secrets: {key: id, columns: {id: integer}}\n")?;
    let told = [
        "'clerk' may not read 'secrets' of source 'bank'",
        "GRANT SELECT ON secrets TO clerk",
    ];
    let code = bank.load()?.refused(2, &told)?;
    assert!(!code.err.contains(PASSWORD), "{}", code.err);
    root.query_drop("grant select (id) on crm.secrets to clerk@'%'")?;
    bank.load()?.done()?;
    Ok(())
}

#[test]
fn what_is_no_server_of_this_kind_is_given_up_with_words_of_its_own() -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let other = TcpListener::bind("127.0.0.1:0")?;
    let talks = other.local_addr()?;
    std::thread::spawn(move || {
        let greet =
            |stream: std::io::Result<TcpStream>| stream?.write_all(b"HTTP/1.1 400 Bad\r\n\r\n");
        other.incoming().map(greet).for_each(drop);
    });
    let cases = [
        (
            silent.local_addr()?,
            5,
            "the server took the connection but does not answer",
        ),
        (talks, 2, "the connection broke, or it is none of MySQL"),
    ];
    for (address, code, expected) in cases {
        let url = format!("mysql://crm:hunter2@{address}/crm?tcp_connect_timeout_ms=500");
        let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer}}\n")?;
        let said = bank.load()?.refused(code, &["source 'bank'", expected])?;
        assert!(!said.err.contains("hunter2"), "{}", said.err);
    }
    Ok(())
}

#[test]
fn a_user_with_one_connection_is_read_by_it() -> Result<()> {
    let server = MariaDb::start()?;
    let mut root = server.connect_as_root()?;
    run(
        &mut root,
        "create user clerk@'%' identified by 'correct-horse' with max_user_connections 1;
         grant select on crm.* to clerk@'%';
         create table crm.t (id int primary key); insert into crm.t select seq from crm.seq_1_to_400000",
    )?;
    let url = server.url().replace("//crm:", "//clerk:");
    let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer}}\n")?;
    bank.load()?.done()?;
    assert_eq!(bank.counts("t")?[..2], [400_000, 400_000]);
    Ok(())
}

#[test]
fn a_server_with_too_many_connections_is_waited_for() -> Result<()> {
    let server = MariaDb::start()?;
    let mut root = server.connect_as_root()?;
    run(
        &mut root,
        "create table t (id int primary key); insert into t values (1), (2);
        set global max_connections = 10",
    )?;
    // the server keeps one more for its owner
    let mut others = Vec::new();
    while let Ok(other) = server.connect() {
        others.push(other);
    }
    assert!(others.len() >= 8, "{}", others.len());
    let bank = Bank::at(&server.url(), "  t: {key: id, columns: {id: integer}}\n")?;
    let load = bank.start()?;
    // longer than anybody waits for a server that never answered
    std::thread::sleep(std::time::Duration::from_secs(4));
    others.clear();
    let said = load.ended()?.done()?;
    assert!(said.err.contains("Too many connections"), "{}", said.err);
    assert_eq!(bank.counts("t")?[..2], [2, 2]);
    Ok(())
}

#[test]
fn who_changes_a_table_waits_for_the_load_and_never_the_load_for_them() -> Result<()> {
    let server = MariaDb::start()?;
    let mut root = server.connect_as_root()?;
    run(
        &mut root,
        "grant reload on *.* to crm@'%'; use crm;
         create table big (id int primary key, v char(100)); insert into big select seq, 'v' from seq_1_to_900000;
         create table small (id int primary key); insert into small select seq from seq_1_to_90000",
    )?;
    let tables = "  big: {key: id, columns: {id: integer, v: text}}\n  small: {key: id, columns: {id: integer}}\n";
    let bank = Bank::at(&server.url(), tables)?;
    let load = bank.start()?;
    let mut reading = server.connect_as_root()?;
    let count = "select count(*) from information_schema.processlist where info like 'SELECT `id`, `v` FROM%' and user = 'crm'";
    while reading.query_first::<u64, _>(count)? == Some(0) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // waits for the load, and everybody else who comes after it too
    let changed = std::thread::spawn(move || run(&mut root, "use crm; truncate table small"));
    let said = load.ended()?.done()?;
    assert_eq!(bank.counts("small")?[..2], [90_000, 90_000], "{}", said.err);
    assert!(!said.err.contains("read anew"), "{}", said.err);
    let ended = changed.join();
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    Ok(())
}

#[test]
fn a_table_that_others_keep_locked_is_told() -> Result<()> {
    let server = MariaDb::start()?;
    let mut root = server.connect_as_root()?;
    run(
        &mut root,
        "use crm; create table t (id int primary key); lock tables t write",
    )?;
    let bank = Bank::at(&server.url(), "  t: {key: id, columns: {id: integer}}\n")?;
    let load = bank.start()?;
    std::thread::sleep(std::time::Duration::from_secs(12));
    run(&mut root, "unlock tables")?;
    let said = load.ended()?.done()?;
    assert!(
        said.err.contains("another session keeps the table locked"),
        "{}",
        said.err
    );
    Ok(())
}
