//! Rows of a mebibyte are staged in bounded memory, and so are tables of a thousand columns.

use anyhow::Result;

use super::hoard::{Hoard, package};

/// What the process itself and its engine take, in KiB.
const BASE: u64 = 100_000;

#[test]
fn long_texts_are_staged_in_bounded_memory() -> Result<()> {
    // 120 MB in all, of texts that do not compress away
    let sql = "create table long (id integer primary key, v text);
        insert into long with recursive n(i) as (select 1 union all select i + 1 from n where i < 120)
        select i, hex(randomblob(500000)) from n;";
    let tables = "  long: {key: id, columns: {id: integer, v: text}}\n";
    let hoard = Hoard::of(sql, tables, "row_group_bytes = 4194304")?;
    let (said, peak) = hoard.load_and_weigh()?;
    said.done()?;
    let counts = &package(&hoard.lab)?["sources"]["hoard"]["tables"]["long"];
    assert_eq!(counts["staged"].as_u64(), Some(120));
    assert!(peak < BASE + 90_000, "{peak} KiB");
    Ok(())
}

#[test]
fn a_thousand_columns_are_staged() -> Result<()> {
    let names = |suffix: &str| {
        let names = (0..1_000).map(|at| format!("c{at}{suffix}"));
        names.collect::<Vec<_>>().join(", ")
    };
    let values = |text: &str| vec![text; 1_000].join(", ");
    // 12,000 rows of 8 kB: 96 MB as Arrow holds them, and each column has buffers of its own
    let sql = format!(
        "create table broad ({});
         insert into broad with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)
         select {} from n;",
        names(" integer"),
        values("i")
    );
    let tables = format!("  broad: {{key: c0, columns: {{{}}}}}\n", names(": bigint"));
    let hoard = Hoard::of(&sql, &tables, "row_group_bytes = 4194304")?;
    let (said, peak) = hoard.load_and_weigh()?;
    said.done()?;
    let counts = &package(&hoard.lab)?["sources"]["hoard"]["tables"]["broad"];
    assert_eq!(counts["staged"].as_u64(), Some(12_000));
    assert!(peak < BASE + 90_000, "{peak} KiB");
    Ok(())
}
