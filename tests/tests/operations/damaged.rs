//! Published files that something else has cut, emptied, overwritten or removed: a load names them and publishes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::Lab;
use planisphere_tests::programs::PATIENCE;

use super::hoard::Hoard;

/// The only Parquet file of a table.
fn file_of(lab: &Lab, table: &str) -> Result<PathBuf> {
    let files = fs::read_dir(lab.path("warehouse").join(table))?;
    let mut files = files.flatten().map(|file| file.path());
    let file = files.find(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    file.with_context(|| format!("{table} has no Parquet file"))
}

fn damaged(table: &str, damage: fn(&Path) -> Result<()>, reason: &str) -> Result<()> {
    let lab = Lab::loaded()?;
    let file = file_of(&lab, table)?;
    let whole = fs::read(&file)?;
    damage(&file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let expected = [
        format!("the warehouse is damaged: of table {table}, file:///"),
        format!("{table}/{name} {reason}"),
        "hint: nothing was published; restore the file from a backup".to_owned(),
    ];
    lab.change("update orders set quantity = 9 where id = 'o01'")?;
    lab.load()?
        .refused(8, &expected.each_ref().map(String::as_str))?;
    assert_eq!(lab.versions()?, ["1"]);
    fs::write(&file, whole)?;
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    Ok(())
}

/// Fills a part of a file, from one hundredth of its length to another.
fn overwrite(path: &Path, from: usize, to: usize) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let (from, to) = (bytes.len() * from / 100, bytes.len() * to / 100);
    bytes[from..to].fill(0xff);
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_file_that_was_cut_is_named_with_its_table() -> Result<()> {
    let half = |path: &Path| {
        let bytes = fs::read(path)?;
        Ok(fs::write(path, &bytes[..bytes.len() / 2])?)
    };
    damaged("fact_sale", half, "has ")?;
    damaged(
        "dim_customer",
        |path| Ok(fs::write(path, "")?),
        "has 0 bytes instead of ",
    )
}

#[test]
fn a_file_that_was_overwritten_is_named_with_its_table() -> Result<()> {
    damaged(
        "dim_product",
        |path| overwrite(path, 1, 40),
        "cannot be read",
    )?;
    damaged(
        "map_customer",
        |path| overwrite(path, 60, 100),
        "cannot be read",
    )?;
    damaged(
        "audit_load",
        |path| overwrite(path, 0, 100),
        "cannot be read",
    )
}

#[test]
fn a_file_that_is_gone_is_named_with_its_table() -> Result<()> {
    damaged("fact_sale", |path| Ok(fs::remove_file(path)?), "is missing")
}

/// Tables are opened several at a time: one that fails must not cut off the others half-way.
#[test]
fn a_table_without_its_log_is_named_each_time_and_nothing_panics() -> Result<()> {
    let lab = Lab::loaded()?;
    fs::remove_dir_all(lab.path("warehouse/dim_customer/_delta_log"))?;
    for _ in 0..25 {
        let said = lab.olap(&["cubes"])?;
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said.refused(8, &["dim_customer", "it holds no log", "restore it"])?;
    }
    Ok(())
}

/// The first staged file of a table, once a load has written it.
fn staged(lab: &Lab, table: &str) -> Result<PathBuf> {
    let begun = Instant::now();
    loop {
        let loads = fs::read_dir(lab.path("warehouse/_planisphere/staging"));
        let files = loads.into_iter().flatten().flatten();
        let mut files = files.map(|load| load.path().join(table).join("00000.parquet"));
        if let Some(file) = files.find(|file| file.exists()) {
            return Ok(file);
        }
        ensure!(begun.elapsed() < PATIENCE, "{table} is not staged");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The model is not blamed for what happened to the file.
#[test]
fn a_staged_file_that_is_damaged_under_its_load_is_named() -> Result<()> {
    let hoard = Hoard::of(
        "create table heap (id integer primary key, day text);
         insert into heap values (1, '2025-02-01'), (2, '2025-02-02');",
        "  heap: {key: id, columns: {id: bigint, day: date}}
entities:
  heap: {from: heap h, columns: {id: h.id, day: h.day}}
",
        "",
    )?;
    let star = "planisphere: 1\nstar: heap\ngrain: One row is one thing.\nkind: transaction\nentity: heap\nkey: id\n\
                dimensions: {found: {dimension: date, column: day}}\nmeasures: {things: {type: integer, column: id}}\n";
    hoard.lab.write("model/stars/heap.yaml", star)?;
    let (load, gate) = hoard.lab.start_held_load()?;
    let file = staged(&hoard.lab, "hoard/heap")?;
    overwrite(&file, 10, 60)?;
    gate.give("page;day;seconds;note\nhome;03.02.2025;100;\n")?;
    let expected = [
        "error: the staging package of load ",
        "is damaged: _planisphere/staging/",
        "hoard/heap/00000.parquet is not what was written",
        "hint: nothing was published; look after the disk of the warehouse, then run the load again",
    ];
    load.ended()?.refused(8, &expected)?;
    hoard.lab.load()?.done()?;
    Ok(())
}
