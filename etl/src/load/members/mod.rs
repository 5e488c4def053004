//! A dimension of an entity: which members a load touches, what is published of them, and what becomes of its tables.
//!
//! ```text
//! conformed rows ──sieve──► unchanged (counted) · new without a past (bulk) · touched ──┐
//! published tables ──► versions, keys and what was seen of the touched ────────────────┴─► build ──► added, changed, removed
//! ```

mod past;
mod recognise;
mod retained;
mod tables;
mod versions;

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use planisphere_schemas::model::Dimension;
use planisphere_schemas::warehouse::{PinnedTable, PinnedWarehouse};

use crate::dimension::{
    self, Bulk, DimensionBuild, DimensionInput, EntityRows, Issued, Nature, Sieve, Sorted, Tally,
    align, build_dimension, build_in_parts, changes_schema, changes_table, map_schema, map_table,
};
use crate::error::{Error, Result};
use crate::staging::Package;

use crate::load::balance::{Balance, Stage};
use crate::load::build::{Built, Fed};
use crate::load::closure;
use crate::load::execute::Execution;
use crate::load::nature::{audited, nature};
use crate::load::published::read_table;
use crate::load::rejected::texts;
use crate::load::scan::TableScan;

use self::past::KeyPlaces;
use self::recognise::Silent;

/// The published tables of a dimension.
#[derive(Clone, Copy)]
struct Published<'a> {
    table: &'a PinnedTable,
    map: &'a PinnedTable,
    /// `None` of warehouses that kept nothing of what was seen.
    changes: Option<&'a PinnedTable>,
}

/// What a load makes of a dimension.
struct Outcome {
    build: DimensionBuild,
    bulk: Bulk,
    /// Where the published rows of the touched members are.
    places: KeyPlaces,
    /// True if the tables are written anew.
    is_whole: bool,
}

impl Execution<'_> {
    /// Builds a dimension of an entity.
    pub(super) async fn members(
        &self,
        dimension: &Dimension,
        fed: &Fed<'_>,
        package: &Package,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Balance> {
        let doing = || format!("reading the entity of dimension '{}'", dimension.name);
        let rows = fed.rows.rows.whole().map_err(Error::arrow(doing()))?;
        let entity = EntityRows {
            dimension,
            source_system: &fed.source.name,
            rows: &rows,
            nature: nature(fed.entity),
            snapshot_at: package.began_at.timestamp_micros(),
        };
        let work = DimensionLoad {
            execution: self,
            told_anew: self.told_anew(dimension, base).await?,
            entity,
            fed,
            package,
            published: Published::of(dimension, base),
            referenced: built.referenced.remove(&dimension.name).unwrap_or_default(),
            audit_key: built.audit_key,
        };
        let outcome = match work.published {
            Some(published) if !published.is_of(dimension) || !work.told_anew.is_empty() => {
                work.whole(published).await?
            }
            _ => work.touched().await?,
        };
        if self.is_looked_up(dimension) {
            let members = work.index(&outcome).await?;
            built.members.insert(dimension.name.clone(), members);
        }
        work.own(&outcome, &mut built.minis).await?;
        if self.model.dimension(&dimension.name).is_none() {
            let attributes = dimension.attributes.iter().map(|it| it.name.clone());
            built.versions = work.versions(&outcome, attributes).await?;
        }
        if dimension.parent.is_some() {
            let columns = closure::columns(dimension);
            let versions = work.versions(&outcome, columns).await?;
            let said = (versions.as_slice(), &outcome.build.aliases);
            self.closure(dimension, said, base, built).await?;
        }
        let (tally, rejects) = (outcome.build.tally, &outcome.build.rejects);
        let balance = Balance::of_tally(Stage::Dimension, &dimension.name, &tally, rejects);
        built.rejects.extend(rejects.iter().cloned());
        built.tables.extend(work.tables(outcome)?);
        Ok(balance)
    }

    /// True if something looks up members of a dimension: the role of a star, or, of the history of a mini-dimension, which is
    /// not declared, the mini-dimension.
    fn is_looked_up(&self, dimension: &Dimension) -> bool {
        let mut roles = self.model.stars.iter().flat_map(|star| &star.roles);
        let mut outriggers = self.model.dimensions.iter().flat_map(|it| &it.outriggers);
        let mut bridges = self.model.stars.iter().flat_map(|star| &star.bridges);
        roles.any(|role| role.dimension == dimension.name)
            || bridges.any(|bridge| bridge.dimension == dimension.name)
            || outriggers.any(|outrigger| outrigger.dimension == dimension.name)
            || self.model.dimension(&dimension.name).is_none()
    }
}

/// The load of one dimension.
struct DimensionLoad<'a> {
    execution: &'a Execution<'a>,
    entity: EntityRows<'a>,
    fed: &'a Fed<'a>,
    package: &'a Package,
    published: Option<Published<'a>>,
    /// The attributes whose past is told anew by the packages of earlier loads.
    told_anew: BTreeSet<String>,
    /// The ids that facts refer to.
    referenced: BTreeSet<String>,
    audit_key: i64,
}

impl<'a> Published<'a> {
    fn of(dimension: &Dimension, base: Option<&'a PinnedWarehouse>) -> Option<Self> {
        let base = base?;
        Some(Self {
            table: base.table(&dimension.table())?,
            map: base.table(&map_table(dimension))?,
            changes: base.table(&changes_table(dimension)),
        })
    }

    /// True if the tables have the columns that the model declares today.
    fn is_of(self, dimension: &Dimension) -> bool {
        has_columns(self.table, &dimension::arrow_schema(dimension))
            && has_columns(self.map, &map_schema(dimension))
            && self
                .changes
                .is_some_and(|table| has_columns(table, &changes_schema(dimension)))
    }
}

fn has_columns(table: &PinnedTable, schema: &SchemaRef) -> bool {
    let columns = |schema: &SchemaRef| -> Vec<_> {
        let fields = schema.fields().iter();
        fields
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect()
    };
    columns(table.schema()) == columns(schema)
}

impl DimensionLoad<'_> {
    fn scan<'s>(&'s self, table: &'s PinnedTable) -> TableScan<'s> {
        TableScan {
            warehouse: self.execution.warehouse,
            table,
        }
    }

    /// Builds every member anew: the model changed, or the tables are of an older form.
    async fn whole(&self, published: Published<'_>) -> Result<Outcome> {
        let dimension = self.entity.dimension;
        let warehouse = self.execution.warehouse;
        let name = dimension.table();
        let rows = read_table(warehouse, published.table).await?;
        let existing = align(&name, &rows, &dimension::arrow_schema(dimension))?;
        let existing = self.forgotten(existing);
        let mut known = texts(&existing.rows, &dimension.id_column());
        known.extend(self.referenced.iter().cloned());
        let rejected_ids = self
            .execution
            .rejected_ids(self.package, self.fed, &known)
            .await?;
        let existing_changes = match published.changes {
            Some(table) => {
                let rows = read_table(warehouse, table).await?;
                let kept = align(table.name(), &rows, &changes_schema(dimension))?;
                let is_stream = self.entity.nature == Nature::Changes;
                Some(match is_stream && !self.told_anew.is_empty() {
                    true => self.words_anew(kept).await?,
                    false => {
                        let kept = self.forgotten_words(kept)?;
                        self.with_retained(&existing, kept).await?
                    }
                })
            }
            None => None,
        };
        let mut build = build_dimension(DimensionInput {
            entity: self.entity,
            existing: Some(existing),
            existing_map: Some(read_table(warehouse, published.map).await?),
            existing_changes,
            issued: Issued::default(),
            referenced: &self.referenced,
            is_seeded: false,
            is_whole: true,
            audited: audited(dimension, self.fed),
            rejected_ids: &rejected_ids,
            audit_key: self.audit_key,
        })?;
        if !build.tally.has_changes() {
            // the columns of the key map changed, or there was no table of changes
            build.tally.updated = published.table.files().iter().map(|file| file.rows).sum();
        }
        Ok(Outcome {
            build,
            bulk: Bulk::default(),
            places: KeyPlaces::default(),
            is_whole: true,
        })
    }

    /// The key map of the warehouse that is built anew, for the first load of the new one.
    async fn seed(&self) -> Result<Option<RecordBatch>> {
        let dimension = self.entity.dimension;
        let map = map_table(dimension);
        let rows = match self.published {
            Some(_) => None,
            None => self.execution.issued_keys(&map, None).await?,
        };
        let seed = rows.map(|rows| align(&map, &rows, &map_schema(dimension)));
        Ok(seed.transpose()?.map(|seed| seed.rows))
    }

    /// Builds the members that the load touches, and those that are new.
    async fn touched(&self) -> Result<Outcome> {
        let dimension = self.entity.dimension;
        let doing = || format!("building dimension '{}'", dimension.name);
        let mut sieve = Sieve::new(self.entity)?;
        let mut silent = Silent::new(&self.referenced);
        if let Some(published) = self.published {
            self.recognise(&mut sieve, published, &mut silent).await?;
        }
        silent.merged.extend(sieve.heirs());
        for id in &silent.merged {
            sieve.touch(id);
        }
        // other members than those that the changes tell of have to be searched for
        let has_places = !sieve.compares() && silent.ids.is_empty() && silent.merged.is_empty();
        let places = has_places.then(|| std::mem::take(&mut silent.places));
        let seed = self.seed().await?;
        let is_seeded = seed.is_some();
        if is_seeded {
            sieve.touch_all();
        }
        let mut sorted = sieve.sort();
        let inferred = silent.strangers(&self.referenced, &sieve);
        silent.ids.extend(inferred.iter().cloned());
        for id in silent.ids.iter().chain(&silent.merged) {
            sorted.members.add(id);
        }
        let past = match self.published {
            Some(published) => Some(self.past(published, &sorted, (&silent, places)).await?),
            None => None,
        };
        let mut issued = past.as_ref().map(|past| past.issued).unwrap_or_default();
        let bulk = sieve
            .bulk(&sorted.plain, &mut issued, self.audit_key)
            .map_err(Error::arrow(doing()))?;
        let rows = sieve.rows(&sorted.touched)?;
        let (existing, existing_map, existing_changes, places) = match past {
            Some(past) => (
                Some(past.existing),
                Some(past.map),
                Some(past.changes),
                past.places,
            ),
            None => (None, seed, None, KeyPlaces::default()),
        };
        let rejected_ids = self
            .execution
            .rejected_ids(self.package, self.fed, &silent.ids)
            .await?;
        let input = DimensionInput {
            entity: EntityRows {
                rows: &rows,
                ..self.entity
            },
            existing,
            existing_map,
            existing_changes,
            issued,
            referenced: &inferred,
            is_seeded,
            is_whole: false,
            audited: audited(dimension, self.fed),
            rejected_ids: &rejected_ids,
            audit_key: self.audit_key,
        };
        let mut build = build_in_parts(input, &silent.merged)?;
        add_up(&mut build.tally, &sorted, &silent);
        Ok(Outcome {
            build,
            bulk,
            places,
            is_whole: false,
        })
    }
}

/// Adds the rows that did not go through [`build_dimension`].
fn add_up(tally: &mut Tally, sorted: &Sorted, silent: &Silent) {
    let new = sorted.plain.len() as u64;
    tally.read += new + sorted.unchanged;
    tally.loaded += new;
    tally.inserted += new;
    tally.unchanged += sorted.unchanged;
    tally.standing = silent.standing;
}
