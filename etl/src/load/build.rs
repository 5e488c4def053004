//! Builds every dimension and fact of a load; nothing is written here but what memory does not hold.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, DimensionKind, Entity, Source};
use planisphere_schemas::warehouse::{DataFile, PinnedWarehouse};

use crate::conform::Conformed;
use crate::dimension::{MemberIndex, MiniIndex, Tally, build_calendar, build_time_of_day};
use crate::error::{Error, Result};
use crate::fact::Sorted;
use crate::reject::Rejects;
use crate::spool::{Lease, Spooled};
use crate::staging::Package;
use crate::warehouse::RowEdits;

use super::balance::{Balance, Stage};
use super::execute::Execution;
use super::members::MemberRows;
use super::order::in_order;
use super::published::read_table;
use super::ragged::incomplete;
use super::record::LoadRecord;
use super::referenced::{Referenced, referenced};
use super::rejected::Rejected;

/// A table as it shall be: files that stay and rows to write.
pub(super) struct NextTable {
    pub(super) name: String,
    pub(super) schema: SchemaRef,
    pub(super) kept: Vec<DataFile>,
    /// What becomes of rows of the files that stay.
    pub(super) edits: Option<RowEdits>,
    /// Rows to add, in their order.
    pub(super) rows: NextRows,
    pub(super) sorted_by: Vec<String>,
    pub(super) tally: Tally,
    /// False if the published table stays as it is.
    pub(super) changed: bool,
}

/// Rows to add to a table, in their order.
pub(super) enum NextRows {
    /// Rows in memory.
    Batches(Vec<RecordBatch>),
    /// Rows as they came, which may lie in files.
    Spooled(Spooled),
    /// Rows of a fact, which may lie in files.
    ByDay(Sorted),
    /// Rows of a dimension or key map, which may lie in files.
    Members(Box<MemberRows>),
}

impl From<Vec<RecordBatch>> for NextRows {
    fn from(batches: Vec<RecordBatch>) -> Self {
        Self::Batches(batches)
    }
}

impl NextRows {
    /// The rows, some at a time.
    pub(super) fn batches(
        &self,
    ) -> Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send + '_> {
        match self {
            Self::Batches(batches) => Box::new(batches.iter().cloned().map(Ok)),
            Self::Spooled(rows) => Box::new(rows.batches()),
            Self::ByDay(rows) => rows.batches(),
            Self::Members(rows) => rows.batches(),
        }
    }
}

/// Everything that a load has worked out before it writes.
#[derive(Default)]
pub(super) struct Built {
    pub(super) tables: Vec<NextTable>,
    /// The rejected rows of each object.
    pub(super) rejects: Vec<Rejected>,
    pub(super) members: BTreeMap<String, MemberIndex>,
    pub(super) minis: BTreeMap<String, MiniIndex>,
    /// The versions of the history of a mini-dimension that was built last.
    pub(super) versions: Option<Spooled>,
    pub(super) referenced: Referenced,
    /// What the indexes of mini-dimensions take of the memory.
    pub(super) charged: Vec<Lease>,
    /// For owners of mini-dimensions whose histories were built anew what these tell of present combinations.
    pub(super) presents: BTreeMap<String, Vec<Spooled>>,
    /// What the operator should know.
    pub(super) notices: Vec<String>,
    pub(super) audit_key: i64,
    /// Rows for `audit_lineage`.
    pub(super) lineage: Option<RecordBatch>,
}

impl Built {
    /// Takes the rejected rows of an object.
    pub(super) fn reject(&mut self, stage: Stage, name: &str, rejects: Rejects) {
        self.rejects.push(Rejected {
            stage,
            name: name.to_owned(),
            rejects,
        });
    }

    /// Takes out the combinations of each mini-dimension of a dimension.
    pub(super) fn combinations_of(&mut self, owner: &Dimension) -> BTreeMap<String, MemberIndex> {
        let minis = owner.minis().into_iter();
        let minis = minis.filter_map(|mini| self.members.remove_entry(mini));
        minis.collect()
    }
}

impl Execution<'_> {
    /// Builds all dimensions, then all facts.
    pub(super) async fn build(
        &self,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        record: &mut LoadRecord,
    ) -> Result<Built> {
        let mut built = Built {
            audit_key: record.audit_key,
            referenced: referenced(self.model, conformed),
            ..Built::default()
        };
        self.referenced_before(&mut built.referenced, conformed, base)
            .await?;
        for (name, entity) in conformed {
            built.reject(Stage::Entity, name, entity.rejects.clone());
        }
        for dimension in in_order(self.model) {
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
        record.notices.append(&mut built.notices);
        Ok(built)
    }

    async fn dimension(
        &self,
        dimension: &Dimension,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Vec<Balance>> {
        match &dimension.kind {
            DimensionKind::Calendar(_) | DimensionKind::TimeOfDay(_) => {
                self.generated(dimension, base, built).await?;
            }
            DimensionKind::Combination => {
                self.combinations(dimension, conformed, base, built).await?
            }
            // its owner makes it
            DimensionKind::Mini { .. } => {}
            DimensionKind::Entity { entity, .. } => {
                let Some(fed) = self.fed(entity, conformed) else {
                    return Ok(Vec::new());
                };
                let (mut rows, mut balances) =
                    self.minis(dimension, &fed, package, base, built).await?;
                if !dimension.outriggers.is_empty() {
                    let refer = |some: &_| self.outriggers(dimension, some, built);
                    rows.rows = rows.rows.map(&self.memory, refer)?;
                }
                let incomplete = incomplete(dimension, &rows.rows)?;
                built.notices.extend(incomplete);
                let fed = Fed { rows: &rows, ..fed };
                balances.push(self.members(dimension, &fed, package, base, built).await?);
                return Ok(balances);
            }
        }
        Ok(Vec::new())
    }

    /// What feeds a dimension or star; `None` if this load does not read its entity.
    pub(super) fn fed<'a>(
        &'a self,
        entity: &str,
        conformed: &'a BTreeMap<String, Conformed>,
    ) -> Option<Fed<'a>> {
        let (source, entity) = self.model.entity(entity)?;
        let rows = conformed.get(&entity.name)?;
        Some(Fed {
            source,
            entity,
            rows,
        })
    }

    async fn generated(
        &self,
        dimension: &Dimension,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let key = built.audit_key;
        let rows = match &dimension.kind {
            DimensionKind::Calendar(spec) => build_calendar(dimension, spec, key),
            DimensionKind::TimeOfDay(spec) => build_time_of_day(dimension, *spec, key),
            _ => return Ok(()),
        };
        let rows = rows.map_err(Error::arrow(format!("generating '{}'", dimension.name)))?;
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
            rows: vec![rows].into(),
            edits: None,
            sorted_by: vec![dimension.key_column()],
            tally: Tally {
                inserted,
                ..Tally::default()
            },
            changed,
        });
        Ok(())
    }
}

/// The rows that feed a dimension or star, and where they come from.
pub(super) struct Fed<'a> {
    pub(super) source: &'a Source,
    pub(super) entity: &'a Entity,
    pub(super) rows: &'a Conformed,
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
