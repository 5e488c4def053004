//! A warehouse built anew from what another one has retained: its staging packages, one load after the other, and its key
//! maps, so that every key means what it meant.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse};

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::staging::retained;

use super::execute::Execution;
use super::observer::Observer;
use super::process::Life;
use super::published::read_table;
use super::record::{LoadOutcome, LoadRecord, read_records};
use super::scan::TableScan;
use super::{LoadOptions, load_from};

/// What a load takes in the place of an extraction.
pub(super) struct Replay<'a> {
    /// The warehouse whose packages are loaded again.
    pub(super) from: &'a Warehouse,
    /// Its latest version, of which the keys are taken.
    pub(super) keys: &'a PinnedWarehouse,
    /// The load whose package is read.
    pub(super) load: &'a LoadRecord,
}

/// Builds an empty warehouse from the packages and key maps of another; returns the loads of it, and in words what is left out.
///
/// Loads of which no package is retained any more cannot be repeated; what was seen only by them is not in the new
/// warehouse. Each load publishes a version, and the ones that are published stand if a later one fails.
///
/// # Errors
/// [`Error::NotEmpty`] if the warehouse of the settings has a version already, [`Error::NothingRetained`] if there is no
/// package, and what stops a load.
pub(crate) async fn rebuild(
    options: &LoadOptions,
    from: &str,
    runtime: &Runtime,
    observer: &dyn Observer,
) -> Result<(Vec<LoadRecord>, Vec<String>)> {
    let old = Warehouse::connect(from)?;
    let new = Warehouse::connect(&options.settings.warehouse.url)?;
    if new.latest_version().await?.is_some() {
        let warehouse = options.settings.warehouse.url.clone();
        return Err(Error::NotEmpty { warehouse });
    }
    let keys = old.open(None).await?;
    let loads = repeatable(&old).await?;
    if loads.is_empty() {
        let warehouse = from.to_owned();
        return Err(Error::NothingRetained { warehouse });
    }
    let left_out = left_out(&old).await?;
    for left_out in &left_out {
        tracing::warn!("{left_out}");
    }
    let mut records = Vec::with_capacity(loads.len());
    for (at, load) in loads.iter().enumerate() {
        let replay = Replay {
            from: &old,
            keys: &keys,
            load,
        };
        let options = LoadOptions {
            business_date: Some(load.business_date),
            ..options.clone()
        };
        tracing::info!(load = %load.load_id, number = at + 1, of = loads.len(), "loading again");
        records.push(load_from(&options, runtime, observer, Some(&replay)).await?);
    }
    Ok((records, left_out))
}

impl Execution<'_> {
    /// The key map of the warehouse that is built anew.
    pub(super) fn seed(&self, map: &str) -> Option<TableScan<'_>> {
        let replay = self.replay?;
        Some(TableScan {
            warehouse: replay.from,
            table: replay.keys.table(map)?,
        })
    }

    /// The keys that a key map has issued: the published one, else that of the warehouse that is built anew.
    pub(super) async fn issued_keys(
        &self,
        map: &str,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Option<RecordBatch>> {
        match self.map_of_keys(map, base) {
            Some(TableScan { warehouse, table }) => read_table(warehouse, table).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same, to be read some rows at a time.
    pub(super) fn map_of_keys<'t>(
        &'t self,
        map: &str,
        base: Option<&'t PinnedWarehouse>,
    ) -> Option<TableScan<'t>> {
        if let Some(table) = base.and_then(|base| base.table(map)) {
            let warehouse = self.warehouse;
            return Some(TableScan { warehouse, table });
        }
        self.seed(map)
    }
}

/// The loads that came to a good end and whose packages are retained, in their order.
pub(super) async fn repeatable(warehouse: &Warehouse) -> Result<Vec<LoadRecord>> {
    let retained = retained(warehouse).await?;
    let mut records = read_records(warehouse).await?;
    records.retain(|record| came_to_good(record) && retained.contains(&record.load_id));
    Ok(records)
}

/// The loads that came to a good end.
pub(super) async fn good_loads(warehouse: &Warehouse) -> Result<Vec<LoadId>> {
    let records = read_records(warehouse).await?;
    let good = records.iter().filter(|record| came_to_good(record));
    Ok(good.map(|record| record.load_id).collect())
}

/// True if a load has published, or found nothing to publish.
pub(super) fn came_to_good(record: &LoadRecord) -> bool {
    let outcome = &record.outcome;
    matches!(
        outcome,
        LoadOutcome::Published { .. } | LoadOutcome::Unchanged { .. }
    )
}

/// What cannot be repeated, in words: packages of loads that are not known to have come to a good end, and versions of which
/// no package is retained.
async fn left_out(warehouse: &Warehouse) -> Result<Vec<String>> {
    let retained = retained(warehouse).await?;
    let records = read_records(warehouse).await?;
    let of_load: BTreeMap<LoadId, &LoadRecord> =
        records.iter().map(|it| (it.load_id, it)).collect();
    let mut words = Vec::new();
    for load in &retained {
        let why = match of_load.get(load) {
            None => {
                "no record of a load tells of it; an extraction without a load leaves such packages"
                    .to_owned()
            }
            Some(record) if came_to_good(record) => continue,
            Some(record) => match &record.outcome {
                LoadOutcome::Failed { error, .. } => format!("the load failed: {error}"),
                _ => match record.life() {
                    Life::Dead => "the load died before its end".to_owned(),
                    Life::Alive => "the load is still running".to_owned(),
                    Life::Unknown => "the load is running or died, nobody can tell".to_owned(),
                },
            },
        };
        let day = of_load
            .get(load)
            .map(|it| format!(" of {}", it.business_date));
        let day = day.unwrap_or_default();
        words.push(format!(
            "the staging package of load {load}{day} is left out: {why}"
        ));
    }
    for record in &records {
        if let LoadOutcome::Published { version } = &record.outcome
            && !retained.contains(&record.load_id)
        {
            let (load, day) = (record.load_id, record.business_date);
            words.push(format!(
                "version {version} of load {load} of {day} is left out: its staging package is not retained any more ([etl] staging_days), so that \
                 what only that load has seen is not in the new warehouse"
            ));
        }
    }
    Ok(words)
}
