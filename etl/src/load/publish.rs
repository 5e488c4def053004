//! Writes what a load has built, accounts for it and publishes it as one version.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use planisphere_schemas::warehouse::{DataFile, Manifest, PinnedWarehouse, WarehouseVersion};

use crate::error::{Error, Result};
use crate::reject;
use crate::staging::Package;
use crate::warehouse::{
    EditedTable, NextFiles, RowEdits, TableCommit, TableWriter, WriteOptions, runs, write_table,
};

use super::audit;
use super::build::{Built, NextTable};
use super::execute::Execution;
use super::lineage;
use super::record::{LoadOutcome, LoadRecord, TableChange};
use super::rejected::{self, Rejected};

impl Execution<'_> {
    /// The version that still stands, if the load has nothing to publish.
    pub(super) fn nothing_changed(
        &self,
        package: &Package,
        built: &Built,
        base: Option<&Manifest>,
    ) -> Option<WarehouseVersion> {
        let base = base?;
        let same = !built.tables.iter().any(|table| table.changed)
            && base.business_date == self.business_date
            && base.model_hash == self.model.hash()
            && base.certificates.get("rejects")
                == Some(&rejected::certificate(package, &built.rejects));
        same.then_some(base.version)
    }

    /// Writes every table, the audit tables, and last the manifest.
    pub(super) async fn publish(
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
        let rows = audit::audit_rows(&pending, record)
            .map_err(Error::arrow("writing the audit tables"))?;
        for (table, rows) in rows {
            let files = self.append(table, &rows, base).await?;
            self.commit(table, &rows.schema(), files, base, &mut manifest)
                .await?;
        }
        self.keep_lineage(built.lineage, base, &mut manifest)
            .await?;
        let files = self.write_rejects(package, &rejects, base, record).await?;
        self.commit(reject::TABLE, &reject::schema(), files, base, &mut manifest)
            .await?;
        self.runtime.crash_point("after_tables")?;
        manifest
            .watermarks
            .insert("audit_key".into(), record.audit_key.into());
        certify(&mut manifest, package, record, &rejects);
        self.publishing.store(true, Ordering::Relaxed);
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
                let next = self.write_table(table).await?;
                let commit = commit.rearranging(next.rearranged);
                commit.commit(&table.schema, &next.files).await?.entry
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

    /// Edits the files of a table, joins small ones, and adds its new rows; returns all of its files.
    async fn write_table(&self, table: &NextTable) -> Result<NextFiles> {
        let options = WriteOptions {
            row_group_rows: self.options.settings.etl.row_group_rows,
            ..WriteOptions::default()
        };
        let options = options.of_load(self.load_id);
        let options = options.within(self.options.settings.etl.memory_bytes);
        let options = options.sorted_by(table.sorted_by.iter().map(String::as_str));
        let kept = (table.kept.as_slice(), table.edits.as_ref());
        let edited = self.edited((&table.name, &table.schema), kept, &options);
        let (mut next, added) = tokio::try_join!(edited, self.added(table, &options))?;
        next.files.extend(added);
        Ok(next)
    }

    /// Writes the new rows of a table.
    async fn added(&self, table: &NextTable, options: &WriteOptions) -> Result<Vec<DataFile>> {
        let schema = Arc::clone(&table.schema);
        let mut writer = TableWriter::new(self.warehouse, &table.name, schema, options)?;
        for rows in table.rows.batches() {
            let doing = || format!("reading the rows for {}", table.name);
            writer.write(&rows.map_err(Error::arrow(doing()))?).await?;
        }
        Ok(writer.finish().await?)
    }

    /// The files of a table that stay, edited, and small ones joined.
    pub(super) async fn edited(
        &self,
        (name, schema): (&str, &SchemaRef),
        (kept, edits): (&[DataFile], Option<&RowEdits>),
        options: &WriteOptions,
    ) -> Result<NextFiles> {
        let runs = runs(kept, options, self.options.settings.etl.join_files);
        if !runs.is_empty() {
            let files: usize = runs.iter().map(Vec::len).sum();
            tracing::info!(
                table = name,
                files,
                into = runs.len(),
                "small files are joined"
            );
        }
        let table = EditedTable {
            warehouse: self.warehouse,
            name,
            schema,
            options,
        };
        let none = RowEdits::none(schema).map_err(Error::arrow(format!("editing {name}")))?;
        let edited = table.apply(kept, edits.unwrap_or(&none), &runs);
        Ok(edited.await?)
    }

    /// Adds the lineage of a new model; without one the published table stands.
    async fn keep_lineage(
        &self,
        lineage: Option<RecordBatch>,
        base: Option<&PinnedWarehouse>,
        manifest: &mut Manifest,
    ) -> Result<()> {
        let published = base.and_then(|base| base.table(lineage::TABLE));
        let files = match (&lineage, published) {
            (Some(rows), _) => self.append(lineage::TABLE, rows, base).await?,
            (None, Some(published)) => NextFiles {
                files: published.files().to_vec(),
                ..NextFiles::default()
            },
            (None, None) => return Ok(()),
        };
        let schema = lineage::schema();
        self.commit(lineage::TABLE, &schema, files, base, manifest)
            .await
    }

    /// Adds rows to an audit table and joins small files of it; returns all of its files.
    async fn append(
        &self,
        table: &str,
        rows: &RecordBatch,
        base: Option<&PinnedWarehouse>,
    ) -> Result<NextFiles> {
        let published = base.and_then(|base| base.table(table));
        let files = published.map(|table| table.files()).unwrap_or_default();
        if rows.num_rows() == 0 {
            return Ok(NextFiles {
                files: files.to_vec(),
                ..NextFiles::default()
            });
        }
        let options = WriteOptions::default().of_load(self.load_id);
        let rows = std::slice::from_ref(rows);
        let schema = rows[0].schema();
        let mut next = self
            .edited((table, &schema), (files, None), &options)
            .await?;
        let added = write_table(self.warehouse, table, schema, &options, rows).await?;
        next.files.extend(added);
        Ok(next)
    }

    /// Makes files those of an audit table.
    async fn commit(
        &self,
        table: &str,
        schema: &SchemaRef,
        next: NextFiles,
        base: Option<&PinnedWarehouse>,
        manifest: &mut Manifest,
    ) -> Result<()> {
        let published = base.and_then(|base| base.table(table));
        let entry = published.map(|table| table.entry());
        let commit = TableCommit::new(self.warehouse, table, self.load_id, entry);
        let commit = commit.rearranging(next.rearranged);
        let entry = commit.commit(schema, &next.files).await?.entry;
        manifest.tables.insert(table.to_owned(), entry);
        Ok(())
    }
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

/// Writes the proofs of the load into the manifest.
fn certify(manifest: &mut Manifest, package: &Package, record: &LoadRecord, rejects: &[Rejected]) {
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
    let proof = rejected::certificate(package, rejects);
    manifest.certificates.insert("rejects".into(), proof);
}
