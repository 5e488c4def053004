//! Executes a plan: extract, conform, build the tables in the memory that a load may take and temporary files beyond it,
//! prove them, then write and publish.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use chrono::NaiveDate;
use planisphere_schemas::ErrorKind;
use planisphere_schemas::model::{Model, Places};
use planisphere_schemas::warehouse::{LoadId, Manifest, PinnedWarehouse, Warehouse};

use crate::conform::{Conformed, Room, conform, open_session};
use crate::dimension::IndexRoom;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::spool::Memory;
use crate::staging::{Package, clear, extract};

use super::audit;
use super::backfill::backfills;
use super::extract_only::abandoned;
use super::observer::{Extraction, Observer};
use super::plan::{plan_load, used_entities};
use super::preflight::{check_model, preflight};
use super::published::read_table;
use super::record::{LoadOutcome, LoadRecord, StepTime, read_records, unfinished};
use super::replay::Replay;
use super::{LoadOptions, swept};

/// One load at work.
pub(super) struct Execution<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) runtime: &'a Runtime,
    pub(super) observer: &'a dyn Observer,
    pub(super) extraction: Extraction<'a>,
    pub(super) model: &'a Model,
    pub(super) places: &'a Places,
    pub(super) warehouse: &'a Warehouse,
    /// What is loaded in the place of the sources.
    pub(super) replay: Option<&'a Replay<'a>>,
    pub(super) load_id: LoadId,
    /// What rows on their way may keep in memory.
    pub(super) memory: Memory,
    /// What the indexes of members may keep in memory.
    pub(super) indexes: IndexRoom,
    /// What rows on their way leave to them.
    pub(super) reserved: AtomicUsize,
    pub(super) business_date: NaiveDate,
    /// True from the last step on, which is not stopped half way.
    pub(super) publishing: AtomicBool,
}

impl Execution<'_> {
    /// Runs the load; the record takes what it finds out on the way.
    pub(super) async fn run(&self, record: &mut LoadRecord) -> Result<()> {
        let base = self.base().await?;
        let manifest = base.as_ref().map(PinnedWarehouse::manifest);
        self.check_date(manifest)?;
        let _reserved = self.reserve(base.as_ref());
        let plan = plan_load(self.model, manifest)?;
        record.notices.extend(plan.notices);
        let settings = &self.options.settings;
        let waits = preflight(self.model, self.places, settings).await?;
        if waits.is_none() {
            record.notices.extend(self.backfills(manifest).await?);
        }
        let pending = self.number(record, base.as_ref()).await?;
        let so_far = record.clone();
        let package = self.timed(record, "extract", self.read(so_far)).await?;
        self.runtime.crash_point("after_staging")?;
        if waits.is_some() {
            check_model(self.model, self.places, &package, settings).await?;
            record.notices.extend(self.backfills(manifest).await?);
        }
        let conformed = self
            .timed(record, "conform", self.conform_or_blame(&package))
            .await?;
        let mut built = self
            .build(&package, &conformed, base.as_ref(), record)
            .await?;
        self.indexes.check()?;
        built.lineage = self.lineage(&package, base.as_ref(), record).await?;
        self.prove(&package, &conformed, &built.rejects, record)?;
        self.check_vanished(&built)?;
        if let Some(standing) = self.nothing_changed(&package, &built, manifest) {
            record.outcome = LoadOutcome::Unchanged { version: standing };
            return Ok(());
        }
        self.publish(&package, built, base.as_ref(), pending, record)
            .await
    }

    /// What rows on their way may keep in memory altogether.
    pub(super) fn room(&self) -> usize {
        self.options.settings.etl.memory_bytes / 4 - self.reserved.load(Ordering::Relaxed)
    }

    /// What a changed model takes from the packages of earlier loads, once the model is known to be sound.
    async fn backfills(&self, published: Option<&Manifest>) -> Result<Vec<String>> {
        let (Some(manifest), None) = (published, self.replay) else {
            return Ok(Vec::new());
        };
        let (old, settings) = (&manifest.model, &self.options.settings.etl);
        backfills(self.model, old, settings, self.warehouse).await
    }

    /// Waits until somebody asks the load to stop; once it is publishing it goes on to its end.
    pub(super) async fn stopped(&self) -> &'static str {
        let signal = self.runtime.stopped().await;
        match self.publishing.load(Ordering::Relaxed) {
            true => std::future::pending().await,
            false => signal,
        }
    }

    pub(super) async fn timed<T>(
        &self,
        record: &mut LoadRecord,
        step: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.observer.step(step);
        let began = Instant::now();
        let result = Box::pin(work).await;
        let seconds = began.elapsed().as_secs_f64();
        record.steps.push(StepTime {
            step: step.to_owned(),
            seconds,
        });
        tracing::info!(step, seconds, "step done");
        result
    }

    /// Refuses to publish a day after a later one: a version would look younger than it is.
    fn check_date(&self, published: Option<&Manifest>) -> Result<()> {
        match published {
            Some(manifest) if manifest.business_date > self.business_date => {
                Err(Error::EarlierDate {
                    asked: self.business_date,
                    published: manifest.business_date,
                    version: manifest.version.0,
                })
            }
            _ => Ok(()),
        }
    }

    /// The published version that the load builds upon.
    async fn base(&self) -> Result<Option<PinnedWarehouse>> {
        let Some(version) = self.warehouse.latest_version().await? else {
            return Ok(None);
        };
        let pinned = self.warehouse.open(Some(version)).await?;
        pinned.manifest().check_writable()?;
        Ok(Some(pinned))
    }

    /// Gives the load its number; returns the records of loads that no published version tells of yet.
    ///
    /// Loads that still run are left to a later load, which will know how they ended.
    async fn number(
        &self,
        record: &mut LoadRecord,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Vec<LoadRecord>> {
        let told = self.told_loads(base).await?;
        let mut pending = read_records(self.warehouse).await?;
        pending.retain(|earlier| earlier.load_id != self.load_id);
        self.clear(&pending).await;
        pending.retain(|earlier| !told.contains(&earlier.load_id.to_string()));
        let over = pending.iter().filter(|load| load.came_to_nothing());
        swept(self.warehouse, &over.map(|load| load.load_id).collect()).await;
        record.notices.extend(pending.iter().filter_map(unfinished));
        pending.retain(|earlier| !earlier.is_running());
        let last = base.and_then(|base| base.manifest().watermarks.get("audit_key")?.as_i64());
        let mut next = last.unwrap_or(0);
        for earlier in &mut pending {
            next += 1;
            earlier.audit_key = next;
        }
        record.audit_key = next + 1;
        Ok(pending)
    }

    /// Takes away what loads that failed or died have staged in vain; failing at that does not fail the load.
    async fn clear(&self, earlier: &[LoadRecord]) {
        let over = earlier.iter().filter(|load| load.came_to_nothing());
        let mut over: BTreeSet<LoadId> = over.map(|load| load.load_id).collect();
        match abandoned(self.warehouse).await {
            Ok(abandoned) => over.extend(abandoned),
            Err(error) => {
                tracing::warn!(%error, "what killed extractions left could not be looked for")
            }
        }
        match clear(self.warehouse, &over).await {
            Ok(0) => {}
            Ok(loads) => tracing::info!(loads, "what failed loads had staged is deleted"),
            Err(error) => {
                tracing::warn!(%error, "what failed loads had staged could not be deleted")
            }
        }
    }

    /// The loads of which `audit_load` tells.
    async fn told_loads(&self, base: Option<&PinnedWarehouse>) -> Result<HashSet<String>> {
        let Some(table) = base.and_then(|base| base.table("audit_load")) else {
            return Ok(HashSet::new());
        };
        let rows = read_table(self.warehouse, table).await?;
        audit::load_ids(&rows).map_err(Error::arrow("reading audit_load"))
    }

    /// Reads the sources, or takes over a package that is retained.
    async fn read(&self, so_far: LoadRecord) -> Result<Package> {
        let Some(replay) = self.replay else {
            return self.extract(so_far).await;
        };
        let from = (replay.from, replay.load.load_id);
        Package::adopt(from, (self.warehouse, self.load_id), self.model).await
    }

    /// Extracts every source; from time to time the record of the load says how far that is.
    async fn extract(&self, mut so_far: LoadRecord) -> Result<Package> {
        let mut package = Package::new(self.load_id, self.runtime.now());
        let settings = &self.options.settings;
        let work = extract(
            self.model,
            settings,
            self.warehouse,
            &mut package,
            &self.extraction,
        );
        let keep = async |sources| {
            so_far.sources = sources;
            if let Err(error) = so_far.write(self.warehouse).await {
                tracing::debug!(%error, "the record could not say how far the load is");
            }
        };
        self.extraction
            .telling(settings.etl.progress, Box::pin(work), keep)
            .await?;
        Ok(package)
    }

    /// Conforms the package; where its files are not what was written, that is what went wrong, and not the model.
    async fn conform_or_blame(&self, package: &Package) -> Result<BTreeMap<String, Conformed>> {
        let error = match self.conform(package).await {
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Internal) => error,
            other => return other,
        };
        for source in &self.model.sources {
            package
                .check(self.warehouse, source)
                .await
                .map_err(Error::of_own_package)?;
        }
        Err(error)
    }

    /// Where packages are conformed.
    pub(super) fn conforming(&self) -> Room<'_> {
        Room {
            settings: &self.options.settings.etl,
            memory: &self.memory,
        }
    }

    async fn conform(&self, package: &Package) -> Result<BTreeMap<String, Conformed>> {
        let used: HashSet<String> = used_entities(self.model).into_iter().collect();
        let mut conformed = BTreeMap::new();
        for source in &self.model.sources {
            let (room, zone) = (self.conforming(), self.model.zone());
            let session = open_session(package, self.warehouse, source, &room, zone).await?;
            for entity in source
                .entities
                .iter()
                .filter(|entity| used.contains(&entity.name))
            {
                let rows = conform(&session, source, entity, &self.memory).await?;
                conformed.insert(entity.name.clone(), rows);
            }
        }
        Ok(conformed)
    }
}
