//! A fact: fresh rows laid beside the published ones, of which only those are read whole that change.
//!
//! ```text
//! published row groups ──► ids, places, hashes ─┐
//! fresh rows, chunk by chunk on threads ────────┴─► new ──► by day ──► added
//!                                                   changed, gone, moved ──► edited in their places, or removed and added
//! ```
//! Ids that do not fit into memory are dealt out to several rounds.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, not, take_record_batch};
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt as _;
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::{PinnedTable, PinnedWarehouse};

use crate::conform::Conformed;
use crate::dimension::{IdIndex, Tally, align};
use crate::error::{Error, Result};
use crate::fact::{
    self, ByDay, FactInput, Prepared, Rest, Retired, Round, Rules, Settled, Standing, is_past,
    source_id, standing_rows,
};
use crate::reject::Reject;
use crate::spool::{Lease, bytes_of};
use crate::staging::Package;
use crate::threads;
use crate::warehouse::{Place, RowEdits, changed_columns};

use super::balance::Balance;
use super::build::{Built, Fed, NextRows, NextTable};
use super::execute::Execution;
use super::scan::TableScan;

/// Rows that become fact rows at once.
const CHUNK: usize = 65_536;
/// What an id takes while rows are compared: its slots, hash, place and mark.
const BYTES_OF_ID: u64 = 56;

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
            heirs: &bridges.heirs,
            zone: self.model.zone(),
            audit_key,
        };
        let name = star.table();
        let day = fact::day_column(star, &built.members);
        let load = FactLoad {
            execution: self,
            published: base.and_then(|base| base.table(&name)),
            schema: fact::arrow_schema(star),
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
        built.rejects.extend(rejects);
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
    rejects: Vec<Reject>,
    tally: Tally,
    out_of_order: usize,
    is_reshaped: bool,
    /// The groups that the facts have, for each bridge of the star.
    groups: Vec<HashSet<i32>>,
}

impl FactLoad<'_> {
    async fn run(&self) -> Result<Outcome> {
        let memory = self.execution.options.settings.etl.memory_bytes;
        let day = self.day.as_ref();
        let day = day.and_then(|day| self.schema.index_of(day).ok());
        let least = memory / 16;
        let mut outcome = Outcome {
            added: ByDay::new(
                SchemaRef::clone(&self.schema),
                day,
                &self.execution.memory,
                least,
            ),
            edited: Vec::new(),
            places: Vec::new(),
            columns: vec![false; self.schema.fields().len()],
            removed: Vec::new(),
            lease: self.execution.memory.lease(),
            rejects: Vec::new(),
            tally: Tally::default(),
            out_of_order: 0,
            is_reshaped: false,
            groups: vec![HashSet::new(); self.input.star.bridges.len()],
        };
        let files = self.published.map(PinnedTable::files).unwrap_or_default();
        let published = files.iter().map(|file| file.rows).sum::<u64>();
        let ids = published.max(self.prepared.rows.num_rows() as u64);
        // most of the ids that come are published already
        let of = (ids * BYTES_OF_ID).div_ceil(memory as u64 / 2).max(1);
        for number in 0..of {
            self.round(Round { number, of }, &mut outcome).await?;
        }
        Ok(outcome)
    }

    /// Looks at the ids of one round.
    async fn round(&self, round: Round, outcome: &mut Outcome) -> Result<()> {
        let mut standing = Standing::new(round);
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

    fn retired(&self) -> Retired<'_> {
        Retired::of(&self.input)
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
        let mut rejected = IdIndex::default();
        if star.periodic.is_some() {
            // the ids of the star are others than those of the source
            let tell = |id: &str| {
                rejected.add(id);
            };
            self.execution
                .each_rejected(self.package, self.fed, tell)
                .await?;
        }
        let stays = |id: &str| {
            let source = source_id(star, id);
            rejected.find(&source).is_some() || held.contains(&*source) || is_past(id, period)
        };
        let any = rejected.len() > 0 || !held.is_empty() || period.is_some();
        let rules = Rules {
            retired: self.retired(),
            stays: any.then_some(&stays),
        };
        let doing = || format!("comparing fact '{}'", star.name);
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            let (rows, is_reshaped) = self.aligned(&group.rows)?;
            outcome.is_reshaped |= is_reshaped;
            let added = standing.add(&rows, group.first, &rules);
            added.map_err(Error::arrow(doing()))?;
        }
        if star.periodic.is_none() {
            let tell = |id: &str| standing.keep(id);
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
                outcome.rejects.extend(rejects);
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
                changed.push(rows);
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
        let mut batches = self.prepared.rows.batches();
        let mut waiting: Option<RecordBatch> = None;
        std::iter::from_fn(move || {
            let mut some = Vec::new();
            let mut rows = 0;
            while rows < CHUNK {
                let batch = match waiting.take().map(Ok).or_else(|| batches.next()) {
                    None => break,
                    Some(Ok(batch)) => batch,
                    Some(Err(error)) => return Some(Err(Error::arrow(doing.clone())(error))),
                };
                let part = batch.num_rows().min(CHUNK - rows);
                if part < batch.num_rows() {
                    waiting = Some(batch.slice(part, batch.num_rows() - part));
                }
                rows += part;
                some.push(batch.slice(0, part));
            }
            let all = (rows > 0).then(|| concat_batches(&schema, &some));
            all.map(|all| all.map_err(Error::arrow(doing.clone())))
        })
    }

    fn add(&self, rows: &RecordBatch, outcome: &mut Outcome) -> Result<()> {
        let columns = rows.columns().to_vec();
        let doing = || format!("building fact '{}'", self.input.star.name);
        let rows = RecordBatch::try_new(SchemaRef::clone(&self.schema), columns);
        let rows = rows.map_err(Error::arrow(doing()))?;
        outcome.added.push(rows).map_err(Error::arrow(doing()))
    }

    /// Edits the rows that say something else where they keep their day; the others leave their places and are added.
    async fn edit_changed(
        &self,
        (rows, places): (Vec<RecordBatch>, Vec<Place>),
        outcome: &mut Outcome,
    ) -> Result<()> {
        let (Some(table), Some(first)) = (self.published, rows.first()) else {
            return Ok(());
        };
        let doing = || Error::arrow(format!("comparing fact '{}'", self.input.star.name));
        let new = concat_batches(&first.schema(), &rows).map_err(doing())?;
        let mut order: Vec<u32> = (0..u32::try_from(places.len()).unwrap_or(u32::MAX)).collect();
        order.sort_unstable_by_key(|at| places[*at as usize]);
        let places: Vec<Place> = order.iter().map(|at| places[*at as usize]).collect();
        let new = take_record_batch(&new, &UInt32Array::from(order)).map_err(doing())?;
        let old = self.scan(table).rows(&places).await?;
        let (old, _) = self.aligned(&old)?;
        let same_day = fact::is_same_day(&old, &new, self.day.as_deref()).map_err(doing())?;
        let at = same_day.values().set_indices();
        let at = at.map(|row| u32::try_from(row).unwrap_or(u32::MAX));
        let kept: UInt32Array = at.collect::<Vec<u32>>().into();
        let edited = filter_record_batch(&new, &same_day).map_err(doing())?;
        let columns = changed_columns(&old, &kept, &edited).map_err(doing())?;
        for (known, found) in outcome.columns.iter_mut().zip(columns) {
            *known |= found;
        }
        let moved = not(&same_day).and_then(|moved| filter_record_batch(&new, &moved));
        self.add(&moved.map_err(doing())?, outcome)?;
        for (place, same_day) in places.into_iter().zip(same_day.values()) {
            match same_day {
                true => outcome.places.push(place),
                false => outcome.removed.push(place),
            }
        }
        outcome.edited.push(edited);
        Ok(())
    }

    /// Edits the rows that are gone and those whose keys moved.
    async fn edit_rest(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let touched = standing.rest();
        let touched = touched.filter(|(_, rest)| matches!(rest, Rest::Gone | Rest::Moved));
        let (places, rest): (Vec<Place>, Vec<Rest>) = touched.unzip();
        self.count(&rest, &mut outcome.tally);
        let Some(table) = self.published else {
            return Ok(());
        };
        for (places, rest) in places.chunks(CHUNK).zip(rest.chunks(CHUNK)) {
            let old = self.scan(table).rows(places).await?;
            let (old, _) = self.aligned(&old)?;
            let new = self.rewritten(&old, rest)?;
            if !outcome.lease.grow(bytes_of(&new)) {
                outcome.removed.extend(places);
                self.add(&new, outcome)?;
                continue;
            }
            let all: UInt32Array = (0..u32::try_from(new.num_rows()).unwrap_or(u32::MAX))
                .collect::<Vec<u32>>()
                .into();
            let doing = || Error::arrow(format!("comparing fact '{}'", self.input.star.name));
            let columns = changed_columns(&old, &all, &new).map_err(doing())?;
            for (known, found) in outcome.columns.iter_mut().zip(columns) {
                *known |= found;
            }
            outcome.places.extend(places);
            outcome.edited.push(new);
        }
        Ok(())
    }

    /// Adds every published row that no fresh one replaces: the columns of the model are others than those of the files.
    async fn write_anew(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let mut rest = standing.rest().peekable();
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            let (file, first) = group.first;
            let end = (file, first + group.rows.num_rows());
            let (mut rows, mut fates) = (Vec::new(), Vec::new());
            while let Some(((_, row), fate)) = rest.next_if(|(place, _)| *place < end) {
                if fate != Rest::Replaced {
                    rows.push(u32::try_from(row - first).unwrap_or(u32::MAX));
                    fates.push(fate);
                }
            }
            self.count(&fates, &mut outcome.tally);
            let (all, _) = self.aligned(&group.rows)?;
            let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
            let old = take_record_batch(&all, &UInt32Array::from(rows)).map_err(doing())?;
            let new = self.rewritten(&old, &fates)?;
            self.add(&new, outcome)?;
        }
        Ok(())
    }

    /// Takes note of the groups of published rows that no fresh ones replace.
    async fn groups(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let bridges = self.input.star.bridges.iter();
        let columns: Vec<String> = bridges.map(|bridge| bridge.group_column()).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let Some(table) = self.published.filter(|_| !columns.is_empty()) else {
            return Ok(());
        };
        let doing = || Error::arrow(format!("reading the groups of '{}'", self.input.star.name));
        let mut rest = standing.rest().peekable();
        let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            let (file, first) = group.first;
            let end = (file, first + group.rows.num_rows());
            let mut rows = Vec::new();
            while let Some(((_, row), fate)) = rest.next_if(|(place, _)| *place < end) {
                if fate != Rest::Replaced {
                    rows.push(u32::try_from(row - first).unwrap_or(u32::MAX));
                }
            }
            let rows = take_record_batch(&group.rows, &UInt32Array::from(rows));
            let rows = rows.and_then(|rows| self.retired().replaced(&rows));
            fact::groups_in(
                self.input.star,
                &rows.map_err(doing())?,
                &mut outcome.groups,
            );
        }
        Ok(())
    }

    fn rewritten(&self, rows: &RecordBatch, rest: &[Rest]) -> Result<RecordBatch> {
        let doing = format!("rewriting fact '{}'", self.input.star.name);
        let rows = fact::rewritten(rows, rest, &self.retired(), self.input.audit_key);
        rows.map_err(Error::arrow(doing))
    }

    fn count(&self, rest: &[Rest], tally: &mut Tally) {
        let count = |of: Rest| rest.iter().filter(|rest| **rest == of).count() as u64;
        tally.deleted += count(Rest::Gone);
        tally.updated += count(Rest::Moved);
    }

    /// The table as it shall be, the rejected rows, and what the operator should know.
    fn next(&self, outcome: Outcome) -> Result<(NextTable, Vec<Reject>, Vec<String>)> {
        let name = self.input.star.table();
        let doing = || Error::arrow(format!("building fact '{}'", self.input.star.name));
        let edits = match outcome.edited.first() {
            None => RecordBatch::new_empty(SchemaRef::clone(&self.schema)),
            Some(first) => concat_batches(&first.schema(), &outcome.edited).map_err(doing())?,
        };
        let edits = RowEdits::new(&edits, &outcome.places, outcome.columns, outcome.removed);
        let kept = self.published.filter(|_| !outcome.is_reshaped);
        let mut notices = Vec::new();
        if outcome.out_of_order > 0 {
            let wrong = outcome.out_of_order;
            notices.push(format!(
                "{name}: {wrong} rows reached a milestone before one that comes earlier; the durations between them are empty"
            ));
        }
        let tally = outcome.tally;
        let next = NextTable {
            changed: self.published.is_none() || outcome.is_reshaped || tally.has_changes(),
            name,
            schema: SchemaRef::clone(&self.schema),
            kept: kept.map(|table| table.files().to_vec()).unwrap_or_default(),
            edits: Some(edits.map_err(doing())?),
            rows: NextRows::ByDay(outcome.added.finish()),
            sorted_by: self.day.iter().cloned().collect(),
            tally,
        };
        Ok((next, outcome.rejects, notices))
    }
}
