//! One load from source to published version: plan, then execute, then account.
//!
//! Nothing is visible to a reader before the last step, one atomic put of the manifest. A load that fails
//! anywhere before it has changed nothing; what it committed is taken back by the next load.

mod audit;
mod backfill;
mod balance;
mod bridges;
mod build;
mod closure;
mod combinations;
mod execute;
mod extract_only;
mod facts;
mod guard;
mod indexes;
mod lineage;
mod marks;
mod members;
mod merging;
mod minis;
mod nature;
mod observer;
mod order;
mod outriggers;
mod pace;
mod plan;
mod preflight;
mod prepare;
mod process;
mod publish;
mod published;
mod ragged;
mod reading;
mod record;
mod referenced;
mod rejected;
mod replay;
mod reread;
mod restated;
mod scan;
mod sweep;
mod trees;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use chrono::NaiveDate;
use planisphere_schemas::model::read_model_with_places;
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::{LoadId, Warehouse};
use tracing::Instrument as _;

use crate::allocator;
use crate::dimension::IndexRoom;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::spool::Memory;
use crate::staging::purge;

pub(crate) use backfill::backfills;
pub use balance::{Balance, Stage};
pub use extract_only::{Extracted, ExtractedTable, extract_only};
pub use observer::{Observer, Silent};
pub use plan::{LoadPlan, Step, plan_load};
pub(crate) use preflight::preflight;
pub use process::{Life, Process};
pub use reading::{ReadState, SourceReading, TableReading};
pub use record::{LoadOutcome, LoadRecord, StepTime, TableChange, read_records};
pub(crate) use record::{chain, unfinished};
pub(crate) use replay::rebuild;

/// What a load needs to know.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The settings of the file.
    pub settings: Settings,
    /// The business date; today in the warehouse time zone by default.
    pub business_date: Option<NaiveDate>,
}

/// Runs one load and keeps its record, also when it fails or is stopped.
///
/// # Errors
/// Whatever stopped the load; nothing was published then.
pub async fn load(
    options: &LoadOptions,
    runtime: &Runtime,
    observer: &dyn Observer,
) -> Result<LoadRecord> {
    load_from(options, runtime, observer, None).await
}

/// Runs one load of the sources, or of a package that is retained.
async fn load_from(
    options: &LoadOptions,
    runtime: &Runtime,
    observer: &dyn Observer,
    replay: Option<&replay::Replay<'_>>,
) -> Result<LoadRecord> {
    allocator::keep_little(options.settings.etl.memory_bytes);
    let (model, places) = read_model_with_places(&options.settings.model.path)?;
    let warehouse = Warehouse::connect(&options.settings.warehouse.url)?;
    let load_id = runtime.load_id();
    let today = || runtime.now().with_timezone(&model.zone()).date_naive();
    let business_date = options.business_date.unwrap_or_else(today);
    let mut record = LoadRecord::begin(load_id, business_date, runtime.now());
    let span = tracing::info_span!("load", %load_id, %business_date);
    let memory = Memory::new(options.settings.etl.memory_bytes / 4);
    let execution = execute::Execution {
        indexes: IndexRoom::new(options.settings.etl.memory_bytes / 2, &memory),
        memory,
        reserved: AtomicUsize::new(0),
        options,
        runtime,
        observer,
        extraction: observer::Extraction::new(observer),
        model: &model,
        places: &places,
        warehouse: &warehouse,
        replay,
        load_id,
        business_date,
        publishing: AtomicBool::new(false),
    };
    let work = async {
        tracing::info!("load begins");
        // a load whose process is killed stays on record as running
        record.take_place(&warehouse).await?;
        record.write(&warehouse).await?;
        let result = tokio::select! {
            ended = Box::pin(execution.run(&mut record)) => ended,
            signal = execution.stopped() => Err(Error::Stopped { signal }),
        };
        record.sources = execution.extraction.sources();
        record.finish(runtime.now(), &result);
        keep(&warehouse, load_id, &record).await;
        // who was stopped may still be writing something; the next load looks after that
        if result
            .as_ref()
            .is_err_and(|error| !matches!(error, Error::Stopped { .. }))
        {
            swept(&warehouse, &BTreeSet::from([load_id])).await;
        }
        forget(&warehouse, options.settings.etl.staging_days, runtime).await;
        log_end(&record);
        observer.ended(&record);
        result
    };
    work.instrument(span).await.map(|()| record)
}

/// How the load ended, as the last event of its log.
fn log_end(record: &LoadRecord) {
    let seconds = record.seconds();
    let read: u64 = record
        .sources
        .iter()
        .flat_map(|source| &source.tables)
        .map(|table| table.rows)
        .sum();
    match &record.outcome {
        LoadOutcome::Published { version } => {
            tracing::info!(target: "planisphere_etl::end", outcome = "published", %version, seconds, rows_read = read, "load ended");
        }
        LoadOutcome::Unchanged { version } => {
            tracing::info!(target: "planisphere_etl::end", outcome = "unchanged", %version, seconds, rows_read = read, "load ended");
        }
        LoadOutcome::Failed { kind, .. } => {
            tracing::info!(target: "planisphere_etl::end", outcome = "failed", kind, seconds, rows_read = read, "load ended; nothing was published");
        }
        LoadOutcome::Running => {}
    }
}

/// Takes away staging packages whose time is over; failing at that does not fail the load.
async fn forget(warehouse: &Warehouse, days: u32, runtime: &Runtime) {
    match purge(warehouse, runtime.now(), days).await {
        Ok(0) => {}
        Ok(packages) => tracing::info!(packages, "old staging packages deleted"),
        Err(error) => tracing::warn!(%error, "old staging packages could not be deleted"),
    }
}

/// Takes away what loads wrote that came to nothing; failing at that does not fail a load.
async fn swept(warehouse: &Warehouse, over: &BTreeSet<LoadId>) {
    match sweep::sweep(warehouse, over).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "files that failed loads had written are deleted"),
        Err(error) => {
            tracing::warn!(%error, "files that failed loads had written could not be deleted");
        }
    }
}

/// Writes the record; a warehouse that cannot even take that is reported by the load's own error.
async fn keep(warehouse: &Warehouse, load_id: LoadId, record: &LoadRecord) {
    if let Err(error) = record.write(warehouse).await {
        tracing::warn!(%load_id, %error, "the record of the load could not be kept");
    }
}
