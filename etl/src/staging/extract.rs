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
use crate::source::{Fault, Remedy, Stop, StopOnDrop, connect};

use super::crew::{Harvest, Job, again, pauses};
use super::package::{Package, SourceCertificate, TableCertificate, source_path};

/// Hears how an extraction goes on; called from one task, in order.
pub(crate) trait Progress: Send + Sync {
    /// A table has begun; `rows` is how many it has, about, where the source can tell.
    fn begin(&self, source: &str, table: &str, rows: Option<u64>);
    /// More of it has arrived.
    fn more(&self, source: &str, table: &str, rows: u64, bytes: u64);
    /// The table is done.
    fn end(&self, source: &str, table: &str, certificate: &TableCertificate);
    /// What was read of the source is void; it begins anew.
    fn anew(&self, source: &str, reason: &Error);
}

/// What the crew tells.
pub(super) enum Event {
    Begin {
        table: String,
        rows: Option<u64>,
    },
    Rows {
        table: String,
        rows: u64,
        bytes: u64,
    },
    End {
        table: String,
        counts: TableCertificate,
    },
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
        let mut pauses = pauses();
        loop {
            let fault = match attempt(source, reach, settings, warehouse, package, progress).await {
                Ok((certificate, harvest)) => {
                    package.rejects.extend(harvest.rejects);
                    package.sources.insert(source.name.clone(), certificate);
                    break;
                }
                Err(fault) => fault,
            };
            let (Remedy::Anew, Some(time)) = (fault.remedy, pauses.next()) else {
                return Err(fault.error);
            };
            tracing::warn!(source = %source.name, error = %fault.error, "the source is read anew");
            progress.anew(&source.name, &fault.error);
            discard(warehouse, package, source).await?;
            tokio::time::sleep(time).await;
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
) -> Result<(SourceCertificate, Harvest), Fault> {
    let (events, mut heard) = mpsc::unbounded_channel();
    let stop = Stop::default();
    let _stop_on_drop = StopOnDrop(stop.clone());
    let job = Job {
        source: source.name.clone(),
        tables: source.tables.clone(),
        load: package.load_id,
        warehouse: warehouse.clone(),
        batch_rows: settings.etl.batch_rows,
        row_group_rows: settings.etl.row_group_rows,
        readers: settings.etl.readers,
        runtime: Handle::current(),
        events,
        stop,
    };
    let connected = connect(source, reach)?;
    let read = tokio::task::spawn_blocking(move || {
        let snapshot = again(&job.stop, || connected.open(job.readers, &job.stop))?;
        let harvest = job.read(snapshot.as_ref())?;
        let certificate = SourceCertificate {
            moment: snapshot.describe(),
            tables: harvest.tables.clone(),
            schemas: harvest.schemas.clone(),
        };
        Ok((certificate, harvest))
    });
    while let Some(event) = heard.recv().await {
        tell(&source.name, event, progress);
    }
    read.await.unwrap_or(Err(Fault::from(Error::Task {
        doing: "reading a source",
    })))
}

fn tell(source: &str, event: Event, progress: &dyn Progress) {
    match event {
        Event::Begin { table, rows } => progress.begin(source, &table, rows),
        Event::Rows { table, rows, bytes } => progress.more(source, &table, rows, bytes),
        Event::End { table, counts } => progress.end(source, &table, &counts),
    }
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
