//! Reads every table of every source under one snapshot each and seals the package.
//!
//! If a source's snapshot is lost midway, what was read of that source is thrown away and read anew: a package never
//! holds two moments of a source.

use planisphere_schemas::document::nearest;
use planisphere_schemas::model::{Model, Source};
use planisphere_schemas::settings::{Settings, SourceSettings};
use planisphere_schemas::warehouse::Warehouse;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::source::{self, Fault, Remedy, Stop, StopOnDrop, connect};

use super::crew::{Harvest, Job};
use super::event::ReadEvent;
use super::package::{Package, SourceCertificate, source_path};
use super::part_file::RowGroups;
use super::retry::{again, pauses};

/// Hears how an extraction goes on; called from one task, in order.
pub(crate) trait Progress: Send + Sync {
    /// Something happened at a source.
    fn heard(&self, source: &str, event: ReadEvent);
}

/// Extracts every source of the model into the package and seals it.
///
/// # Errors
/// The first failure that nothing helped against; then there is no package.
pub(crate) async fn extract(
    model: &Model,
    settings: &Settings,
    warehouse: &Warehouse,
    package: &mut Package,
    progress: &dyn Progress,
) -> Result<()> {
    for source in &model.sources {
        let reach = reach(model, settings, source)?;
        let mut pauses = (2..).zip(pauses());
        let mut was_lost = false;
        loop {
            let task = attempt(
                source, reach, settings, warehouse, package, progress, was_lost,
            );
            let read = task.await;
            let fault = match read {
                Ok(certificate) => {
                    package.sources.insert(source.name.clone(), certificate);
                    progress.heard(&source.name, ReadEvent::Complete);
                    break;
                }
                Err(fault) => fault,
            };
            let (Remedy::Anew, Some((attempt, pause))) = (fault.remedy, pauses.next()) else {
                return Err(fault.error);
            };
            tracing::warn!(source = %source.name, attempt, pause_ms = pause.as_millis(),
                error = fault.error.told(), "the snapshot was lost; the source is read anew");
            let cause = fault.error.told();
            let anew = ReadEvent::Anew {
                attempt,
                pause,
                cause,
            };
            progress.heard(&source.name, anew);
            was_lost = true;
            discard(warehouse, package, source).await?;
            tokio::time::sleep(pause).await;
        }
    }
    package.seal(warehouse).await
}

/// How the settings say that a source is reached.
///
/// # Errors
/// [`Error::SourceNotConfigured`] if they do not say it.
pub(crate) fn reach<'a>(
    model: &Model,
    settings: &'a Settings,
    source: &Source,
) -> Result<&'a SourceSettings> {
    let of_no_model = |name: &&str| !model.sources.iter().any(|source| source.name == **name);
    settings.sources.get(&source.name).ok_or_else(|| {
        let strangers = settings.sources.keys().map(String::as_str);
        let near = nearest(&source.name, strangers.filter(of_no_model));
        Error::SourceNotConfigured {
            source_name: source.name.clone(),
            file: settings.file.display().to_string(),
            near: near.map(str::to_owned),
        }
    })
}

/// Reads one source whole, on threads of its own.
async fn attempt(
    source: &Source,
    reach: &SourceSettings,
    settings: &Settings,
    warehouse: &Warehouse,
    package: &Package,
    progress: &dyn Progress,
    was_lost: bool,
) -> Result<SourceCertificate, Fault> {
    let (events, mut heard) = mpsc::unbounded_channel();
    let stop = Stop::default();
    let _stop_on_drop = StopOnDrop(stop.clone());
    let etl = &settings.etl;
    let job = Job {
        source: source.name.clone(),
        tables: source.tables.clone(),
        load: package.load_id,
        warehouse: warehouse.clone(),
        batch_rows: etl.batch_rows,
        row_groups: RowGroups {
            rows: etl.row_group_rows,
            bytes: etl.row_group_bytes,
        },
        readers: etl.readers,
        reject_limit_permille: etl.reject_limit_permille,
        runtime: Handle::current(),
        events,
        stop,
        span: tracing::Span::current(),
    };
    let connected = connect(source, reach)?;
    let read = tokio::task::spawn_blocking(move || {
        job.span.in_scope(|| read(&job, &*connected, was_lost))
    });
    while let Some(event) = heard.recv().await {
        progress.heard(&source.name, event);
    }
    read.await.unwrap_or(Err(Fault::from(Error::Task {
        doing: "reading a source",
    })))
}

/// Opens the source and reads all of it; one that was lost may take its time to come back.
fn read(
    job: &Job,
    source: &dyn source::Source,
    was_lost: bool,
) -> Result<SourceCertificate, Fault> {
    let tell = |event| job.tell(event);
    tell(ReadEvent::Opening);
    let snapshot = again(&job.stop, was_lost, tell, || {
        source.open(job.readers, &job.stop)
    })?;
    let Harvest { tables, schemas } = job.read(snapshot.as_ref())?;
    Ok(SourceCertificate {
        moment: snapshot.describe(),
        tables,
        schemas,
        ..SourceCertificate::default()
    })
}

/// Takes away what was read of a source.
async fn discard(warehouse: &Warehouse, package: &Package, source: &Source) -> Result<()> {
    for path in warehouse
        .list(&source_path(package.load_id, &source.name))
        .await?
    {
        warehouse.delete(&path).await?;
    }
    Ok(())
}
