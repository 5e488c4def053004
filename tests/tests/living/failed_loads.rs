//! Files that failed loads wrote and never committed are taken away; whatever a version names stays.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use planisphere_tests::lab::Lab;
use serde_json::Value;

/// The files of tables, half-written ones too, and those of them that a version of the log of their table names.
fn files(lab: &Lab) -> Result<(BTreeSet<PathBuf>, BTreeSet<PathBuf>)> {
    let (mut written, mut named) = (BTreeSet::new(), BTreeSet::new());
    for table in std::fs::read_dir(lab.path("warehouse"))? {
        let table = table?.path();
        let entries = std::fs::read_dir(&table).into_iter().flatten().flatten();
        let parts = entries.map(|entry| entry.path());
        written.extend(parts.filter(|path| path.to_string_lossy().contains("/part-")));
        let log = std::fs::read_dir(table.join("_delta_log"));
        for commit in log.into_iter().flatten().flatten() {
            let path = commit.path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            // the last commit may be on its way
            for line in std::fs::read_to_string(path)?.lines() {
                let action: Value = serde_json::from_str(line).unwrap_or_default();
                named.extend(action["add"]["path"].as_str().map(|path| table.join(path)));
            }
        }
    }
    Ok((written, named))
}

/// The files that nobody names.
fn orphans(lab: &Lab) -> Result<Vec<PathBuf>> {
    let (written, named) = files(lab)?;
    ensure!(named.is_subset(&written), "files are missing");
    Ok(written.difference(&named).cloned().collect())
}

const SUM: &str =
    "select count(*), sum(quantity), sum(customer_key), sum(product_key) from fact_sale";

#[test]
fn a_load_that_fails_takes_its_files_away_itself() -> Result<()> {
    let lab = Lab::shop()?;
    // the fact's file can be written, and its commit not
    lab.write("warehouse/fact_sale/_delta_log", "in the way")?;
    let said = lab.load()?;
    ensure!(said.code != 0, "{}", said.err);
    ensure!(said.err.contains("table fact_sale"), "{}", said.err);
    assert_eq!(orphans(&lab)?, Vec::<PathBuf>::new());
    let (written, _) = files(&lab)?;
    ensure!(!written.is_empty(), "what was committed stays");
    std::fs::remove_file(lab.path("warehouse/fact_sale/_delta_log"))?;
    lab.load()?.done()?;
    assert_eq!(orphans(&lab)?, Vec::<PathBuf>::new());
    Ok(())
}

#[test]
fn what_killed_loads_left_is_taken_away_by_the_next_one_and_readers_see_nothing_of_it() -> Result<()>
{
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let version_1 = ["sql", "--format", "csv", "--warehouse-version", "1", SUM];
    let latest = ["sql", "--format", "csv", SUM];
    let before = server.olap(&latest)?.done()?.out;
    let mut left = 0;
    for round in 0..12 {
        lab.change(&format!(
            "update orders set quantity = {} where id in ('o01', 'o02'); update customers set city = 'c{round}' where id = 'c1'",
            round + 20
        ))?;
        let (known, started) = (files(&lab)?.0.len(), Instant::now());
        let load = lab.start_load()?;
        // as soon as another file has come, and half of them some more
        while files(&lab)?.0.len() <= known + (round % 2) * 3 {
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "nothing is written"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
        load.kill()?;
        assert_eq!(lab.versions()?, ["1"], "round {round}");
        left = orphans(&lab)?.len();
        if left > 0 && round > 1 {
            break;
        }
    }
    ensure!(left > 0, "no killed load left a file that nobody names");
    assert_eq!(server.olap(&latest)?.done()?.out, before);
    lab.load()?.done()?;
    assert_eq!(orphans(&lab)?, Vec::<PathBuf>::new());
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(lab.olap(&version_1)?.done()?.out, before);
    let changed =
        lab.sql("select quantity from fact_sale where source_row_id in ('o01', 'o02')")?;
    ensure!(
        changed.iter().all(|row| row[0].as_str() >= "20"),
        "{changed:?}"
    );
    Ok(())
}
