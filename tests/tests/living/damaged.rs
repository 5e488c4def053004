//! Retained packages that something else has written to: they are named, and nothing of them is taken.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, rows};

use super::backfill::{PURCHASES, learn, shop};

/// The folders of the packages, the oldest first.
pub(crate) fn packages(lab: &Lab) -> Result<Vec<PathBuf>> {
    let staging = fs::read_dir(lab.path("warehouse/_planisphere/staging"))?;
    let mut packages = staging
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    packages.sort();
    Ok(packages)
}

/// Writes over a few bytes in the middle of the orders of a package.
fn damage(package: &Path) -> Result<()> {
    let path = package.join("crm/orders/00000.parquet");
    let mut bytes = fs::read(&path)?;
    bytes[20..60].fill(b'x');
    Ok(fs::write(path, bytes)?)
}

/// Makes a package one of a program that kept no checksums.
fn forget_checksums(package: &Path) -> Result<()> {
    let path = package.join("package.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    let tables = manifest["sources"]["crm"]["tables"].as_object_mut();
    for (name, table) in tables.into_iter().flatten() {
        let forgotten = table.as_object_mut().and_then(|it| it.remove("checksums"));
        ensure!(forgotten.is_some(), "{name}");
    }
    Ok(fs::write(path, manifest.to_string())?)
}

#[test]
fn a_package_that_something_else_has_written_to_is_named_and_left_out() -> Result<()> {
    for is_old in [false, true] {
        let (lab, _source) = shop()?;
        let packages = packages(&lab)?;
        damage(&packages[0])?;
        if is_old {
            packages.iter().try_for_each(|it| forget_checksums(it))?;
        }
        learn(&lab)?;
        let said = lab.load_as_of("2025-03-03")?.done()?;
        let load = packages[0].file_name().unwrap_or_default();
        let load = load.to_string_lossy();
        let told =
            format!("the staging package of load {load} is damaged: _planisphere/staging/{load}/");
        for told in [&told, "crm/orders/00000.parquet", "is left out"] {
            ensure!(said.err.contains(told), "'{told}' not in {}", said.err);
        }
        // the other package tells of what it has seen
        let expected = rows(&[
            &["o1", "1", "11", "x", "false"],
            &["o2", "2", "20", "y", "true"],
            &["o3", "3", "", "", "true"],
        ]);
        assert_eq!(lab.sql(PURCHASES)?, expected);
    }
    Ok(())
}

/// The same bytes would decode into other values: nobody could tell from the file alone.
#[test]
fn a_package_whose_files_can_be_read_but_say_other_things_is_left_out() -> Result<()> {
    let (lab, _source) = shop()?;
    let packages = packages(&lab)?;
    let file = "crm/orders/00000.parquet";
    fs::copy(packages[1].join(file), packages[0].join(file))?;
    learn(&lab)?;
    let said = lab.load_as_of("2025-03-03")?.done()?;
    ensure!(said.err.contains("is not what was written"), "{}", said.err);
    Ok(())
}

#[test]
fn a_rebuild_names_the_package_that_is_damaged() -> Result<()> {
    let (lab, _source) = shop()?;
    let packages = packages(&lab)?;
    damage(&packages[0])?;
    let settings = fs::read_to_string(lab.config())?;
    let anew = format!("{settings}\n[warehouse]\nurl = \"anew\"\n");
    lab.write("planisphere.toml", anew)?;
    let load = packages[0].file_name().unwrap_or_default();
    let load = load.to_string_lossy();
    let old = lab.path("warehouse").display().to_string();
    let expected = [
        &format!("the staging package of load {load} is damaged"),
        "crm/orders/00000.parquet is not what was written",
        "hint: nothing was published; restore the file from a backup",
    ];
    lab.etl(&["rebuild", "--from", &old])?
        .refused(8, &expected)?;
    // as the hint says
    fs::remove_dir_all(&packages[0])?;
    lab.etl(&["rebuild", "--from", &old])?.done()?;
    Ok(())
}
