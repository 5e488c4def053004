//! A dimension of an entity: which members a load touches, what is published of them, and what becomes of its tables.
//!
//! ```text
//! conformed rows ──sieve──► unchanged (counted) · new without a past (bulk) · touched ──┐
//! published tables ──► versions, keys and what was seen of the touched ────────────────┴─► build ──► added, changed, removed
//! ```

mod everything;
mod gathered;
mod key_order;
mod known_ids;
mod of_packages;
mod past;
mod recognise;
mod referred;
mod retained;
mod shares;
mod tables;
mod versions;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use planisphere_schemas::model::Dimension;
use planisphere_schemas::warehouse::{PinnedTable, PinnedWarehouse};

use crate::dealt::Dealt;
use crate::dimension::{
    self, Aliases, Bulk, DimensionInput, Doubts, Indexing, Issued, MemberIndex, Origin, Sieve,
    Tally, build_in_parts, changes_schema, changes_table, map_schema, map_table,
};
use crate::error::{Error, Result};
use crate::register::Register;
use crate::reject::Rejects;
use crate::spool::Spooled;
use crate::staging::Package;

use crate::load::balance::{Balance, Stage};
use crate::load::build::{Built, Fed};
use crate::load::closure;
use crate::load::execute::Execution;
use crate::load::nature::{audited, nature};
use crate::load::referenced::References;
use crate::load::scan::TableScan;

pub(in crate::load) use self::gathered::MemberRows;

use self::gathered::Gathered;
use self::past::{Past, PastOfShare};
use self::recognise::Silent;
use self::referred::ids_of;
use self::shares::Shares;
use self::tables::{Building, KEYS};

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
    table: Gathered,
    map: Gathered,
    /// What is to be kept of what was seen; with `all_changes` it takes the place of what was kept.
    changes: Spooled,
    all_changes: bool,
    /// Ties that another batching may decide otherwise.
    doubts: Doubts,
    /// New members without a past.
    bulk: Arc<Bulk>,
    aliases: Aliases,
    moved: HashMap<i32, i32>,
    tally: Tally,
    rejects: Rejects,
    /// The published members, if they were indexed on the way.
    members: Option<Indexing>,
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
        let origin = Origin {
            dimension,
            source_system: &fed.source.name,
            nature: nature(fed.entity),
            snapshot_at: package.began_at.timestamp_micros(),
            zone: self.model.zone(),
        };
        let work = DimensionLoad {
            execution: self,
            told_anew: self.told_anew(dimension, base).await?,
            origin,
            fed,
            package,
            published: Published::of(dimension, base),
            referenced: built.referenced.remove(&dimension.name),
            presents: built.presents.remove(&dimension.name).unwrap_or_default(),
            combinations: built.combinations_of(dimension),
            audit_key: built.audit_key,
        };
        let mut outcome = match work.published {
            Some(published)
                if !published.is_of(dimension)
                    || self.is_otherwise(dimension, base)
                    || work.is_told_anew() =>
            {
                work.whole(Some(published)).await?
            }
            None if base.is_some() && work.is_told_by_packages().await? => work.whole(None).await?,
            _ => work.touched().await?,
        };
        built.notices.extend(work.in_doubt(&outcome.doubts));
        if self.is_looked_up(dimension) {
            let members = work.index(&mut outcome).await?;
            built.members.insert(dimension.name.clone(), members);
        }
        work.own(&outcome, &mut built.minis).await?;
        if self.model.dimension(&dimension.name).is_none() {
            let attributes = dimension.attributes.iter().map(|it| it.name.clone());
            built.versions = Some(work.versions(&outcome, attributes).await?);
        }
        if dimension.parent.is_some() {
            let columns = closure::columns(dimension);
            let versions = work.versions(&outcome, columns).await?;
            let said = (&versions, &outcome.aliases);
            self.closure(dimension, said, base, built).await?;
        }
        let (tally, rejects) = (outcome.tally, &outcome.rejects);
        let balance = Balance::of_tally(Stage::Dimension, &dimension.name, &tally, rejects);
        built.reject(Stage::Dimension, &dimension.name, rejects.clone());
        built.tables.extend(work.tables(outcome));
        built.members.extend(work.combinations);
        Ok(balance)
    }

    /// True if the published version keeps the history of any attribute in another way: every member has other versions.
    fn is_otherwise(&self, dimension: &Dimension, base: Option<&PinnedWarehouse>) -> bool {
        let before = base.map(|base| &base.manifest().model);
        let Some(before) = before.and_then(|model| model.dimension(&dimension.name)) else {
            return false;
        };
        let mut attributes = dimension.attributes.iter();
        attributes.any(|now| {
            before
                .attribute(&now.name)
                .is_some_and(|it| it.scd != now.scd)
        })
    }

    /// True if something looks up members of a dimension: the role of a star, or, of the history of a mini-dimension, which is
    /// not declared, the mini-dimension.
    pub(in crate::load) fn is_looked_up(&self, dimension: &Dimension) -> bool {
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
    origin: Origin<'a>,
    fed: &'a Fed<'a>,
    package: &'a Package,
    published: Option<Published<'a>>,
    /// The attributes whose past is told anew by the packages of earlier loads.
    told_anew: BTreeSet<String>,
    /// What mini-dimensions that are built anew tell of present combinations.
    presents: Vec<Spooled>,
    /// The combinations of each of its mini-dimensions.
    combinations: BTreeMap<String, MemberIndex>,
    /// Where facts refer to members.
    referenced: Option<References>,
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

    /// What the operator should know of ties in doubt.
    fn in_doubt(&self, doubts: &Doubts) -> Option<String> {
        let entity = &self.fed.entity.name;
        doubts.example.as_ref().map(|example| {
            format!(
                "{}: of {} members, '{example}' among them, changes of {} instants have the same sequence and came under different models, and not all \
                 is known that tells which of them has the last word: what holds from then on may differ from what a load of all changes at once makes; \
                 declare a 'sequence' that tells them apart in the changes of entity '{entity}', or 'planisphere-etl rebuild' into an empty folder",
                self.origin.dimension.table(),
                doubts.members,
                doubts.instants,
            )
        })
    }

    /// Builds the members that the load touches, and those that are new.
    async fn touched(&self) -> Result<Outcome> {
        let mut sieve = Sieve::new(self.origin, &self.fed.rows.rows, self.published.is_some())?;
        let mut silent = Silent::default();
        if let Some(published) = self.published {
            self.recognise(&mut sieve, published, &mut silent).await?;
        }
        silent.merged.extend(sieve.merged().iter().cloned());
        for id in &silent.merged {
            sieve.touch(id);
        }
        let seed = match self.published {
            Some(_) => None,
            None => self.execution.seed(&map_table(self.origin.dimension)),
        };
        if seed.is_some() {
            sieve.touch_all();
        }
        // other members than those that the changes tell of have to be searched for
        let is_found = !sieve.compares() && silent.is_empty();
        let strangers = self.strangers(&sieve, &mut silent)?;
        let sorted = sieve.sorted();
        let mut found = sorted.touched + strangers.len();
        let touched = match self.published {
            Some(published) => {
                let found = silent.found.take().filter(|_| is_found);
                let touched = self.find_touched(published, (&sieve, &silent), found);
                Some((published, touched.await?))
            }
            None => None,
        };
        found += touched.as_ref().map_or(0, |(_, touched)| touched.len());
        found += seed.map_or(0, TableScan::num_rows);
        let width = match self.published {
            // most of what is looked at is not in the rows of the load
            Some(published) if silent.ids.len() > sorted.touched => {
                self.width_of(published.table).await?
            }
            _ => 0,
        };
        let width = width.max(self.fed.rows.rows.width());
        let width = width.max(strangers.width());
        let memory = self.execution.options.settings.etl.memory_bytes / 2;
        let shares = Shares::of(found, width, memory, &silent.merged);
        let past = match (&touched, seed) {
            (Some((published, touched)), _) => {
                let who = (&sieve, &silent);
                self.past(*published, touched, who, &shares).await?
            }
            (None, Some(seed)) => self.past_of_seed(seed, &shares).await?,
            (None, None) => self.no_past()?,
        };
        let rows = self.deal_rows(&sieve, &shares)?;
        let mut issued = past.issued;
        let bulk = sieve.bulk(&self.fed.rows.rows, &mut issued, self.audit_key);
        drop((sieve, touched));
        let rejected = match silent.ids.len() {
            0 => self.nobody_rejected(),
            _ => self.rejected(|id| silent.ids.find(id).is_some()).await?,
        };
        let dealt = SharedOut {
            rows,
            past,
            shares: shares.number as usize,
            strangers: self.deal_strangers(&strangers, &shares)?,
            merged: &silent.merged,
            rejected: &rejected,
            is_seeded: seed.is_some(),
        };
        let mut outcome = self.build_shares(&dealt, issued)?.finish(bulk)?;
        outcome.members = silent.members;
        add_up(&mut outcome.tally, sorted, silent.standing);
        Ok(outcome)
    }

    /// Builds one share after the other; each issues keys from where the one before it has ended.
    fn build_shares(&self, dealt: &SharedOut<'_>, mut issued: Issued) -> Result<Building> {
        let doing = || format!("building dimension '{}'", self.origin.dimension.name);
        let mut building = self.building(issued.keys, KEYS);
        for share in 0..dealt.shares {
            let rows = dealt.rows.share(share).map_err(Error::arrow(doing()))?;
            let strangers = ids_of(&dealt.strangers, share).map_err(Error::arrow(doing()))?;
            let of_share = self.of_share(&dealt.past, share)?;
            let is_published = self.published.is_some();
            let known = Some(&of_share.existing.rows);
            let rejected_ids = self.rejected_of(dealt.rejected, known, &strangers)?;
            let PastOfShare {
                existing,
                map,
                changes,
                ..
            } = of_share;
            let input = DimensionInput {
                entity: self.origin.of(&rows),
                existing: is_published.then_some(existing),
                existing_map: (is_published || dealt.is_seeded).then_some(map),
                existing_changes: is_published.then_some(changes),
                issued,
                referenced: &strangers,
                is_seeded: dealt.is_seeded,
                is_whole: false,
                has_specials: !is_published && share == 0,
                audited: audited(self.origin.dimension, self.fed),
                rejected_ids: &rejected_ids,
                audit_key: self.audit_key,
            };
            let build = build_in_parts(input, dealt.merged)?;
            issued = build.issued;
            building.add(build, (&of_share.table_places, &of_share.map_places))?;
        }
        Ok(building)
    }
}

/// What a load knows of the members that it touches, dealt out to shares.
struct SharedOut<'a> {
    rows: Dealt,
    past: Past,
    /// How many shares there are.
    shares: usize,
    /// The members that only facts refer to.
    strangers: Dealt,
    /// The members that were merged, and those into which they were.
    merged: &'a HashSet<String>,
    /// The ids of rows that were rejected before they reached the dimension.
    rejected: &'a Register,
    is_seeded: bool,
}

/// Adds the rows that did not go through [`build_in_parts`].
fn add_up(tally: &mut Tally, sorted: dimension::Sorted, standing: u64) {
    let (new, unchanged) = (sorted.plain as u64, sorted.unchanged as u64);
    tally.read += new + unchanged;
    tally.loaded += new;
    tally.inserted += new;
    tally.unchanged += unchanged;
    tally.standing = standing;
}
