//! Whatever can be selected from is read whole: partitions, heirs, views, odd names.

use anyhow::Result;
use arrow::array::AsArray as _;

use super::bank::Bank;
use super::cluster::Cluster;

const SHAPES: &str = r#"
    create table parted (id text, day date) partition by range (day);
    create table parted_old partition of parted for values from (minvalue) to ('2024-01-01');
    create table parted_new partition of parted for values from ('2024-01-01') to (maxvalue) partition by hash (id);
    create table parted_new0 partition of parted_new for values with (modulus 2, remainder 0);
    create table "parted New 1" partition of parted_new for values with (modulus 2, remainder 1);
    insert into parted select i::text, date '2023-12-01' + i from generate_series(1, 100) i;
    create table unparted (id text) partition by list (id);
    create table parent (id text);
    create table child (more integer) inherits (parent);
    create table "Grand Child" (id text) inherits (child, parent);
    insert into parent select 'p' || i from generate_series(1, 10) i;
    insert into child select 'c' || i, i from generate_series(1, 20) i;
    insert into "Grand Child" values ('g', 1);
    create view seen as select id from parent union all select 'v';
    create materialized view kept as select id from seen;
    create table nothing_yet (id text);
    create table changed (gone1 integer, id text, gone2 text[], v integer);
    insert into changed values (1, 'a', '{x}', 7);
    alter table changed drop column gone1, drop column gone2, add column late text default 'new';
    insert into changed values ('b', null, 'x');
    create schema shop;
    create schema "Sales Dept";
    create table shop.orders (id text);
    create table orders (id text);
    insert into shop.orders values ('in shop');
    insert into orders values ('in public'), ('too');
    create table "Sales Dept"."Order ""Lines""" ("The Id" text, "select" integer);
    insert into "Sales Dept"."Order ""Lines""" values ('1', 2);
    create unlogged table fast (id text);
    insert into fast values ('f');
"#;

const MODEL: &str = r#"
  parted: {key: id, columns: {id: text, day: date}}
  unparted: {key: id, columns: {id: text}}
  parent: {key: id, columns: {id: text}}
  seen: {key: id, columns: {id: text}}
  kept: {key: id, columns: {id: text}}
  nothing_yet: {key: id, columns: {id: text}}
  changed: {key: id, columns: {id: text, late: text, v: integer}}
  orders: {key: id, table: shop.orders, columns: {id: text}}
  own_orders: {key: id, table: orders, columns: {id: text}}
  lines: {key: id, table: 'Sales Dept.Order "Lines"', columns: {id: {type: text, column: The Id}, v: {type: integer, column: select}}}
  fast: {key: id, columns: {id: text}}
"#;

/// Names in the model, and in the server with the key.
const TABLES: [(&str, &str); 11] = [
    ("parted", "id from parted"),
    ("unparted", "id from unparted"),
    ("parent", "id from parent"),
    ("seen", "id from seen"),
    ("kept", "id from kept"),
    ("nothing_yet", "id from nothing_yet"),
    ("changed", "id || late || coalesce(v, 0) from changed"),
    ("orders", "id from shop.orders"),
    ("own_orders", "id from orders"),
    (
        "lines",
        r#""The Id" || "select" from "Sales Dept"."Order ""Lines""""#,
    ),
    ("fast", "id from fast"),
];

#[test]
fn every_relation_is_read_whole() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(SHAPES)?;
    let bank = Bank::at(&cluster.url(), MODEL.trim_start_matches('\n'))?;
    bank.load()?.done()?;
    for (table, select) in TABLES {
        let printed = session.rows(&format!("select {select} order by 1"))?;
        let expected: Vec<String> = printed.into_iter().flatten().flatten().collect();
        assert_eq!(staged(&bank, table)?, expected, "{table}");
        let rows = expected.len() as u64;
        assert_eq!(bank.counts(table)?, [rows, rows, 0, 0, 0], "{table}");
    }
    // three partitions are three parts
    assert_eq!(bank.files("parted")?.len(), 3);
    // and so are a table and its heirs
    assert_eq!(bank.files("parent")?.len(), 3);
    Ok(())
}

/// The cells of each row, run together.
fn staged(bank: &Bank, table: &str) -> Result<Vec<String>> {
    let batch = bank.staged(table)?;
    let columns: &[&str] = match table {
        "changed" => &["id", "late", "v"],
        "lines" => &["id", "v"],
        _ => &["id"],
    };
    let mut rows = vec![String::new(); batch.num_rows()];
    for column in columns {
        let Some(array) = batch.column_by_name(column) else {
            anyhow::bail!("no column {column}");
        };
        let texts = arrow::compute::cast(array, &arrow::datatypes::DataType::Utf8)?;
        for (row, text) in rows.iter_mut().zip(texts.as_string::<i32>()) {
            row.push_str(text.unwrap_or("0"));
        }
    }
    rows.sort();
    Ok(rows)
}
