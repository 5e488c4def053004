//! What is taken away of the staging folder: packages whose time is over, and what loads left that never came to the
//! end of their reading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use planisphere_schemas::warehouse::{LoadId, Warehouse, staging_path};

use crate::error::Result;

/// The folder of all packages.
const STAGING: &str = "_planisphere/staging";

/// Deletes packages of loads that began more than `days` before `now`; returns how many.
pub(crate) async fn purge(warehouse: &Warehouse, now: DateTime<Utc>, days: u32) -> Result<usize> {
    let oldest = now - TimeDelta::days(i64::from(days));
    let old = |load: &LoadId| began_at(*load).is_some_and(|began| began < oldest);
    let mut packages = staged(warehouse).await?;
    packages.retain(|load, _| old(load));
    for (load, paths) in &packages {
        delete(warehouse, *load, paths).await?;
    }
    Ok(packages.len())
}

/// Deletes what loads that are over have staged without sealing it; returns how many loads they were.
pub(crate) async fn clear(warehouse: &Warehouse, over: &BTreeSet<LoadId>) -> Result<usize> {
    let mut packages = staged(warehouse).await?;
    let sealed = |paths: &Vec<String>| paths.iter().any(|path| path.ends_with("/package.json"));
    packages.retain(|load, paths| over.contains(load) && !sealed(paths));
    for (load, paths) in &packages {
        delete(warehouse, *load, paths).await?;
    }
    Ok(packages.len())
}

/// The packages that are sealed.
pub(crate) async fn retained(warehouse: &Warehouse) -> Result<BTreeSet<LoadId>> {
    let sealed = |path: &String| path.ends_with("/package.json");
    let packages = staged(warehouse).await?.into_iter();
    let sealed = packages.filter(|(_, paths)| paths.iter().any(sealed));
    Ok(sealed.map(|(load, _)| load).collect())
}

/// The packages that are not sealed.
pub(crate) async fn unsealed(warehouse: &Warehouse) -> Result<Vec<LoadId>> {
    let sealed = |path: &String| path.ends_with("/package.json");
    let packages = staged(warehouse).await?.into_iter();
    let open = packages.filter(|(_, paths)| !paths.iter().any(sealed));
    Ok(open.map(|(load, _)| load).collect())
}

/// Deletes whatever was staged of a package, half-written files too.
pub(crate) async fn discard(warehouse: &Warehouse, load: LoadId) -> Result<()> {
    let paths = warehouse.list(&staging_path(load)).await?;
    delete(warehouse, load, &paths).await
}

/// What lies in the staging folder, by load.
async fn staged(warehouse: &Warehouse) -> Result<BTreeMap<LoadId, Vec<String>>> {
    let mut packages: BTreeMap<LoadId, Vec<String>> = BTreeMap::new();
    for path in warehouse.list(STAGING).await? {
        if let Some(load) = load_of(&path) {
            packages.entry(load).or_default().push(path);
        }
    }
    // an interrupted upload into a folder is not listed
    for load in folders(warehouse) {
        packages.entry(load).or_default();
    }
    Ok(packages)
}

/// The warehouse's folder, where it is one.
fn folder(warehouse: &Warehouse) -> Option<PathBuf> {
    let url = warehouse.url();
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

/// The loads that have a folder, where the warehouse is one.
fn folders(warehouse: &Warehouse) -> Vec<LoadId> {
    let folder = folder(warehouse).map(|folder| folder.join(STAGING));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

/// Deletes the package of a load, with its folder where it has one.
async fn delete(warehouse: &Warehouse, load: LoadId, paths: &[String]) -> Result<()> {
    // the seal first: what is left of a package is none
    let (seal, others): (Vec<_>, Vec<_>) = paths
        .iter()
        .partition(|path| path.ends_with("/package.json"));
    for path in seal.into_iter().chain(others) {
        warehouse.delete(path).await?;
    }
    if let Some(folder) = folder(warehouse) {
        // nothing is left in it but what nobody lists
        let _ = std::fs::remove_dir_all(folder.join(staging_path(load)));
    }
    Ok(())
}

fn load_of(path: &str) -> Option<LoadId> {
    path.strip_prefix(STAGING)?
        .strip_prefix('/')?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// The instant in a load id (UUID version 7).
fn began_at(load: LoadId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = load.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    async fn put(warehouse: &Warehouse, path: &str) {
        warehouse.put_object(path, "x".into()).await.unwrap();
    }

    #[tokio::test]
    async fn only_old_packages_go() {
        let warehouse = Warehouse::connect("memory://").unwrap();
        let load = LoadId::generate();
        put(
            &warehouse,
            &format!("{STAGING}/{load}/crm/accounts.parquet"),
        )
        .await;
        put(&warehouse, &format!("{STAGING}/other.txt")).await;
        let now = Utc::now();
        assert_eq!(purge(&warehouse, now, 30).await.unwrap(), 0);
        let later = now + TimeDelta::days(31);
        assert_eq!(purge(&warehouse, later, 30).await.unwrap(), 1);
        assert_eq!(
            warehouse.list(STAGING).await.unwrap(),
            [format!("{STAGING}/other.txt")]
        );
    }

    #[tokio::test]
    async fn what_a_load_left_goes_unless_it_was_sealed_or_is_not_over() {
        let warehouse = Warehouse::connect("memory://").unwrap();
        let [failed, sealed, running] = [(); 3].map(|()| LoadId::generate());
        for load in [failed, sealed, running] {
            put(&warehouse, &format!("{STAGING}/{load}/crm/t/00000.parquet")).await;
        }
        put(&warehouse, &format!("{STAGING}/{sealed}/package.json")).await;
        let over = BTreeSet::from([failed, sealed]);
        assert_eq!(clear(&warehouse, &over).await.unwrap(), 1);
        let left = warehouse.list(STAGING).await.unwrap();
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(left.iter().all(|path| !path.contains(&failed.to_string())));
    }

    #[tokio::test]
    async fn interrupted_uploads_go_with_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::connect(&folder.path().display().to_string()).unwrap();
        let load = LoadId::generate();
        let package = folder.path().join(STAGING).join(load.to_string());
        std::fs::create_dir_all(package.join("crm/t")).unwrap();
        std::fs::write(package.join("crm/t/00000.parquet#1"), "half").unwrap();
        assert!(warehouse.list(STAGING).await.unwrap().is_empty());
        assert_eq!(clear(&warehouse, &BTreeSet::from([load])).await.unwrap(), 1);
        assert!(!package.exists());
    }
}
