//! Packed files, and several files as one table.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::python::oracle;
use super::site::{Site, expected, values};

const COLUMNS: [(&str, &str); 2] = [("id", "integer"), ("name", "text")];

#[test]
fn the_files_of_a_pattern_are_one_table_each_in_its_own_way() -> Result<()> {
    let site = Site::new("2026/**/orders-*.csv*", "{delimiter: ','}", &COLUMNS)?;
    site.write("2026/01/orders-a.csv", "id,name\n1,a\n2,b\n")?;
    site.write("2026/01/orders-b.csv", "x,name,id\n,c,3\n")?;
    site.write("2026/02/orders-c.csv", "id,name\n")?;
    oracle(&[
        "gzip",
        &site.path("2026/02/orders-d.csv.gz")?,
        "name,id\nd,4\n",
    ])?;
    // a second member of the same file
    oracle(&["gzip", &site.path("2026/02/orders-d.csv.gz")?, "e,5\n"])?;
    oracle(&[
        "zstd",
        &site.path("2026/02/orders-e.csv.zst")?,
        "id,name\n6,f\n",
    ])?;
    site.write("2026/03/orders-f.csv", "id,name\n1,a\n2,b\n")?;
    site.write("2026/03/returns-a.csv", "no,table\n")?;
    site.write("2025/01/orders-a.csv", "no,table\n")?;
    let rows = site.load()?;
    let found = expected(&[
        &["1", "a"],
        &["2", "b"],
        &["3", "c"],
        &["4", "d"],
        &["5", "e"],
        &["6", "f"],
        &["1", "a"],
        &["2", "b"],
    ]);
    assert_eq!(values(&rows), found);
    // rows of files with the same bytes are different rows
    let identities: BTreeSet<_> = rows.iter().map(|row| (&row[0], &row[1])).collect();
    assert_eq!(identities.len(), 8);
    let first = rows[0][0].as_deref().context("no hash")?;
    let last = rows[7][0].as_deref().context("no hash")?;
    let same = |hash: &str| hash.split('-').next().map(str::to_owned);
    assert_eq!(same(first), same(last));

    // a load again finds the same rows, in whichever order the two equal files are read
    let identities = |rows: &[super::site::Row]| -> BTreeSet<super::site::Row> {
        rows.iter().cloned().collect()
    };
    let again = site.load()?;
    assert_eq!(identities(&again), identities(&rows));
    Ok(())
}

#[test]
fn a_folder_is_its_files_and_none_at_all_are_refused() -> Result<()> {
    let site = Site::new("in", "json_lines", &COLUMNS)?;
    site.write("in/b.jsonl", "{\"id\": 2}\n")?;
    site.write("in/a.jsonl", "{\"id\": 1, \"name\": \"x\"}\n")?;
    site.write("in/_SUCCESS", "")?;
    site.write("in/.a.jsonl.crc", "x")?;
    site.write("in/below/c.jsonl", "{\"id\": 3}\n")?;
    assert_eq!(values(&site.load()?), expected(&[&["1", "x"], &["2", ""]]));
    std::fs::remove_file(site.path("in/a.jsonl")?)?;
    std::fs::remove_file(site.path("in/b.jsonl")?)?;
    site.said()?
        .refused(3, &["source 'site' has no file 'in'"])?;

    let site = Site::new("orders-*.csv", "{delimiter: ','}", &COLUMNS)?;
    site.said()?
        .refused(3, &["source 'site' has no file 'orders-*.csv'"])?;
    let site = Site::new("../secret.csv", "{delimiter: ','}", &COLUMNS)?;
    site.said()?
        .refused(2, &["it lies outside of the source's folder"])?;
    let site = Site::new("orders-[.csv", "{delimiter: ','}", &COLUMNS)?;
    site.said()?.refused(2, &["its pattern is wrong"])?;
    Ok(())
}

#[test]
fn a_packed_file_that_is_cut_short_publishes_nothing() -> Result<()> {
    let text: String = (0..20_000)
        .map(|id| format!("{id},name {}\n", id * 7919 % 10_007))
        .collect();
    for (what, name) in [("gzip", "o.csv.gz"), ("zstd", "o.csv.zst")] {
        let site = Site::new(name, "{delimiter: ','}", &COLUMNS)?;
        let path = site.path(name)?;
        oracle(&[what, &path, &format!("id,name\n{}", &text[..100_000])])?;
        let whole = std::fs::read(&path)?;
        std::fs::write(&path, &whole[..whole.len() - 9])?;
        let said = site.said()?;
        let said = said.refused(
            2,
            &[name, "data end too early", "hint: nothing was published"],
        )?;
        assert!(!said.err.contains("published version"), "{}", said.err);
        assert_eq!(site.0.versions()?, Vec::<String>::new());
        std::fs::write(&path, &whole)?;
        assert!(site.load()?.len() > 5_000);
    }
    Ok(())
}
