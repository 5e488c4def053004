//! A warehouse built anew from what another one has retained: its staging packages, one load after the other, and its key
//! maps, so that every key means what it meant.

use arrow::array::RecordBatch;
use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse};

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::staging::retained;

use super::execute::Execution;
use super::observer::Observer;
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
    pub(super) package: LoadId,
}

/// Builds an empty warehouse from the packages and key maps of another; returns the loads of it.
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
) -> Result<Vec<LoadRecord>> {
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
    let mut records = Vec::with_capacity(loads.len());
    for (at, load) in loads.iter().enumerate() {
        let replay = Replay {
            from: &old,
            keys: &keys,
            package: load.load_id,
        };
        let options = LoadOptions {
            business_date: Some(load.business_date),
            ..options.clone()
        };
        tracing::info!(load = %load.load_id, number = at + 1, of = loads.len(), "loading again");
        records.push(load_from(&options, runtime, observer, Some(&replay)).await?);
    }
    Ok(records)
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
        if let Some(table) = base.and_then(|base| base.table(map)) {
            return read_table(self.warehouse, table).await.map(Some);
        }
        let Some(replay) = self.replay else {
            return Ok(None);
        };
        match replay.keys.table(map) {
            Some(table) => read_table(replay.from, table).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The loads that came to a good end and whose packages are retained, in their order.
pub(super) async fn repeatable(warehouse: &Warehouse) -> Result<Vec<LoadRecord>> {
    let retained = retained(warehouse).await?;
    let mut records = read_records(warehouse).await?;
    records.retain(|record| {
        let is_good = matches!(
            record.outcome,
            LoadOutcome::Published { .. } | LoadOutcome::Unchanged { .. }
        );
        is_good && retained.contains(&record.load_id)
    });
    records.sort_by_key(|record| record.load_id);
    Ok(records)
}
