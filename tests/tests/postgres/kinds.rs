//! Relations of every kind and name: foreign tables, dots, reserved words, 63 bytes, columns without end, huge values,
//! and partitions that only their parent lets one see.

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int32Type;

use super::bank::Bank;
use super::cluster::Cluster;
use super::literal::text;

/// The texts of a staged column, sorted.
fn cells(bank: &Bank, table: &str, column: &str) -> Result<Vec<String>> {
    let staged = bank.staged(table)?;
    let array = staged.column_by_name(column).context("a column")?;
    let texts = (0..array.len()).map(|row| Ok(text(array.as_ref(), row)?.unwrap_or_default()));
    let mut texts = texts.collect::<Result<Vec<_>>>()?;
    texts.sort();
    Ok(texts)
}

#[test]
fn foreign_tables_are_read_through_the_server() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let file = cluster.write("prices.csv", "1,9.50\n2,\n3,0.05\n")?;
    session.run(&format!(
        "create extension file_fdw; create server files foreign data wrapper file_fdw;
         create foreign table prices (id integer, price numeric(9, 2)) server files
           options (filename '{}', format 'csv');
         create schema far; create table far.orders as select i as id, i * 2 as v from generate_series(1, 5000) i;
         create extension postgres_fdw;
         create server itself foreign data wrapper postgres_fdw options (host '127.0.0.1', port '{}', dbname 'postgres');
         create user mapping for crm server itself options (user 'crm', password '{}');
         create foreign table orders (id integer, v integer) server itself options (schema_name 'far');
         create table all_orders (id integer, v integer) partition by range (id);
         create foreign table old_orders partition of all_orders for values from (1) to (5001) server itself
           options (schema_name 'far', table_name 'orders');
         create table new_orders partition of all_orders for values from (5001) to (9999);
         insert into new_orders values (5001, 1);",
        file.display(),
        cluster.port(),
        cluster.password()
    ))?;
    let model = "  prices: {key: id, columns: {id: integer, price: money}}
  orders: {key: id, columns: {id: integer, v: integer}}
  all_orders: {key: id, columns: {id: integer, v: integer}}
";
    let bank = Bank::at(&cluster.url(), model)?;
    bank.load()?.done()?;
    assert_eq!(cells(&bank, "prices", "price")?, ["", "0.0500", "9.5000"]);
    for (table, from) in [("orders", "orders"), ("all_orders", "all_orders")] {
        let expected = session.value(&format!("select count(*) || ' ' || sum(v) from {from}"))?;
        let staged = bank.staged(table)?;
        let values = staged.column(1).as_primitive::<Int32Type>().values();
        let sum: i32 = values.iter().sum();
        assert_eq!(format!("{} {sum}", values.len()), expected, "{table}");
    }
    Ok(())
}

#[test]
fn any_name_can_be_written() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let long = "n".repeat(63);
    session.run(&format!(
        r#"create table "orders.2024" ("a.b" text, "Größe" text, "select" text, "q""q" text, "{long}" text, " " text);
           insert into "orders.2024" values ('dotted', '1', '2', '3', '4', '5');
           create schema "x.y"; create table "x.y"."z.w" (id text); insert into "x.y"."z.w" values ('both');
           create schema x; create table x."y.z.w" (id text); insert into x."y.z.w" values ('first dot');
           create table "{long}" (id text); insert into "{long}" values ('long');
           create table "таблица_漢字🙂" (id text); insert into "таблица_漢字🙂" values ('unicode');
           create table "table" (id text, "user" text, both_of text generated always as (id || "user") stored);
           insert into "table" values ('a', 'b');
           create table "UPPER" (id text); insert into "UPPER" values ('upper');
           create table upper (id text); insert into upper values ('lower')"#
    ))?;
    let model = format!(
        r#"  dotted: {{key: id, table: orders.2024, columns: {{id: {{type: text, column: a.b}}, size: {{type: text, column: Größe}}, word: {{type: text, column: select}}, quote: {{type: text, column: 'q"q'}}, long: {{type: text, column: {long}}}, blank: {{type: text, column: ' '}}}}}}
  both: {{key: id, table: x.y.z.w, columns: {{id: text}}}}
  long: {{key: id, table: {long}, columns: {{id: text}}}}
  unicode: {{key: id, table: таблица_漢字🙂, columns: {{id: text}}}}
  reserved: {{key: id, table: table, columns: {{id: text, user: text, both_of: text}}}}
  big: {{key: id, table: UPPER, columns: {{id: text}}}}
  small: {{key: id, table: upper, columns: {{id: text}}}}
"#
    );
    let bank = Bank::at(&cluster.url(), &model)?;
    bank.load()?.done()?;
    for (table, column, expected) in [
        ("dotted", "id", "dotted"),
        ("dotted", "size", "1"),
        ("dotted", "word", "2"),
        ("dotted", "quote", "3"),
        ("dotted", "long", "4"),
        ("dotted", "blank", "5"),
        // of two that are meant, the one whose schema is shorter
        ("both", "id", "first dot"),
        ("long", "id", "long"),
        ("unicode", "id", "unicode"),
        ("reserved", "both_of", "ab"),
        ("big", "id", "upper"),
        ("small", "id", "lower"),
    ] {
        assert_eq!(cells(&bank, table, column)?, [expected], "{table}.{column}");
    }
    session.run(r#"drop table x."y.z.w"; create temporary table brief (id text)"#)?;
    std::fs::remove_dir_all(bank.lab.path("warehouse"))?;
    bank.load()?.done()?;
    assert_eq!(cells(&bank, "both", "id")?, ["both"]);
    // another session's temporary table is not there
    let bank = Bank::at(&cluster.url(), "  brief: {key: id, columns: {id: text}}\n")?;
    bank.load()?
        .refused(3, &["source 'bank' has no table 'brief'"])?;
    Ok(())
}

#[test]
fn as_many_columns_as_a_table_can_have() -> Result<()> {
    const MOST: usize = 1_600;
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let columns: Vec<String> = (1..MOST).map(|at| format!("c{at} integer")).collect();
    let values: Vec<String> = (1..MOST).map(|at| at.to_string()).collect();
    session.run(&format!(
        "create table wide (id integer, {}); insert into wide values (0, {}); insert into wide (id, c1599) values (1, 7)",
        columns.join(", "),
        values.join(", ")
    ))?;
    let columns: Vec<String> = (1..MOST).map(|at| format!("c{at}: integer")).collect();
    let model = format!(
        "  wide: {{key: id, columns: {{id: integer, {}}}}}\n",
        columns.join(", ")
    );
    let bank = Bank::at(&cluster.url(), &model)?;
    bank.load()?.done()?;
    let staged = bank.staged("wide")?;
    for at in 0..MOST {
        let column = staged.column(at).as_primitive::<Int32Type>();
        let second = match at {
            0 => Some(1),
            1_599 => Some(7),
            _ => None,
        };
        let found: Vec<Option<i32>> = column.iter().collect();
        assert_eq!(found, [Some(i32::try_from(at)?), second], "column {at}");
    }
    Ok(())
}

#[test]
fn values_of_fifty_megabytes_come_whole() -> Result<()> {
    const PIECES: usize = 1_640_000;
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(&format!(
        "create table huge (id integer, t text, b bytea);
         insert into huge select i, repeat(md5(i::text), {PIECES}), convert_to(repeat(md5((-i)::text), {PIECES}), 'UTF8') from generate_series(1, 1) i;
         insert into huge values (3, 'small', '\\x00')"
    ))?;
    let bank = Bank::at(
        &cluster.url(),
        "  huge: {key: id, columns: {id: integer, t: text, b: native}}\n",
    )?;
    bank.load()?.done()?;
    let staged = bank.staged("huge")?;
    let (texts, bytes) = (
        staged.column(1).as_string::<i32>(),
        staged.column(2).as_binary::<i32>(),
    );
    assert_eq!((texts.value(1), bytes.value(1)), ("small", &[0][..]));
    let piece = session.value("select md5('1') || md5('-1')")?;
    assert!(texts.value(0) == piece[..32].repeat(PIECES), "the text");
    let binary = piece[32..].repeat(PIECES);
    assert!(bytes.value(0) == binary.as_bytes(), "the bytes");
    Ok(())
}

#[test]
fn who_may_read_a_table_need_not_own_its_partitions_or_all_its_columns() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(
        "create role reader login password 'battery-staple';
         create table parted (id integer) partition by list (id);
         create schema inner_part; create table inner_part.one partition of parted for values in (1) partition by list (id);
         create table inner_part.one_one partition of inner_part.one for values in (1);
         create table rest partition of parted default; create table none partition of parted for values in (99);
         insert into parted values (1), (2), (3);
         create table parent (id integer); create table child () inherits (parent);
         insert into parent values (1); insert into child values (2);
         create table secretive (id integer, name text, salary integer); insert into secretive values (1, 'a', 9);
         grant select on parted, parent to reader; grant select (id, name) on secretive to reader",
    )?;
    let model = "  parted: {key: id, columns: {id: integer}}
  parent: {key: id, columns: {id: integer}}
  secretive: {key: id, columns: {id: integer, name: text}}
";
    let url = cluster.url_of("reader:battery-staple", "postgres");
    let bank = Bank::at(&url, model)?;
    bank.load()?.done()?;
    assert_eq!(cells(&bank, "parted", "id")?, ["1", "2", "3"]);
    assert_eq!(cells(&bank, "parent", "id")?, ["1", "2"]);
    assert_eq!(cells(&bank, "secretive", "name")?, ["a"]);
    let all = "  secretive: {key: id, columns: {id: integer, salary: integer}}\n";
    Bank::at(&url, all)?
        .load()?
        .refused(2, &["'reader' may not read 'secretive' of source 'bank'"])?;
    Ok(())
}
