//! Executes a plan: extract, conform, build everything in memory, prove it, then write and publish.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use planisphere_schemas::model::{
    Dimension, DimensionKind, Entity, Model, Source, Star, parse_expression, referenced_columns,
};
use planisphere_schemas::warehouse::{
    DataFile, LoadId, Manifest, PinnedWarehouse, Warehouse, WarehouseVersion,
};
use sha2::{Digest, Sha256};

use crate::conform::{Conformed, conform, open_session};
use crate::dimension::{
    self, DimensionInput, MemberIndex, Tally, align, build_calendar, build_dimension, map_table,
};
use crate::error::{Error, Result};
use crate::fact::{self, ExistingFile, FactInput, build_fact};
use crate::reject::Reject;
use crate::runtime::Runtime;
use crate::staging::{Package, extract};
use crate::warehouse::{TableCommit, WriteOptions, write_table};

use super::balance::{Balance, Stage};
use super::observer::{Extraction, Observer};
use super::plan::{plan_load, used_entities};
use super::published::{read_file, read_table};
use super::record::{LoadOutcome, LoadRecord, StepTime, TableChange, read_records};
use super::{LoadOptions, audit};

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

/// A table as it shall be: files that stay and rows to write.
struct NextTable {
    name: String,
    schema: SchemaRef,
    kept: Vec<DataFile>,
    rows: RecordBatch,
    sorted_by: Vec<String>,
    tally: Tally,
    /// False if the published table stays as it is.
    changed: bool,
}

/// Everything that a load has worked out before it writes.
#[derive(Default)]
struct Built {
    tables: Vec<NextTable>,
    rejects: Vec<Reject>,
    members: BTreeMap<String, MemberIndex>,
    audit_key: i64,
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
        if let Some(standing) = self.nothing_changed(&built, manifest) {
            record.outcome = LoadOutcome::Unchanged { version: standing };
            return Ok(());
        }
        self.publish(&package, built, base.as_ref(), pending, record)
            .await
    }

    async fn timed<T>(
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
            let session = open_session(package, self.warehouse, source, settings).await?;
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

    async fn build(
        &self,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        record: &mut LoadRecord,
    ) -> Result<Built> {
        let mut built = Built {
            rejects: package.rejects.clone(),
            audit_key: record.audit_key,
            ..Built::default()
        };
        for entity in conformed.values() {
            built.rejects.extend(entity.rejects.iter().cloned());
        }
        for dimension in &self.model.dimensions {
            let step = dimension.table();
            let work = self.dimension(dimension, package, conformed, base, &mut built);
            let balance = self.timed(record, &step, work).await?;
            record.balances.extend(balance);
        }
        for star in &self.model.stars {
            let step = star.table();
            let work = self.star(star, package, conformed, base, &mut built);
            let balance = self.timed(record, &step, work).await?;
            record.balances.extend(balance);
        }
        Ok(built)
    }

    async fn dimension(
        &self,
        dimension: &Dimension,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Option<Balance>> {
        match &dimension.kind {
            DimensionKind::Calendar(_) => {
                self.calendar(dimension, base, built).await?;
                Ok(None)
            }
            DimensionKind::Entity { entity, .. } => {
                let Some((source, entity)) = self.model.entity(entity) else {
                    return Ok(None);
                };
                let Some(rows) = conformed.get(&entity.name) else {
                    return Ok(None);
                };
                let fed = Fed {
                    source,
                    entity,
                    rows,
                };
                self.members(dimension, &fed, package, base, built)
                    .await
                    .map(Some)
            }
        }
    }

    async fn calendar(
        &self,
        dimension: &Dimension,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let DimensionKind::Calendar(spec) = &dimension.kind else {
            return Ok(());
        };
        let key = built.audit_key;
        let rows = build_calendar(dimension, spec, key).map_err(Error::arrow(format!(
            "generating calendar '{}'",
            dimension.name
        )))?;
        let name = dimension.table();
        let published = base.and_then(|base| base.table(&name));
        let changed = match published {
            None => true,
            Some(table) => !same_but_audit(&read_table(self.warehouse, table).await?, &rows),
        };
        let inserted = if changed { rows.num_rows() as u64 } else { 0 };
        built
            .members
            .insert(dimension.name.clone(), MemberIndex::of(dimension, &rows));
        built.tables.push(NextTable {
            name,
            schema: rows.schema(),
            kept: Vec::new(),
            rows,
            sorted_by: vec![dimension.key_column()],
            tally: Tally {
                inserted,
                ..Tally::default()
            },
            changed,
        });
        Ok(())
    }

    async fn members(
        &self,
        dimension: &Dimension,
        fed: &Fed<'_>,
        package: &Package,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Balance> {
        let name = dimension.table();
        let existing = match base.and_then(|base| base.table(&name)) {
            Some(table) => {
                let rows = read_table(self.warehouse, table).await?;
                Some(align(&name, &rows, &dimension::arrow_schema(dimension))?)
            }
            None => None,
        };
        let map = map_table(dimension);
        let existing_map = match base.and_then(|base| base.table(&map)) {
            Some(table) => Some(read_table(self.warehouse, table).await?),
            None => None,
        };
        let reshaped = existing
            .as_ref()
            .is_some_and(dimension::Existing::is_reshaped);
        let rejected_ids = rejected_ids(package, fed);
        let next = build_dimension(DimensionInput {
            dimension,
            source_system: &fed.source.name,
            conformed: fed.rows,
            existing,
            existing_map,
            audited: audited(dimension, fed),
            rejected_ids: &rejected_ids,
            snapshot_at: package.began_at.timestamp_micros(),
            audit_key: built.audit_key,
        })?;
        let changed = base.is_none_or(|base| base.table(&name).is_none())
            || reshaped
            || next.tally.has_changes();
        let balance = Balance::of_tally(
            Stage::Dimension,
            &dimension.name,
            &next.tally,
            &next.rejects,
        );
        built.rejects.extend(next.rejects);
        built.members.insert(
            dimension.name.clone(),
            MemberIndex::of(dimension, &next.table),
        );
        let key = vec![dimension.key_column()];
        for (name, rows, tally) in [
            (name, next.table, next.tally),
            (map, next.map, Tally::default()),
        ] {
            built.tables.push(NextTable {
                name,
                schema: rows.schema(),
                kept: Vec::new(),
                rows,
                sorted_by: key.clone(),
                tally,
                changed,
            });
        }
        Ok(balance)
    }

    async fn star(
        &self,
        star: &Star,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Option<Balance>> {
        let Some((source, entity)) = self.model.entity(&star.entity) else {
            return Ok(None);
        };
        let Some(rows) = conformed.get(&entity.name) else {
            return Ok(None);
        };
        let fed = Fed {
            source,
            entity,
            rows,
        };
        let name = star.table();
        let schema = fact::arrow_schema(star);
        let published = base.and_then(|base| base.table(&name));
        let mut existing = Vec::new();
        let mut reshaped = false;
        for file in published.map(|table| table.files()).unwrap_or_default() {
            let Some(table) = published else { continue };
            let rows = read_file(self.warehouse, table, file).await?;
            let aligned = align(&name, &rows, &schema)?;
            reshaped |= aligned.is_reshaped();
            existing.push(ExistingFile {
                file: file.clone(),
                rows: aligned.rows,
            });
        }
        let rejected_ids = rejected_ids(package, &fed);
        let input = FactInput {
            star,
            source_system: &source.name,
            conformed: rows,
            members: &built.members,
            zone: self.model.zone(),
            existing,
            reshaped,
            rejected_ids: &rejected_ids,
            audit_key: built.audit_key,
        };
        let sorted_by = fact::sort_columns(&input);
        let next = build_fact(&input)?;
        let balance = Balance::of_tally(Stage::Star, &star.name, &next.tally, &next.rejects);
        let changed = published.is_none() || reshaped || next.tally.has_changes();
        built.rejects.extend(next.rejects);
        built.tables.push(NextTable {
            name,
            schema,
            kept: next.kept,
            rows: next.rows,
            sorted_by,
            tally: next.tally,
            changed,
        });
        Ok(Some(balance))
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

    /// The version that still stands, if the load has nothing to publish.
    fn nothing_changed(&self, built: &Built, base: Option<&Manifest>) -> Option<WarehouseVersion> {
        let base = base?;
        let same = !built.tables.iter().any(|table| table.changed)
            && base.business_date == self.business_date
            && base.model_hash == self.model.hash()
            && base.certificates.get("rejects") == Some(&reject_certificate(&built.rejects));
        same.then_some(base.version)
    }

    async fn publish(
        &self,
        package: &Package,
        built: Built,
        base: Option<&PinnedWarehouse>,
        pending: Vec<LoadRecord>,
        record: &mut LoadRecord,
    ) -> Result<()> {
        let version = base.map_or(WarehouseVersion::FIRST, |base| {
            base.manifest().version.next()
        });
        let mut manifest = Manifest::new(
            version,
            self.load_id,
            self.business_date,
            self.runtime.now(),
            self.model.clone(),
        );
        let rejects = built.rejects;
        self.timed(
            record,
            "write",
            self.write(&built.tables, base, &mut manifest),
        )
        .await?;
        record.changes = changes(&built.tables, &manifest);
        record.outcome = LoadOutcome::Published { version };
        record.finished_at = Some(self.runtime.now());
        let rows = audit::audit_rows(&pending, record, &rejects)
            .map_err(Error::arrow("writing the audit tables"))?;
        for (table, rows) in rows {
            self.append(table, &rows, base, &mut manifest).await?;
        }
        self.runtime.crash_point("after_tables")?;
        manifest
            .watermarks
            .insert("audit_key".into(), record.audit_key.into());
        certify(&mut manifest, package, record, &rejects);
        self.warehouse.put_manifest(&manifest).await?;
        tracing::info!(%version, "version published");
        self.runtime.crash_point("after_manifest")
    }

    /// Writes every changed table and takes back what dead loads did to the others.
    async fn write(
        &self,
        tables: &[NextTable],
        base: Option<&PinnedWarehouse>,
        manifest: &mut Manifest,
    ) -> Result<()> {
        for table in tables {
            let published = base.and_then(|base| base.table(&table.name));
            let entry = published.map(|table| table.entry());
            let commit = TableCommit::new(self.warehouse, &table.name, self.load_id, entry);
            let entry = if table.changed {
                let mut files = table.kept.clone();
                files.extend(self.write_rows(table).await?);
                commit.commit(&table.schema, &files).await?.entry
            } else {
                match commit.take_back().await? {
                    Some(entry) => entry,
                    None => continue,
                }
            };
            manifest.tables.insert(table.name.clone(), entry);
        }
        Ok(())
    }

    async fn write_rows(&self, table: &NextTable) -> Result<Vec<DataFile>> {
        if table.rows.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let options = WriteOptions {
            row_group_rows: self.options.settings.etl.row_group_rows,
            ..WriteOptions::default()
        };
        let options = options.sorted_by(table.sorted_by.iter().map(String::as_str));
        let rows = std::slice::from_ref(&table.rows);
        let schema = Arc::clone(&table.schema);
        Ok(write_table(self.warehouse, &table.name, schema, &options, rows).await?)
    }

    /// Adds rows to an audit table.
    async fn append(
        &self,
        table: &str,
        rows: &RecordBatch,
        base: Option<&PinnedWarehouse>,
        manifest: &mut Manifest,
    ) -> Result<()> {
        let published = base.and_then(|base| base.table(table));
        let mut files = published
            .map(|table| table.files().to_vec())
            .unwrap_or_default();
        if rows.num_rows() > 0 {
            let options = WriteOptions::default();
            let rows = std::slice::from_ref(rows);
            let schema = rows[0].schema();
            files.extend(write_table(self.warehouse, table, schema, &options, rows).await?);
        }
        let entry = published.map(|table| table.entry());
        let commit = TableCommit::new(self.warehouse, table, self.load_id, entry);
        let entry = commit.commit(&rows.schema(), &files).await?.entry;
        manifest.tables.insert(table.to_owned(), entry);
        Ok(())
    }
}

/// The rows that feed a dimension or star, and where they come from.
struct Fed<'a> {
    source: &'a Source,
    entity: &'a Entity,
    rows: &'a Conformed,
}

/// The ids of driving rows that were rejected before they reached the dimension or star.
fn rejected_ids(package: &Package, fed: &Fed<'_>) -> HashSet<String> {
    let table = fed
        .entity
        .from
        .strip_suffix("_versions")
        .unwrap_or(&fed.entity.from);
    let staged = package
        .rejects
        .iter()
        .filter(|reject| reject.object == table);
    staged
        .chain(&fed.rows.rejects)
        .map(|reject| reject.row_id.clone())
        .collect()
}

/// For each attribute whether the staged history knows its past values.
fn audited(dimension: &Dimension, fed: &Fed<'_>) -> Vec<bool> {
    let table = fed
        .entity
        .from
        .strip_suffix("_versions")
        .and_then(|name| fed.source.table(name));
    let columns = table
        .and_then(|table| table.history.as_ref())
        .map(|history| &history.columns);
    let knows = |column: &str| {
        let (Some(columns), Some(column)) = (
            columns,
            fed.entity.columns.iter().find(|known| known.name == column),
        ) else {
            return false;
        };
        let Ok(parsed) = parse_expression(&column.expression) else {
            return false;
        };
        let referenced = referenced_columns(&parsed);
        !referenced.is_empty() && referenced.iter().all(|(_, name)| columns.contains(name))
    };
    dimension
        .attributes
        .iter()
        .map(|attribute| knows(&attribute.column))
        .collect()
}

/// True if two tables hold the same rows but for their audit keys (the last column).
fn same_but_audit(a: &RecordBatch, b: &RecordBatch) -> bool {
    let names = |batch: &RecordBatch| -> Vec<String> {
        batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    };
    let width = b.num_columns().saturating_sub(1);
    names(a) == names(b)
        && a.num_rows() == b.num_rows()
        && a.columns()[..width] == b.columns()[..width]
}

fn changes(tables: &[NextTable], manifest: &Manifest) -> Vec<TableChange> {
    let shown = tables
        .iter()
        .filter(|table| !table.name.starts_with("map_"));
    shown
        .map(|table| {
            let entry = manifest.tables.get(&table.name);
            TableChange {
                table: table.name.clone(),
                inserted: table.tally.inserted,
                updated: table.tally.updated,
                expired: table.tally.expired,
                deleted: table.tally.deleted,
                rows: entry.map_or(0, |entry| entry.row_count),
                bytes: entry.map_or(0, |entry| entry.bytes),
            }
        })
        .collect()
}

/// What is promised about the rejects: how many, and a hash that changes when any of them does.
fn reject_certificate(rejects: &[Reject]) -> serde_json::Value {
    let mut sorted: Vec<&Reject> = rejects.iter().collect();
    sorted.sort();
    let bytes = serde_json::to_vec(&sorted).unwrap_or_default();
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    serde_json::json!({ "count": rejects.len(), "sha256": hash })
}

/// Writes the proofs of the load into the manifest.
fn certify(manifest: &mut Manifest, package: &Package, record: &LoadRecord, rejects: &[Reject]) {
    for (source, certificate) in &package.sources {
        let moment =
            serde_json::json!({ "moment": certificate.moment, "read_at": package.began_at });
        manifest
            .certificates
            .insert(format!("source {source}"), moment);
    }
    for balance in &record.balances {
        let name = format!("{} {}", balance.stage, balance.name);
        let proof = serde_json::to_value(balance).unwrap_or_default();
        manifest.certificates.insert(name, proof);
    }
    manifest
        .certificates
        .insert("rejects".into(), reject_certificate(rejects));
}
