//! Loads that are killed at random moments: readers keep the old version, the next load clears up and goes through.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, VISITS, rows};

use super::hoard::Hoard;

const TABLE: &str = "  heap: {key: id, columns: {id: bigint, v: bigint, note: text}}\n";
const ROUNDS: u64 = 10;

/// Rows of which each third is rejected.
const ROWS: &str = "create table heap (id integer primary key, v, note text);
    insert into heap with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
    select i, case when i % 3 = 0 then 'x' else i end, hex(randomblob(40)) from n;";

/// A number from 0 to 999 that looks random; the same for the same round.
fn dice(round: u64) -> u64 {
    // the multiplier of Knuth's MMIX
    let mixed = (round + 0x5eed).wrapping_mul(6_364_136_223_846_793_005);
    (mixed >> 33) % 1000
}

/// The folders of packages, and those of them that are sealed.
fn packages(lab: &Lab) -> Result<(usize, usize)> {
    let mut found = (0, 0);
    let staging = lab.path("warehouse/_planisphere/staging");
    if !staging.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(staging)? {
        let path = entry?.path();
        found.0 += 1;
        found.1 += usize::from(path.join("package.json").is_file());
    }
    Ok(found)
}

/// How many loads are on record.
fn on_record(lab: &Lab) -> Result<usize> {
    Ok(std::fs::read_dir(lab.path("warehouse/_planisphere/loads"))?.count())
}

#[test]
fn loads_killed_at_random_moments_of_staging_leave_nothing_behind() -> Result<()> {
    let hoard = Hoard::of(ROWS, TABLE, "reject_limit_permille = 400\nbatch_rows = 500")?;
    let lab = &hoard.lab;
    let before = Instant::now();
    hoard.start(&[])?.ended()?.done()?;
    let whole = before.elapsed();
    lab.write(VISITS, "page;day;seconds;note\nhome;03.02.2025;100;\n")?;
    let length = "select sum(length) from fact_visit where not deleted_at_source";
    let mut killed = 0;
    for round in 0..ROUNDS {
        let (before, started) = (on_record(lab)?, Instant::now());
        let load = hoard.start(&[])?;
        // a load that is killed before it has written its record is known to nobody
        while on_record(lab)? == before {
            ensure!(
                started.elapsed().as_secs() < 30,
                "the load is not on record"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        let moment = whole.mul_f64(0.4) * u32::try_from(dice(round))? / 1000;
        std::thread::sleep(moment);
        load.kill()?;
        match lab.versions()?.len() {
            1 => killed += 1,
            // it was faster this time
            2 => break,
            other => anyhow::bail!("{other} versions"),
        }
        ensure!(
            packages(lab)?.0 <= 3,
            "leftovers pile up: {:?}",
            packages(lab)?
        );
    }
    ensure!(killed >= 2, "only {killed} loads were killed");
    assert_eq!(lab.sql(length)?, rows(&[&["49"]]));
    hoard.start(&[])?.ended()?.done()?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(lab.sql(length)?, rows(&[&["100"]]));
    // those that were killed after they had sealed their package keep it for its time
    let (folders, sealed) = packages(lab)?;
    assert_eq!(folders, sealed);
    let rejected = "select count(*), count(distinct row_id) from audit.audit_reject where object = 'heap' \
                    and audit_key = (select max(audit_key) from audit.audit_load)";
    assert_eq!(lab.sql(rejected)?, rows(&[&["20000", "20000"]]));
    let outcomes =
        lab.sql("select outcome, count(*) from audit.audit_load group by 1 order by 1")?;
    let died = outcomes
        .iter()
        .find(|row| row[0] == "died")
        .context("died")?;
    assert_eq!(died[1], killed.to_string());
    Ok(())
}

#[test]
fn a_failed_load_s_leftovers_are_gone_before_the_next_one_reads() -> Result<()> {
    let hoard = Hoard::of(ROWS, TABLE, "reject_limit_permille = 100")?;
    hoard
        .start(&[])?
        .ended()?
        .refused(2, &["'heap' was not read to its end"])?;
    assert_eq!(packages(&hoard.lab)?.1, 0);
    hoard
        .lab
        .replace("planisphere.toml", "permille = 100", "permille = 400")?;
    hoard.start(&[])?.ended()?.done()?;
    assert_eq!(packages(&hoard.lab)?, (1, 1));
    Ok(())
}
