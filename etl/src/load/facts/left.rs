//! Published rows that the load does not give, under their keys of today.
//!
//! ```text
//! rows ──look──► keys that are sure ────────────────────────────────────────────► edited, or added where the columns changed
//!           └──► keys in doubt ──► those whose version lost time ──► retained packages ──┘
//! ```
//! A row is in doubt where nothing in it tells at which of several versions its member was looked up. Whether it matters is seen
//! from the published ends of the versions; only then earlier packages are read for the rows as they were given.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use futures::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::fact::{self, Doubt, Known, Rekeyed, Rest, SOURCE_ROW_ID};
use crate::load::backfill::Wanted;
use crate::spool::bytes_of;
use crate::warehouse::{Place, changed_columns};

use super::edits::short;
use super::{FactLoad, Outcome};

/// Published rows, what becomes of each, and where each is.
pub(super) struct Left {
    pub(super) rows: RecordBatch,
    pub(super) rest: Vec<Rest>,
    pub(super) places: Vec<Place>,
}

impl Left {
    fn filter(&self, which: &BooleanArray) -> Result<Self, arrow::error::ArrowError> {
        let at = || which.values().set_indices();
        Ok(Self {
            rows: filter_record_batch(&self.rows, which)?,
            rest: at().map(|row| self.rest[row]).collect(),
            places: at().map(|row| self.places[row]).collect(),
        })
    }
}

impl FactLoad<'_> {
    /// Writes rows under their keys of today; those in doubt wait.
    pub(super) fn write_sure(
        &self,
        left: Left,
        waiting: &mut Vec<Left>,
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
        waiting.push(left.filter(&in_doubt).map_err(doing())?);
        let sure = not(&in_doubt).and_then(|sure| left.filter(&sure));
        let sure = sure.map_err(doing())?;
        let rekeyed = self.rekeying.look(&sure.rows).map_err(doing())?;
        self.write_left(&sure, &rekeyed, outcome)
    }

    /// Writes the rows that were in doubt, as far as anybody knows when they were looked up.
    pub(super) async fn write_waiting(
        &self,
        waiting: Vec<Left>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let known = self.known(&waiting, outcome).await?;
        for left in waiting {
            let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
            let rekeyed = self.rekeying.look_knowing(&left.rows, &known);
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
        outcome.edited.push(new);
        Ok(())
    }

    /// The keys of rows in doubt, where it matters, from the latest retained package that gives them.
    async fn known(&self, waiting: &[Left], outcome: &mut Outcome) -> Result<Known> {
        let mut known = Known::new();
        let (lost, columns) = self.lost(waiting).await?;
        if lost.is_empty() {
            return Ok(known);
        }
        let (star, model) = (self.input.star, self.execution.model);
        let wanted = Wanted::of_rows(model, star, |name| columns.contains(name));
        let packages = self.execution.earlier_of_all(&wanted).await?;
        for package in packages.iter().rev() {
            let is_told = |id: &String| known.get(id).is_some_and(|it| it.len() == columns.len());
            if lost.iter().all(is_told) {
                break;
            }
            // of what a package does not hold it would say that nothing was given
            let groups = star.bridges.iter().map(|bridge| bridge.group_column());
            let told = package.columns.iter().cloned().chain(groups);
            let keys: Vec<String> = told.filter(|name| columns.contains(name)).collect();
            self.then(package, |rows| learn(rows, &keys, &lost, &mut known))
                .await?;
        }
        let unknown = lost.iter().filter(|id| !known.contains_key(*id)).count();
        if unknown > 0 {
            let name = star.table();
            outcome.notices.push(format!(
                "{name}: {unknown} rows that the load does not give stand under members whose past is another now; no retained staging \
                 package tells more of these rows, so they stay with the earlier version"
            ));
        }
        Ok(known)
    }

    /// The ids of the rows in doubt of which a version has lost time, and the key columns of these doubts.
    async fn lost(&self, waiting: &[Left]) -> Result<(HashSet<String>, HashSet<String>)> {
        let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
        let mut doubts: Vec<(String, Doubt)> = Vec::new();
        for left in waiting {
            let rekeyed = self.rekeying.look(&left.rows).map_err(doing())?;
            let ids = left.rows.column_by_name(SOURCE_ROW_ID);
            let Some(ids) = ids.map(|ids| ids.as_string::<i32>()) else {
                continue;
            };
            let of_rows = rekeyed.doubts.into_iter();
            doubts.extend(of_rows.map(|doubt| (ids.value(doubt.row).to_owned(), doubt)));
        }
        let mut wanted: HashMap<&str, HashSet<i32>> = HashMap::new();
        for (_, doubt) in &doubts {
            let versions = doubt.versions.iter().flatten().map(|(key, _)| *key);
            let (_, dimension) = self.rekeying.subject(doubt);
            wanted.entry(dimension).or_default().extend(versions);
        }
        let mut ends = HashMap::new();
        for (dimension, keys) in &wanted {
            ends.insert(*dimension, self.published_ends(dimension, keys).await?);
        }
        let (mut ids, mut columns) = (HashSet::new(), HashSet::new());
        for (id, doubt) in &doubts {
            let (column, dimension) = self.rekeying.subject(doubt);
            let ends = ends.get(dimension);
            if ends.is_some_and(|ends| doubt.matters(ends)) {
                ids.insert(id.clone());
                columns.insert(column.to_owned());
            }
        }
        Ok((ids, columns))
    }

    /// When the published versions of some keys end; of a mini-dimension those of its history.
    async fn published_ends(
        &self,
        dimension: &str,
        keys: &HashSet<i32>,
    ) -> Result<HashMap<i32, i64>> {
        let model = self.execution.model;
        let (Some(declared), Some(base)) = (model.dimension(dimension), self.base) else {
            return Ok(HashMap::new());
        };
        let history = model.mini_history(declared);
        let declared = history.as_ref().unwrap_or(declared);
        let Some(table) = base.table(&declared.table()) else {
            return Ok(HashMap::new());
        };
        let mut ends = HashMap::new();
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
            let pairs = of.zip(to).filter(|(key, _)| keys.contains(key));
            ends.extend(pairs.map(|(key, to)| (*key, *to)));
        }
        Ok(ends)
    }
}

/// Takes note of the keys of some rows of a star that are asked for; who has told one already had the later word.
fn learn(rows: &RecordBatch, columns: &[String], lost: &HashSet<String>, known: &mut Known) {
    let Some(ids) = rows.column_by_name(SOURCE_ROW_ID) else {
        return;
    };
    for (row, id) in ids.as_string::<i32>().iter().enumerate() {
        let Some(id) = id.filter(|id| lost.contains(*id)) else {
            continue;
        };
        let told = known.entry(id.to_owned()).or_default();
        for name in columns {
            let keys = rows
                .column_by_name(name)
                .map(|it| it.as_primitive::<Int32Type>());
            if let Some(keys) = keys.filter(|keys| keys.is_valid(row)) {
                told.entry(name.clone()).or_insert(keys.value(row));
            }
        }
    }
}
