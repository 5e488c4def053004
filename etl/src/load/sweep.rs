//! Takes away the files that loads wrote into tables and never committed, because they failed or died.
//!
//! A file is taken away only if its name tells a load that has come to nothing, that load has published no version, and no
//! version of the table's Delta log names the file. What a failed load did commit stays: versions of the log name it, though
//! none of the warehouse does. Files of loads of which nobody knows whether they still run stay too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::{LoadId, Warehouse, sql_schema_of};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::warehouse::load_of;

/// Deletes what these loads, which are over, wrote in vain; returns how many files.
pub(super) async fn sweep(warehouse: &Warehouse, over: &BTreeSet<LoadId>) -> Result<usize> {
    if over.is_empty() {
        return Ok(0);
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in tables(warehouse).await? {
        let mut names = written(warehouse, &table).await?;
        names.retain(|name| load_of(name).is_some_and(|load| over.contains(&load)));
        if !names.is_empty() {
            found.insert(table, names);
        }
    }
    if found.is_empty() {
        return Ok(0);
    }
    let published = publishers(warehouse).await?;
    let mut swept = 0;
    for (table, mut names) in found {
        let Some(named) = named(warehouse, &table).await? else {
            tracing::warn!(table, "the log is not complete; files of failed loads stay");
            continue;
        };
        names.retain(|name| !named.contains(name));
        names.retain(|name| load_of(name).is_none_or(|load| !published.contains(&load)));
        for name in names {
            delete(warehouse, &table, &name).await?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// The folders of tables.
async fn tables(warehouse: &Warehouse) -> Result<Vec<String>> {
    let root = warehouse.object_path("");
    let listed = warehouse.store().list_with_delimiter(Some(&root)).await;
    let listed = listed.map_err(failed("listing the tables"))?;
    let names = listed.common_prefixes.iter();
    let names = names.filter_map(|path| path.filename().map(str::to_owned));
    let mut names: BTreeSet<String> = names.collect();
    // a folder that holds nothing but what an upload left is not listed
    names.extend(entries(folder(warehouse, "")));
    names.retain(|name| sql_schema_of(name).is_some());
    Ok(names.into_iter().collect())
}

/// The files in the folder of a table, those half on their way among them.
async fn written(warehouse: &Warehouse, table: &str) -> Result<BTreeSet<String>> {
    let path = warehouse.object_path(table);
    let listed = warehouse.store().list_with_delimiter(Some(&path)).await;
    let listed = listed.map_err(failed("listing the files of a table"))?;
    let names = listed.objects.iter();
    let names = names.filter_map(|object| object.location.filename().map(str::to_owned));
    let mut names: BTreeSet<String> = names.collect();
    names.extend(entries(folder(warehouse, table)));
    Ok(names)
}

/// The files that any version of a table names; `None` if the log does not have all of its versions.
async fn named(warehouse: &Warehouse, table: &str) -> Result<Option<HashSet<String>>> {
    let path = warehouse.object_path(&format!("{table}/_delta_log"));
    let mut commits = warehouse.store().list(Some(&path));
    let (mut versions, mut named) = (BTreeSet::new(), HashSet::new());
    while let Some(object) = commits.try_next().await.map_err(failed("listing a log"))? {
        let Some(name) = object.location.filename() else {
            continue;
        };
        let version = name.strip_suffix(".json").map(str::parse::<u64>);
        let Some(Ok(version)) = version else { continue };
        let path = format!("{table}/_delta_log/{name}");
        let Some(bytes) = warehouse.get_object(&path).await? else {
            return Ok(None);
        };
        versions.insert(version);
        for line in bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let Ok(action) = serde_json::from_slice::<Value>(line) else {
                return Ok(None);
            };
            let added = action.pointer("/add/path").and_then(Value::as_str);
            named.extend(added.map(str::to_owned));
        }
    }
    let is_complete = versions.iter().copied().eq(0..versions.len() as u64);
    Ok(is_complete.then_some(named))
}

/// The loads that published a version.
async fn publishers(warehouse: &Warehouse) -> Result<HashSet<LoadId>> {
    let versions = warehouse.versions().await?;
    Ok(versions.iter().map(|manifest| manifest.load_id).collect())
}

async fn delete(warehouse: &Warehouse, table: &str, name: &str) -> Result<()> {
    tracing::debug!(table, file = name, "a file of a failed load is deleted");
    match (folder(warehouse, table), name.contains('#')) {
        // what an interrupted upload left is no object
        (Some(folder), true) => {
            let _ = std::fs::remove_file(folder.join(name));
            Ok(())
        }
        _ => Ok(warehouse.delete(&format!("{table}/{name}")).await?),
    }
}

/// A folder of the warehouse, where it lies in folders.
fn folder(warehouse: &Warehouse, name: &str) -> Option<PathBuf> {
    let url = warehouse.url();
    let root = (url.scheme() == "file").then(|| url.to_file_path().ok())??;
    Some(root.join(name))
}

fn entries(folder: Option<PathBuf>) -> Vec<String> {
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name());
    names.filter_map(|name| name.into_string().ok()).collect()
}

fn failed(doing: &'static str) -> impl FnOnce(object_store::Error) -> Error {
    move |source| {
        Error::Schemas(planisphere_schemas::Error::Store {
            doing: doing.into(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    async fn put(warehouse: &Warehouse, path: &str, text: &str) {
        let bytes = text.to_owned().into_bytes();
        warehouse.put_object(path, bytes.into()).await.unwrap();
    }

    fn part(load: LoadId, file: u8) -> String {
        format!("part-{load}_{file}.parquet")
    }

    async fn left(warehouse: &Warehouse) -> Vec<String> {
        let mut left = warehouse.list("fact_x").await.unwrap();
        left.retain(|path| path.contains("part-"));
        left
    }

    #[tokio::test]
    async fn only_what_nobody_names_of_loads_that_are_over_goes() {
        let warehouse = Warehouse::connect("memory://").unwrap();
        let [over, running] = [(); 2].map(|()| LoadId::generate());
        for (load, file) in [(over, 1), (over, 2), (running, 3)] {
            put(&warehouse, &format!("fact_x/{}", part(load, file)), "x").await;
        }
        put(&warehouse, "fact_x/part-1.parquet", "x").await;
        put(&warehouse, &format!("other/{}", part(over, 4)), "x").await;
        let commit = format!("{{\"add\":{{\"path\":\"{}\"}}}}\n", part(over, 1));
        put(
            &warehouse,
            "fact_x/_delta_log/00000000000000000000.json",
            &commit,
        )
        .await;
        let loads = BTreeSet::from([over]);
        assert_eq!(sweep(&warehouse, &loads).await.unwrap(), 1);
        let stays = [part(over, 1), part(running, 3), "part-1.parquet".into()];
        let mut stays = stays.map(|name| format!("fact_x/{name}"));
        stays.sort();
        assert_eq!(left(&warehouse).await, stays);
        assert_eq!(warehouse.list("other").await.unwrap().len(), 1);
        assert_eq!(sweep(&warehouse, &loads).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn nothing_goes_where_the_log_lacks_a_version() {
        let warehouse = Warehouse::connect("memory://").unwrap();
        let over = LoadId::generate();
        put(&warehouse, &format!("fact_x/{}", part(over, 1)), "x").await;
        put(
            &warehouse,
            "fact_x/_delta_log/00000000000000000001.json",
            "{}",
        )
        .await;
        assert_eq!(sweep(&warehouse, &BTreeSet::from([over])).await.unwrap(), 0);
        assert_eq!(left(&warehouse).await.len(), 1);
    }

    #[tokio::test]
    async fn half_written_files_in_folders_go() {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::connect(&folder.path().display().to_string()).unwrap();
        let over = LoadId::generate();
        let half = folder.path().join("dim_x").join(part(over, 1) + "#1");
        std::fs::create_dir_all(half.parent().unwrap()).unwrap();
        std::fs::write(&half, "half").unwrap();
        assert_eq!(sweep(&warehouse, &BTreeSet::from([over])).await.unwrap(), 1);
        assert!(!half.exists());
    }
}
