//! A fact: fresh rows laid beside the published ones, of which only those are read whole that change.
//!
//! ```text
//! published row groups ──► ids, places, hashes ─┐
//! fresh rows, chunk by chunk on threads ────────┴─► new ──► by day ──► added
//!                                                   changed, gone, moved ──► edited in their places, or removed and added
//! ```
//! Ids that do not fit into memory are dealt out to several rounds.

mod book;
mod changed;
mod edits;
mod left;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::TryStreamExt as _;
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::{PinnedTable, PinnedWarehouse};

use crate::conform::Conformed;
use crate::dimension::{Tally, align};
use crate::error::{Error, Result};
use crate::fact::{
    self, Bridging, ByDay, FactInput, KeySet, LookedUp, Prepared, Rekeying, Round, Rules, Settled,
    Standing, is_past, source_id, standing_rows,
};
use crate::register::Register;
use crate::reject::{Rejecting, Rejects};
use crate::spool::{Lease, bytes_of, unpinned};
use crate::staging::Package;
use crate::threads;
use crate::warehouse::{Place, RowEdits};

use crate::load::balance::{Balance, Stage};
use crate::load::build::{Built, Fed, NextRows, NextTable};
use crate::load::execute::Execution;
use crate::load::scan::TableScan;

/// Rows that become fact rows at once.
const CHUNK: usize = 65_536;
/// What an id takes while rows are compared: its slots, hash, place and mark.
const BYTES_OF_ID: u64 = 56;
/// What the chain of an id takes that was booked more than once.
const BYTES_OF_CHAIN: u64 = 32;

impl Execution<'_> {
    /// Builds the fact of a star.
    pub(super) async fn star(
        &self,
        star: &Star,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Vec<Balance>> {
        let Some(fed) = self.fed(&star.entity, conformed) else {
            return Ok(Vec::new());
        };
        let audit_key = built.audit_key;
        let preparation = self.preparation(star, &fed, conformed, base, audit_key);
        let Some(preparation) = preparation.await? else {
            return Ok(Vec::new());
        };
        let mut prepared = self.prepared(&preparation, &fed, base, built)?;
        let Some(mut bridges) = self.bridges(star, conformed, base, built).await? else {
            return Ok(Vec::new());
        };
        if !star.bridges.is_empty() {
            let groups = |rows: &RecordBatch| self.with_groups(&mut bridges, rows.clone(), built);
            prepared.rows = prepared.rows.map(&self.memory, groups)?;
        }
        let input = FactInput {
            star,
            source_system: &fed.source.name,
            prepare: &preparation,
            members: &built.members,
            dimensions: &self.model.dimensions,
            minis: &built.minis,
            zone: self.model.zone(),
            audit_key,
        };
        let name = star.table();
        let day = fact::day_column(star, &built.members);
        let load = FactLoad {
            execution: self,
            published: base.and_then(|base| base.table(&name)),
            schema: fact::arrow_schema(star),
            base,
            bridges: &bridges.work,
            rekeying: Rekeying::of(&input, &prepared.rows.schema(), &bridges.work),
            package,
            fed: &fed,
            prepared: &prepared,
            day,
            input,
        };
        let mut outcome = load.run().await?;
        let groups = std::mem::take(&mut outcome.groups);
        let (next, rejects, notices) = load.next(outcome)?;
        let mut balances = Balance::of_star(&star.name, &next.tally, &rejects, prepared.told);
        balances.extend(self.bridge_tables(bridges, &groups, base, built)?);
        built.reject(Stage::Star, &star.name, rejects);
        built.notices.extend(notices);
        built.tables.push(next);
        Ok(balances)
    }
}

/// The load of one fact.
struct FactLoad<'a> {
    execution: &'a Execution<'a>,
    input: FactInput<'a>,
    prepared: &'a Prepared,
    published: Option<&'a PinnedTable>,
    base: Option<&'a PinnedWarehouse>,
    bridges: &'a [Bridging<'a>],
    /// The keys of published rows that the load does not give.
    rekeying: Rekeying<'a>,
    schema: SchemaRef,
    /// The column by which the files are sorted.
    day: Option<String>,
    package: &'a Package,
    fed: &'a Fed<'a>,
}

/// What a load makes of a fact.
struct Outcome {
    /// Rows to add.
    added: ByDay,
    /// Whole rows that take the places of published ones, and these places.
    edited: Vec<RecordBatch>,
    places: Vec<Place>,
    /// In which columns they may differ.
    columns: Vec<bool>,
    /// Published rows that leave their places.
    removed: Vec<Place>,
    /// What edits take of the memory.
    lease: Lease,
    /// The most bytes that published rows take, on the average of a row group.
    width: usize,
    rejects: Rejecting,
    tally: Tally,
    out_of_order: usize,
    looked_up: LookedUp,
    is_reshaped: bool,
    /// What the operator should know.
    notices: Vec<String>,
    /// The groups that the facts have, for each bridge of the star.
    groups: Vec<KeySet>,
}

impl FactLoad<'_> {
    async fn run(&self) -> Result<Outcome> {
        let memory = self.execution.options.settings.etl.memory_bytes;
        let day = self.day.as_ref();
        let day = day.and_then(|day| self.schema.index_of(day).ok());
        let least = self.execution.room();
        let mut outcome = Outcome {
            added: ByDay::new(self.schema.clone(), day, &self.execution.memory, least),
            edited: Vec::new(),
            places: Vec::new(),
            columns: vec![false; self.schema.fields().len()],
            removed: Vec::new(),
            lease: self.execution.memory.lease(),
            width: 0,
            rejects: Rejecting::new(&self.execution.memory),
            tally: Tally::default(),
            out_of_order: 0,
            looked_up: LookedUp::default(),
            is_reshaped: false,
            notices: Vec::new(),
            groups: vec![KeySet::default(); self.input.star.bridges.len()],
        };
        let bytes = BYTES_OF_ID + u64::from(self.input.star.is_offset()) * BYTES_OF_CHAIN;
        let of = (self.ids() * bytes).div_ceil(memory as u64 / 2).max(1);
        for number in 0..of {
            self.round(Round { number, of }, &mut outcome).await?;
        }
        tracing::info!(
            fact = self.input.star.table(),
            members = outcome.looked_up.members,
            core_seconds = outcome.looked_up.time.as_secs_f64(),
            rounds = of,
            "members looked up"
        );
        Ok(outcome)
    }

    /// How many ids there are: most of those that come are published already.
    fn ids(&self) -> u64 {
        let files = self.published.map(PinnedTable::files).unwrap_or_default();
        let published = files.iter().map(|file| file.rows).sum::<u64>();
        published.max(self.prepared.rows.num_rows() as u64)
    }

    fn ids_of(&self, round: Round) -> usize {
        usize::try_from(self.ids() / round.of).unwrap_or_default()
    }

    /// Looks at the ids of one round.
    async fn round(&self, round: Round, outcome: &mut Outcome) -> Result<()> {
        if self.input.star.is_offset() {
            return self.book(round, outcome).await;
        }
        let mut standing = Standing::new(round, self.ids_of(round));
        self.read(&mut standing, outcome).await?;
        let changed = self.meet(&mut standing, outcome)?;
        outcome.tally.standing += standing.living;
        self.groups(&standing, outcome).await?;
        match outcome.is_reshaped {
            true => self.write_anew(&standing, outcome).await,
            false => {
                self.edit_changed(changed, outcome).await?;
                self.edit_rest(&standing, outcome).await
            }
        }
    }

    fn scan<'s>(&'s self, table: &'s PinnedTable) -> TableScan<'s> {
        TableScan {
            warehouse: self.execution.warehouse,
            table,
        }
    }

    /// Published rows in today's columns; true if they had others.
    fn aligned(&self, rows: &RecordBatch) -> Result<(RecordBatch, bool)> {
        let aligned = align(&self.input.star.table(), rows, &self.schema)?;
        let rows = standing_rows(self.input.star, &aligned)?;
        Ok((rows, aligned.is_reshaped()))
    }

    /// Reads what is published.
    async fn read(&self, standing: &mut Standing, outcome: &mut Outcome) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let star = self.input.star;
        let (period, held) = (self.prepared.period, &self.prepared.held);
        let room = self.execution.share_room();
        let mut rejected = Register::new(&room.memory, room.least);
        if star.periodic.is_some() {
            // the ids of the star are others than those of the source
            let tell = |id: &str| Ok(rejected.put(rejected.key(id), 1)?);
            self.execution
                .each_rejected(self.package, self.fed, tell)
                .await?;
        }
        let stays = |id: &str| {
            let source = source_id(star, id);
            Ok(is_past(id, period) || rejected.has(&source)? || held.has(&source)?)
        };
        let any = !rejected.is_empty() || !held.is_empty() || period.is_some();
        let rules = Rules {
            rekeying: &self.rekeying,
            stays: any.then_some(&stays),
        };
        let doing = || format!("comparing fact '{}'", star.name);
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            outcome.widens(&group.rows);
            let (rows, is_reshaped) = self.aligned(&group.rows)?;
            outcome.is_reshaped |= is_reshaped;
            let added = standing.add(&rows, group.first, &rules);
            added.map_err(Error::arrow(doing()))?;
        }
        if star.periodic.is_none() {
            let tell = |id: &str| {
                standing.keep(id);
                Ok(())
            };
            self.execution
                .each_rejected(self.package, self.fed, tell)
                .await?;
        }
        Ok(())
    }

    /// Lays the fresh rows beside what is published; returns those that say something else, and where that is.
    fn meet(
        &self,
        standing: &mut Standing,
        outcome: &mut Outcome,
    ) -> Result<(Vec<RecordBatch>, Vec<Place>)> {
        let (input, round, seed) = (&self.input, standing.round(), standing.seed());
        let (mut changed, mut places) = (Vec::new(), Vec::new());
        threads::in_order(
            self.chunks(),
            |rows| fact::chunk(input, rows, round, seed),
            |chunk| {
                outcome.out_of_order += chunk.out_of_order;
                outcome.looked_up.add(chunk.looked_up);
                let settled = fact::settle(input, chunk, standing)?;
                for rows in [&settled.new, &settled.changed] {
                    fact::groups_in(input.star, rows, &mut outcome.groups);
                }
                self.add(&settled.new, outcome)?;
                outcome.tally.add(&settled.tally);
                let Settled {
                    changed: rows,
                    places: at,
                    rejects,
                    ..
                } = settled;
                outcome.reject(rejects)?;
                if rows.num_rows() == 0 {
                    return Ok(());
                }
                if outcome.is_reshaped {
                    return self.add(&rows, outcome);
                }
                if !outcome.lease.grow(bytes_of(&rows)) {
                    outcome.removed.extend(at);
                    return self.add(&rows, outcome);
                }
                changed.push(unpinned(rows).map_err(self.building())?);
                places.extend(at);
                Ok(())
            },
        )?;
        Ok((changed, places))
    }

    /// The fresh rows, many at a time.
    fn chunks(&self) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
        let schema = self.prepared.rows.schema();
        let doing = format!("reading the rows of star '{}'", self.input.star.name);
        let bytes = self.execution.options.settings.etl.memory_bytes / 64;
        let mut batches = self.prepared.rows.batches();
        let mut waiting: Option<RecordBatch> = None;
        std::iter::from_fn(move || {
            let mut some = Vec::new();
            let (mut rows, mut most) = (0, CHUNK);
            while rows < most {
                let batch = match waiting.take().map(Ok).or_else(|| batches.next()) {
                    None => break,
                    Some(Ok(batch)) => batch,
                    Some(Err(error)) => return Some(Err(Error::arrow(doing.clone())(error))),
                };
                most = most.min(edits::rows_of(&batch, bytes).max(rows + 1));
                let part = batch.num_rows().min(most - rows);
                if part < batch.num_rows() {
                    waiting = Some(batch.slice(part, batch.num_rows() - part));
                }
                rows += part;
                some.push(batch.slice(0, part));
            }
            (rows > 0).then(|| concat_batches(&schema, &some).map_err(Error::arrow(doing.clone())))
        })
    }

    fn add(&self, rows: &RecordBatch, outcome: &mut Outcome) -> Result<()> {
        let columns = rows.columns().to_vec();
        let rows = RecordBatch::try_new(SchemaRef::clone(&self.schema), columns);
        let added = rows.and_then(|rows| outcome.added.push(rows));
        added.map_err(self.building())
    }

    fn building(&self) -> impl FnOnce(ArrowError) -> Error {
        Error::arrow(format!("building fact '{}'", self.input.star.name))
    }

    /// The table as it shall be, the rejected rows, and what the operator should know.
    fn next(&self, outcome: Outcome) -> Result<(NextTable, Rejects, Vec<String>)> {
        let name = self.input.star.table();
        let edits = match outcome.edited.first() {
            None => RecordBatch::new_empty(SchemaRef::clone(&self.schema)),
            Some(first) => {
                concat_batches(&first.schema(), &outcome.edited).map_err(self.building())?
            }
        };
        let edits = RowEdits::new(&edits, &outcome.places, &outcome.columns, outcome.removed);
        let kept = self.published.filter(|_| !outcome.is_reshaped);
        let mut notices = outcome.notices;
        if outcome.out_of_order > 0 {
            let wrong = outcome.out_of_order;
            notices.push(format!(
                "{name}: {wrong} rows reached a milestone before one that comes earlier; the durations between them are empty"
            ));
        }
        let tally = outcome.tally;
        let rejects = outcome.rejects.finish().map_err(self.building())?;
        let next = NextTable {
            changed: self.published.is_none() || outcome.is_reshaped || tally.has_changes(),
            name,
            schema: SchemaRef::clone(&self.schema),
            kept: kept.map(|table| table.files().to_vec()).unwrap_or_default(),
            edits: Some(edits.map_err(self.building())?),
            rows: NextRows::ByDay(outcome.added.finish()),
            sorted_by: self.day.iter().cloned().collect(),
            tally,
        };
        Ok((next, rejects, notices))
    }
}
