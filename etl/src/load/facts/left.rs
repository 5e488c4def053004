//! Published rows that the load does not give, under their keys of today.
//!
//! ```text
//! rows ──look──► keys that are sure ────────────────────────────────────────────► edited, or added where the columns changed
//!           └──► keys in doubt ──► those whose version lost time ──► retained packages ──┘
//! ```
//! A row is in doubt where nothing in it tells at which of several versions its member was looked up. Whether it matters is seen
//! from the published ends of the versions; only then earlier packages are read for the rows as they were given.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use futures::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::fact::{self, KeySet, Known, Rekeyed, Rest, SOURCE_ROW_ID};
use crate::load::backfill::Wanted;
use crate::register::Register;
use crate::spool::{Memory, Spool, Spooled, bytes_of};
use crate::warehouse::{Place, changed_columns};

use super::changed::{with_places, without_places};
use super::edits::short;
use super::{FactLoad, Outcome};

/// Published rows, what becomes of each, and where each is.
pub(super) struct Left {
    pub(super) rows: RecordBatch,
    pub(super) rest: Vec<Rest>,
    pub(super) places: Vec<Place>,
}

impl Left {
    fn filter(&self, which: &BooleanArray) -> Result<Self, ArrowError> {
        let at = || which.values().set_indices();
        Ok(Self {
            rows: filter_record_batch(&self.rows, which)?,
            rest: at().map(|row| self.rest[row]).collect(),
            places: at().map(|row| self.places[row]).collect(),
        })
    }
}

/// Published rows that wait: those that are gone, and those that the load does not give.
pub(super) struct Waiting {
    memory: Memory,
    /// None before the first row.
    spools: Option<[Spool; 2]>,
}

impl Waiting {
    /// No row waits.
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            memory: memory.clone(),
            spools: None,
        }
    }

    fn push(&mut self, left: &Left) -> Result<(), ArrowError> {
        let gone: Vec<bool> = left.rest.iter().map(|it| *it == Rest::Gone).collect();
        let gone = BooleanArray::from(gone);
        for (which, at) in [(gone.clone(), 0), (not(&gone)?, 1)] {
            let left = left.filter(&which)?;
            let rows = with_places(&left.rows, &left.places)?;
            let new = || [0, 1].map(|_| Spool::new(rows.schema(), &self.memory));
            self.spools.get_or_insert_with(new)[at].push(rows)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<(Spooled, Rest)>, ArrowError> {
        let spools = self.spools.into_iter().flatten();
        let spools = spools.zip([Rest::Gone, Rest::Checked]);
        spools
            .map(|(rows, rest)| Ok((rows.finish()?, rest)))
            .collect()
    }
}

/// The rows that waited, some at a time.
fn waited(waiting: &[(Spooled, Rest)]) -> impl Iterator<Item = Result<Left, ArrowError>> + '_ {
    waiting.iter().flat_map(|(rows, rest)| {
        rows.batches().map(|rows| {
            let (rows, places) = without_places(&rows?)?;
            Ok(Left {
                rest: vec![*rest; rows.num_rows()],
                rows,
                places,
            })
        })
    })
}

impl FactLoad<'_> {
    /// Writes rows under their keys of today; those in doubt wait.
    pub(super) fn write_sure(
        &self,
        left: Left,
        waiting: &mut Waiting,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let rekeyed = self.rekeying.look(&left.rows).map_err(doing())?;
        if rekeyed.doubts.is_empty() {
            return self.write_left(&left, &rekeyed, outcome);
        }
        let mut in_doubt = vec![false; left.rows.num_rows()];
        for doubt in &rekeyed.doubts {
            in_doubt[doubt.row] = true;
        }
        let in_doubt = BooleanArray::from(in_doubt);
        let filtered = left.filter(&in_doubt);
        let pushed = filtered.and_then(|left| waiting.push(&left));
        pushed.map_err(doing())?;
        let sure = not(&in_doubt).and_then(|sure| left.filter(&sure));
        let sure = sure.map_err(doing())?;
        let rekeyed = self.rekeying.look(&sure.rows).map_err(doing())?;
        self.write_left(&sure, &rekeyed, outcome)
    }

    /// Writes the rows that were in doubt, as far as anybody knows when they were looked up.
    pub(super) async fn write_waiting(
        &self,
        waiting: Waiting,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let waiting = waiting.finish().map_err(doing())?;
        if waiting.is_empty() {
            return Ok(());
        }
        let known = self.known(&waiting, outcome).await?;
        for left in waited(&waiting) {
            let left = left.map_err(doing())?;
            let rekeyed = self.rekeying.look_knowing(&left.rows, Some(&known));
            self.write_left(&left, &rekeyed.map_err(doing())?, outcome)?;
        }
        Ok(())
    }

    fn write_left(&self, left: &Left, rekeyed: &Rekeyed, outcome: &mut Outcome) -> Result<()> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let audit_key = self.input.audit_key;
        let (new, changed) = fact::rewritten(rekeyed, &left.rest, audit_key).map_err(doing())?;
        fact::groups_in(self.input.star, &new, &mut outcome.groups);
        let pairs = left.rest.iter().zip(&rekeyed.moves);
        let moved = pairs.filter(|(rest, moves)| **moves && **rest != Rest::Gone);
        outcome.tally.updated += moved.count() as u64;
        if outcome.is_reshaped {
            return self.add(&new, outcome);
        }
        let new = filter_record_batch(&new, &changed).map_err(doing())?;
        let at: Vec<u32> = changed.values().set_indices().map(short).collect();
        if at.is_empty() {
            return Ok(());
        }
        let places = at.iter().map(|row| left.places[*row as usize]);
        if !outcome.lease.grow(bytes_of(&new)) {
            outcome.removed.extend(places);
            return self.add(&new, outcome);
        }
        let columns = changed_columns(&left.rows, &UInt32Array::from(at.clone()), &new);
        outcome.differs(columns.map_err(doing())?);
        outcome.places.extend(places);
        outcome.edits(new)
    }

    /// The keys of rows in doubt, where it matters, from the latest retained package that gives them.
    async fn known(&self, waiting: &[(Spooled, Rest)], outcome: &mut Outcome) -> Result<Known> {
        let (mut known, columns) = self.lost(waiting).await?;
        if known.asked() == 0 {
            return Ok(known);
        }
        let (star, model) = (self.input.star, self.execution.model);
        let wanted = Wanted::of_rows(model, star, |name| columns.contains(name));
        let packages = self.execution.earlier_of_all(&wanted).await?;
        for package in packages.iter().rev() {
            if known.is_all(columns.len()) {
                break;
            }
            // of what a package does not hold it would say that nothing was given
            let groups = star.bridges.iter().map(|bridge| bridge.group_column());
            let told = package.columns.iter().cloned().chain(groups);
            let keys: Vec<String> = told.filter(|name| columns.contains(name)).collect();
            self.then(package, |rows| known.learn(rows, &keys)).await?;
        }
        let unknown = known.untold();
        if unknown > 0 {
            let name = star.table();
            outcome.notices.push(format!(
                "{name}: {unknown} rows that the load does not give stand under members whose past is another now; no retained staging \
                 package tells more of these rows, so they stay with the earlier version"
            ));
        }
        Ok(known)
    }

    /// Asks for the rows in doubt of which a version has lost time; also the key columns of these doubts.
    async fn lost(&self, waiting: &[(Spooled, Rest)]) -> Result<(Known, BTreeSet<String>)> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let mut wanted: BTreeMap<&str, KeySet> = BTreeMap::new();
        for left in waited(waiting) {
            let rekeyed = left.and_then(|left| self.rekeying.look(&left.rows));
            for doubt in rekeyed.map_err(doing())?.doubts {
                let versions = doubt.versions.iter().flatten().map(|(key, _)| *key);
                let (_, dimension) = self.rekeying.subject(&doubt);
                let wanted = wanted.entry(dimension).or_default();
                wanted.add(&versions.collect::<Vec<i32>>());
            }
        }
        let mut ends = BTreeMap::new();
        for (dimension, keys) in &wanted {
            ends.insert(*dimension, self.published_ends(dimension, keys).await?);
        }
        let (memory, least) = self.waiting_room();
        let (mut lost, mut columns) = (Known::new(memory, least), BTreeSet::new());
        for left in waited(waiting) {
            let left = left.map_err(doing())?;
            let rekeyed = self.rekeying.look(&left.rows).map_err(doing())?;
            let Some(ids) = left.rows.column_by_name(SOURCE_ROW_ID) else {
                continue;
            };
            let ids = ids.as_string::<i32>();
            for doubt in rekeyed.doubts {
                let (column, dimension) = self.rekeying.subject(&doubt);
                let Some(ends) = ends.get(dimension) else {
                    continue;
                };
                let end = |key: i32| Ok(ends.get(key_of(key))?.map(u64::cast_signed));
                if doubt.matters(end).map_err(doing())? {
                    lost.ask(ids.value(doubt.row)).map_err(doing())?;
                    if !columns.contains(column) {
                        columns.insert(column.to_owned());
                    }
                }
            }
        }
        Ok((lost, columns))
    }

    /// What is told of rows in doubt shares the memory with rows on their way; so many bytes of it may wait in any case.
    fn waiting_room(&self) -> (&Memory, usize) {
        let least = self.execution.options.settings.etl.memory_bytes / 64;
        (&self.execution.memory, least)
    }

    /// When the published versions of some keys end; of a mini-dimension those of its history.
    async fn published_ends(&self, dimension: &str, keys: &KeySet) -> Result<Register> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let model = self.execution.model;
        let (memory, least) = self.waiting_room();
        let mut ends = Register::new(memory, least);
        let (Some(declared), Some(base)) = (model.dimension(dimension), self.base) else {
            return Ok(ends);
        };
        let history = model.mini_history(declared);
        let declared = history.as_ref().unwrap_or(declared);
        let Some(table) = base.table(&declared.table()) else {
            return Ok(ends);
        };
        let name = declared.key_column();
        let columns = [name.as_str(), "valid_to"];
        let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            let column = |name: &str| group.rows.column_by_name(name);
            let (Some(of), Some(to)) = (column(&name), column("valid_to")) else {
                continue;
            };
            let of = of.as_primitive::<Int32Type>().values().iter();
            let to = to.as_primitive::<TimestampMicrosecondType>().values();
            for (key, to) in of.zip(to).filter(|(key, _)| keys.has(**key)) {
                let put = ends.put(key_of(*key), to.cast_unsigned());
                put.map_err(ArrowError::from).map_err(doing())?;
            }
        }
        Ok(ends)
    }
}

/// A key of a version as one of a register.
fn key_of(key: i32) -> u128 {
    u128::from(key.cast_unsigned())
}
