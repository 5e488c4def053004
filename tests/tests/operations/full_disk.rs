//! A disk that is full: the load says so, publishes nothing, and goes through once there is room.
//!
//! A small file system in memory is mounted for it, which only the administrator may; without that right the tests
//! say so and check nothing.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, TODAY};
use planisphere_tests::programs;

const QUANTITY: &str = "select quantity from fact_sale where source_row_id = 'o01'";

/// A file system of its own for the warehouse, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if this process may not mount one.
    fn of(lab: &Lab, size: &str) -> Result<Option<Self>> {
        let path = lab.path("warehouse");
        fs::create_dir_all(&path)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        let mounted = mount.arg(&path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Ok(Some(Self(path)));
        }
        let _ = writeln!(
            std::io::stderr(),
            "skipped: only the administrator may mount a small disk"
        );
        Ok(None)
    }

    /// Leaves so many bytes free.
    fn fill(&self, free: u64) -> Result<()> {
        let ballast = self.0.join("ballast");
        let mut bytes: u64 = 64 << 20;
        // the last write that does not fit has filled the disk
        let _ = fs::write(&ballast, vec![0; usize::try_from(bytes)?]);
        bytes = fs::metadata(&ballast)?.len().saturating_sub(free);
        fs::File::options()
            .write(true)
            .open(&ballast)?
            .set_len(bytes)?;
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.0.join("ballast"))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_warehouse_that_cannot_be_written_is_a_matter_of_rights() -> Result<()> {
    let Some((lab, disk)) = changed_shop("4m")? else {
        return Ok(());
    };
    let again = |how: &str| {
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-o", how]).arg(&disk.0).status();
        assert!(mounted.is_ok_and(|status| status.success()), "{how}");
    };
    again("remount,ro");
    let folder = disk.0.display().to_string();
    let expected = [
        folder.as_str(),
        "Read-only file system",
        "hint: check that the warehouse folder exists, is writable and on no read-only disk",
    ];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(lab.versions()?, ["1"]);
    again("remount,rw");
    lab.load()?.done()?;
    assert_eq!(lab.sql(QUANTITY)?, [["9"]]);
    Ok(())
}

/// A loaded shop whose warehouse stands on a disk of its own, after a change of its source.
fn changed_shop(size: &str) -> Result<Option<(Lab, SmallDisk)>> {
    let lab = Lab::shop()?;
    let Some(disk) = SmallDisk::of(&lab, size)? else {
        return Ok(None);
    };
    lab.load()?.done()?;
    lab.change("update orders set quantity = 9 where id = 'o01'")?;
    Ok(Some((lab, disk)))
}

/// Loads with ever more room until a load succeeds; returns what the loads before it said.
fn until_there_is_room(lab: &Lab, disk: &SmallDisk) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for blocks in 0.. {
        disk.fill(blocks * 4096)?;
        let load = lab.load()?;
        if load.code == 0 {
            break;
        }
        let expected = [
            "No space left on device",
            "hint: the disk of the warehouse is full",
        ];
        said.push(load.refused(6, &expected)?.err);
        disk.empty()?;
        assert_eq!(lab.versions()?, ["1"]);
    }
    Ok(said)
}

#[test]
fn a_load_on_a_full_disk_says_so_at_every_step_and_publishes_nothing() -> Result<()> {
    let Some((lab, disk)) = changed_shop("4m")? else {
        return Ok(());
    };
    let said = until_there_is_room(&lab, &disk)?;
    for step in [
        "cannot write staged table",
        "of table fact_sale could not be written",
        "delta failed while",
    ] {
        assert!(
            said.iter().any(|said| said.contains(step)),
            "'{step}' is missing in {said:#?}"
        );
    }
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(lab.sql(QUANTITY)?, [["9"]]);
    Ok(())
}

#[test]
fn a_disk_that_fills_at_random_moments_leaves_each_day_whole_or_untouched() -> Result<()> {
    const ROUNDS: u64 = 8;
    let Some((lab, disk)) = changed_shop("4m")? else {
        return Ok(());
    };
    let seed = std::process::id();
    let (mut kept, mut versions, mut full) = (lab.sql(QUANTITY)?, lab.versions()?, 0);
    for round in 1..=ROUNDS {
        let fresh = (10 + round).to_string();
        lab.change(&format!(
            "update orders set quantity = {fresh} where id = 'o01'"
        ))?;
        let load = lab.start_load()?;
        let moment = u64::from(seed).wrapping_mul(round * 7_919) % 500;
        std::thread::sleep(Duration::from_millis(moment));
        disk.fill(4096 * (moment % 8))?;
        let said = load.ended()?;
        disk.empty()?;
        match said.code {
            0 => kept = vec![vec![fresh]],
            6 => {
                full += 1;
                assert_eq!(lab.versions()?, versions, "after {moment} ms");
            }
            code => anyhow::bail!("after {moment} ms: {code}: {}", said.err),
        }
        versions = lab.versions()?;
        assert_eq!(lab.sql(QUANTITY)?, kept, "after {moment} ms");
    }
    assert!(full > 0, "no load of {ROUNDS} met a full disk; seed {seed}");
    lab.load()?.done()?;
    let last = (10 + ROUNDS).to_string();
    assert_eq!(lab.sql(QUANTITY)?, [[last]]);
    Ok(())
}

#[test]
fn a_limit_on_the_size_of_files_ends_a_load_with_words() -> Result<()> {
    let lab = Lab::shop()?;
    lab.load()?.done()?;
    lab.change("update orders set quantity = 9 where id = 'o01'")?;
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 1; exec \"$@\"", "sh"]);
    limited.arg(programs::etl()?.get_program());
    limited.args(["load", "--as-of", TODAY, "--config"]);
    let expected = ["File too large", "a limit on the size of files is reached"];
    Said::of(limited.arg(lab.config()))?.refused(6, &expected)?;
    assert_eq!(lab.versions()?, ["1"]);
    lab.load()?.done()?;
    assert_eq!(lab.sql(QUANTITY)?, [["9"]]);
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_made_is_told_at_once() -> Result<()> {
    let lab = Lab::shop()?;
    lab.write("warehouse/_planisphere/staging", "a file")?;
    let expected = [
        "cannot write staged table",
        "Not a directory",
        "the rights of the warehouse's folder",
    ];
    let said = lab.load()?.refused(2, &expected)?;
    assert!(!said.err.contains("is read again"), "{}", said.err);
    Ok(())
}
