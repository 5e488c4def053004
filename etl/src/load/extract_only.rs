//! Extraction by itself: sources into a staging package, and no further.
//!
//! For those who try a new source, and for measurements. Nothing is published and no load goes on record; the package
//! is taken away with the others when its time is over; one that was not finished at once, or, if its process was killed, by
//! the next load or extraction.

use std::time::Instant;

use planisphere_schemas::model::{Model, read_model_with_places};
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::{LoadId, Warehouse, staging_path};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::staging::{Package, discard, extract, unsealed};

use super::observer::{Extraction, Observer};
use super::process::{Life, Process};

/// What an extraction read.
#[derive(Debug, Clone, Serialize)]
pub struct Extracted {
    /// Where the package lies, relative to the warehouse.
    pub package: String,
    /// How long it took.
    pub seconds: f64,
    /// The tables in the order of sources and names.
    pub tables: Vec<ExtractedTable>,
}

/// What was read of one table.
#[derive(Debug, Clone, Serialize)]
pub struct ExtractedTable {
    /// The source.
    pub source: String,
    /// The table.
    pub table: String,
    /// Rows that the source gave.
    pub read: u64,
    /// Rows in the package.
    pub staged: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Values that became null because they did not fit.
    pub nulled: u64,
    /// Values that became the nearest value because they did not fit.
    pub clamped: u64,
    /// Bytes of the staged files.
    pub bytes: u64,
}

/// Reads the sources, or only those that are named, into a package.
///
/// # Errors
/// [`Error::UnknownSource`] for a name that the model does not have; whatever stopped the extraction otherwise. Then no
/// package is left.
pub async fn extract_only(
    settings: &Settings,
    sources: &[String],
    runtime: &Runtime,
    observer: &dyn Observer,
) -> Result<Extracted> {
    let began = Instant::now();
    let (mut model, _) = read_model_with_places(&settings.model.path)?;
    select(&mut model, sources)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    for load in abandoned(&warehouse).await? {
        discard(&warehouse, load).await?;
    }
    let mut package = Package::new(runtime.load_id(), runtime.now());
    sign(&warehouse, package.load_id).await?;
    observer.step("extract");
    let extraction = Extraction::new(observer);
    let work = extract(&model, settings, &warehouse, &mut package, &extraction);
    let work = extraction.telling(settings.etl.progress, work, async |_| {});
    let done = tokio::select! {
        done = Box::pin(work) => done,
        signal = runtime.stopped() => Err(Error::Stopped { signal }),
    };
    observer.extracted();
    if let Err(error) = done {
        if matches!(error, Error::Stopped { .. }) {
            // readers that are in the middle of something end it first
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        discard(&warehouse, package.load_id).await?;
        return Err(error);
    }
    Ok(Extracted {
        package: staging_path(package.load_id),
        seconds: began.elapsed().as_secs_f64(),
        tables: tables(&package),
    })
}

/// Says in the package whose it is, so that others can tell whether that process still works on it.
async fn sign(warehouse: &Warehouse, load: LoadId) -> Result<()> {
    let Some(process) = Process::current() else {
        return Ok(());
    };
    let bytes = serde_json::to_vec(&process).unwrap_or_default();
    Ok(warehouse.put_object(&signature(load), bytes.into()).await?)
}

fn signature(load: LoadId) -> String {
    format!("{}/process.json", staging_path(load))
}

/// The packages of extractions whose processes have died before they were done.
pub(super) async fn abandoned(warehouse: &Warehouse) -> Result<Vec<LoadId>> {
    let mut abandoned = Vec::new();
    for load in unsealed(warehouse).await? {
        let Ok(Some(bytes)) = warehouse.get_object(&signature(load)).await else {
            continue;
        };
        let process: Option<Process> = serde_json::from_slice(&bytes).ok();
        if process.is_some_and(|process| process.life() == Life::Dead) {
            abandoned.push(load);
        }
    }
    Ok(abandoned)
}

/// Leaves only the named sources in the model; all of them if none is named.
fn select(model: &mut Model, names: &[String]) -> Result<()> {
    let known = || model.sources.iter().map(|source| source.name.as_str());
    if let Some(stranger) = names
        .iter()
        .find(|name| !known().any(|known| known == *name))
    {
        return Err(Error::UnknownSource {
            name: stranger.clone(),
            known: known().collect::<Vec<_>>().join(", "),
        });
    }
    if !names.is_empty() {
        model.sources.retain(|source| names.contains(&source.name));
    }
    Ok(())
}

fn tables(package: &Package) -> Vec<ExtractedTable> {
    let sources = package.sources.iter();
    let tables = sources.flat_map(|(source, certificate)| {
        let tables = certificate.tables.iter();
        tables.map(move |(table, counts)| ExtractedTable {
            source: source.clone(),
            table: table.clone(),
            read: counts.read,
            staged: counts.staged,
            rejected: counts.rejected,
            nulled: counts.nulled,
            clamped: counts.clamped,
            bytes: counts.bytes,
        })
    });
    tables.collect()
}
