//! Executes a plan: extract, conform, build everything in memory, prove it, then write and publish.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use chrono::NaiveDate;
use planisphere_schemas::model::Model;
use planisphere_schemas::warehouse::{LoadId, Manifest, PinnedWarehouse, Warehouse};

use crate::conform::{Conformed, conform, open_session};
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::staging::{Package, extract};

use super::LoadOptions;
use super::balance::Balance;
use super::build::Built;
use super::observer::{Extraction, Observer};
use super::plan::{plan_load, used_entities};
use super::record::{LoadOutcome, LoadRecord, StepTime, read_records};

/// One load at work.
pub(super) struct Execution<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) runtime: &'a Runtime,
    pub(super) observer: &'a dyn Observer,
    pub(super) model: &'a Model,
    pub(super) warehouse: &'a Warehouse,
    pub(super) load_id: LoadId,
    pub(super) business_date: NaiveDate,
}

impl Execution<'_> {
    /// Runs the load; the record takes what it finds out on the way.
    pub(super) async fn run(&self, record: &mut LoadRecord) -> Result<()> {
        let base = self.base().await?;
        let manifest = base.as_ref().map(PinnedWarehouse::manifest);
        let plan = plan_load(self.model, manifest)?;
        record.notices.extend(plan.notices);
        let pending = self.number(record, manifest).await?;
        let package = self.timed(record, "extract", self.extract()).await?;
        self.runtime.crash_point("after_staging")?;
        let conformed = self
            .timed(record, "conform", self.conform(&package))
            .await?;
        let built = self
            .build(&package, &conformed, base.as_ref(), record)
            .await?;
        self.prove(&package, &conformed, record)?;
        self.check_vanished(&built, manifest)?;
        if let Some(standing) = self.nothing_changed(&built, manifest) {
            record.outcome = LoadOutcome::Unchanged { version: standing };
            return Ok(());
        }
        self.publish(&package, built, base.as_ref(), pending, record)
            .await
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

    /// The published version that the load builds upon.
    async fn base(&self) -> Result<Option<PinnedWarehouse>> {
        let Some(version) = self.warehouse.latest_version().await? else {
            return Ok(None);
        };
        let pinned = self.warehouse.open(Some(version)).await?;
        pinned.manifest().check_writable()?;
        Ok(Some(pinned))
    }

    /// Gives the load its number; returns the records of loads since the last publish.
    async fn number(
        &self,
        record: &mut LoadRecord,
        base: Option<&Manifest>,
    ) -> Result<Vec<LoadRecord>> {
        let last = base.and_then(|manifest| manifest.watermarks.get("audit_key")?.as_i64());
        let mut pending = read_records(self.warehouse).await?;
        pending.retain(|earlier| earlier.load_id != self.load_id);
        pending.retain(|record| base.is_none_or(|manifest| record.load_id > manifest.load_id));
        let mut next = last.unwrap_or(0);
        for earlier in &mut pending {
            next += 1;
            earlier.audit_key = next;
        }
        record.audit_key = next + 1;
        Ok(pending)
    }

    async fn extract(&self) -> Result<Package> {
        let mut package = Package::new(self.load_id, self.runtime.now());
        let progress = Extraction(self.observer);
        let settings = &self.options.settings;
        extract(
            self.model,
            settings,
            self.warehouse,
            &mut package,
            &progress,
        )
        .await?;
        Ok(package)
    }

    async fn conform(&self, package: &Package) -> Result<BTreeMap<String, Conformed>> {
        let used: HashSet<String> = used_entities(self.model).into_iter().collect();
        let mut conformed = BTreeMap::new();
        for source in &self.model.sources {
            let settings = &self.options.settings.etl;
            let session =
                open_session(package, self.warehouse, source, settings, self.model.zone()).await?;
            for entity in source
                .entities
                .iter()
                .filter(|entity| used.contains(&entity.name))
            {
                let rows = conform(&session, source, entity).await?;
                conformed.insert(entity.name.clone(), rows);
            }
        }
        Ok(conformed)
    }

    /// Proves that every row that was read has one outcome.
    fn prove(
        &self,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        record: &mut LoadRecord,
    ) -> Result<()> {
        let mut balances = Vec::new();
        for certificate in package.sources.values() {
            for (table, counts) in &certificate.tables {
                balances.push(Balance::of_table(table, counts, &package.rejects));
            }
        }
        for (entity, rows) in conformed {
            balances.push(Balance::of_entity(entity, rows));
        }
        balances.append(&mut record.balances);
        record.balances = balances;
        let limit = self.options.settings.etl.reject_limit_permille;
        for balance in &record.balances {
            balance.prove()?;
            balance.check_rejects(limit)?;
        }
        Ok(())
    }

    /// Refuses to mark most of a table as deleted: an emptied or cut source looks the same.
    fn check_vanished(&self, built: &Built, base: Option<&Manifest>) -> Result<()> {
        const ALWAYS_ALLOWED: u64 = 20;
        let limit_permille = self.options.settings.etl.vanish_limit_permille;
        for table in &built.tables {
            let entry = base.and_then(|manifest| manifest.tables.get(&table.name));
            let rows = entry.map_or(0, |entry| entry.row_count);
            let vanished = table.tally.deleted;
            if vanished > ALWAYS_ALLOWED && vanished * 1000 > rows * u64::from(limit_permille) {
                let table = table.name.clone();
                return Err(Error::TooManyVanished {
                    table,
                    vanished,
                    rows,
                    limit_permille,
                });
            }
        }
        Ok(())
    }
}
