//! Tables of every shape that SQLite has.

use anyhow::Result;
use arrow::util::display::array_value_to_string;
use rusqlite::Connection;

use super::bank::Bank;

#[test]
fn tables_of_every_shape_are_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shapes.db");
    let connection = Connection::open(&path)?;
    connection.execute_batch(
        "create table plain (id integer primary key, v text, twice integer generated always as (id * 2) virtual,
           thrice integer generated always as (id * 3) stored);
         create table without_rowid (id text primary key, v blob) without rowid;
         create table strict_one (id integer primary key, v integer, w any) strict;
         create table \"odd \"\"name\" (id integer primary key, \"a b\" text);
         create view seen as select id, upper(v) as v from plain;
         insert into plain (id, v) values (1, 'a'), (2, 'b');
         insert into without_rowid values ('k', 'v');
         insert into strict_one values (1, 2, 'any');
         insert into \"odd \"\"name\" values (1, 'c')",
    )?;
    let bank = Bank::at(
        &format!("sqlite:{}", path.display()),
        "  plain: {key: id, columns: {id: integer, v: text, twice: integer, thrice: integer}}\n  \
         without_rowid: {key: id, columns: {id: text, v: text}}\n  \
         strict_one: {key: id, columns: {id: integer, v: integer, w: text}}\n  \
         odd_name: {table: 'odd \"name', key: id, columns: {id: integer, ab: {type: text, column: 'a b'}}}\n  \
         seen: {key: id, columns: {id: integer, v: text}}\n",
    )?;
    bank.load()?.done()?;
    let rows = |table: &str| -> Result<Vec<String>> {
        let staged = bank.staged(table)?;
        let cell = |row: usize, at: usize| array_value_to_string(staged.column(at), row);
        let row = |row| {
            Ok((0..staged.num_columns())
                .map(|at| cell(row, at))
                .collect::<Result<Vec<_>, _>>()?
                .join("|"))
        };
        (0..staged.num_rows()).map(row).collect()
    };
    assert_eq!(rows("plain")?, ["1|a|2|3", "2|b|4|6"]);
    assert_eq!(rows("without_rowid")?, ["k|v"]);
    assert_eq!(rows("strict_one")?, ["1|2|any"]);
    assert_eq!(rows("odd_name")?, ["1|c"]);
    assert_eq!(rows("seen")?, ["1|A", "2|B"]);
    Ok(())
}

#[test]
fn native_columns_are_refused_with_what_helps() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("native.db");
    Connection::open(&path)?.execute_batch("create table t (id integer primary key, v text)")?;
    let url = format!("sqlite:{}", path.display());
    let bank = Bank::at(&url, "  t: {key: id, columns: {id: integer, v: native}}\n")?;
    let told = [
        "column 'v' of 't' cannot be 'native': source 'bank' has no types of its own",
        "hint: declare the type",
    ];
    bank.load()?.refused(2, &told)?;
    Ok(())
}
