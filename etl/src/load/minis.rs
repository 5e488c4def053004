//! Builds the mini-dimensions of a dimension before the dimension itself.
//!
//! ```text
//! conformed rows ──► history of the fast attributes ──► combinations that occurred ──► present combination of each row
//! ```

use std::pin::pin;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::{filter_record_batch, not};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use futures::TryStreamExt as _;
use planisphere_schemas::model::{Dimension, current_id_column, current_key_column};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::{Conformed, DELETED};
use crate::dealt::{Dealing, Dealt};
use crate::dimension::{
    Combinations, MemberIndex, MiniIndex, Occurring, Tables, changes_schema, changes_table,
    map_table, mini_attributes, present_words, share_of,
};
use crate::error::{Error, Result};
use crate::spool::{Spool, Spooled, bytes_of};
use crate::staging::Package;

use super::balance::Balance;
use super::build::{Built, Fed, NextTable};
use super::combinations::column_named;
use super::execute::Execution;
use super::outriggers::with_columns;
use super::scan::TableScan;

impl Execution<'_> {
    /// Builds the mini-dimensions of a dimension; returns its rows with the present combinations beside them.
    pub(super) async fn minis(
        &self,
        owner: &Dimension,
        fed: &Fed<'_>,
        package: &Package,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<(Conformed, Vec<Balance>)> {
        let mut rows = fed.rows.clone();
        let mut balances = Vec::new();
        for name in owner.minis() {
            let Some(mini) = self.model.dimension(name) else {
                continue;
            };
            let Some(history) = self.model.mini_history(mini) else {
                continue;
            };
            balances.push(self.members(&history, fed, package, base, built).await?);
            let doing = || Error::arrow(format!("building mini-dimension '{}'", mini.name));
            let Some(versions) = built.versions.take() else {
                continue;
            };
            let mut occurred = Occurring::default();
            for versions in versions.batches() {
                let attributes = mini_attributes(mini, &versions.map_err(doing())?);
                let found = Combinations::written(mini, &attributes).map_err(doing())?;
                occurred.add(&found).map_err(doing())?;
            }
            if fed.entity.changes.is_some() {
                for rows in rows.rows.batches() {
                    let rows = rows.map_err(doing())?;
                    let told = not(rows[DELETED].as_boolean()).map_err(doing())?;
                    let told = filter_record_batch(&rows, &told).map_err(doing())?;
                    let told = combinations(mini, &told, self.model.zone())?;
                    occurred.add(&told).map_err(doing())?;
                }
                self.seen_before(owner, (mini, &history), base, (built, &mut occurred))
                    .await?;
            }
            self.combined(mini, &occurred, base, built).await?;
            rows.rows = rows.rows.map(&self.memory, |rows| {
                with_present(mini, rows, built.members.get(name), self.model.zone())
            })?;
            if let Some(words) = self.presents(owner, mini, &history, base, built)? {
                let presents = built.presents.entry(owner.name.clone()).or_default();
                presents.push(words);
            }
            let history = built.members.remove(&history.name);
            if let (Some(history), Some(index)) = (history, built.members.get(name)) {
                let charged = self.memory.charge(versions.num_rows() * BYTES_OF_KEYS);
                built.charged.push(charged);
                let index = MiniIndex::new(mini, history, &versions, index).map_err(doing())?;
                built.minis.insert(name.to_owned(), index);
            }
        }
        Ok((rows, balances))
    }

    /// Adds the combinations of changes that an earlier load has seen, also of those that had no last word, if their owner or the
    /// mini-dimension is another one than before: the last words may be others now.
    async fn seen_before(
        &self,
        owner: &Dimension,
        (mini, history): (&Dimension, &Dimension),
        base: Option<&PinnedWarehouse>,
        (built, occurred): (&Built, &mut Occurring),
    ) -> Result<()> {
        let name = changes_table(history);
        let table = built.tables.iter().find(|table| table.name == name);
        let (Some(base), Some(table)) = (base, table) else {
            return Ok(());
        };
        let before = |it: &Dimension| base.manifest().model.dimension(&it.name) == Some(it);
        if !table.kept.is_empty() && before(owner) && before(mini) {
            return Ok(());
        }
        let doing = || Error::arrow(format!("building mini-dimension '{}'", mini.name));
        for words in table.rows.batches() {
            let found = words.and_then(|words| whole_combinations(mini, &words));
            let added = found.and_then(|found| occurred.add(&found));
            added.map_err(doing())?;
        }
        if let Some(table) = base.table(&name).filter(|_| !table.kept.is_empty()) {
            let warehouse = self.warehouse;
            let names = mini.attributes.iter().map(|it| it.name.as_str());
            let columns: Vec<&str> = names.chain([KNOWN]).collect();
            let mut groups = pin!(TableScan { warehouse, table }.groups(&columns));
            while let Some(group) = groups.try_next().await? {
                let found = whole_combinations(mini, &group.rows);
                let added = found.and_then(|found| occurred.add(&found));
                added.map_err(doing())?;
            }
        }
        Ok(())
    }

    /// What the history of a mini-dimension tells its owner of present combinations, if it is built anew or is new in a warehouse
    /// that is not: what members that the load does not show have now may be called otherwise. It is told in shares of the
    /// members that fit into memory.
    fn presents(
        &self,
        owner: &Dimension,
        mini: &Dimension,
        history: &Dimension,
        base: Option<&PinnedWarehouse>,
        built: &Built,
    ) -> Result<Option<Spooled>> {
        let next = |name: String| built.tables.iter().find(|table| table.name == name);
        let tables = [history.table(), map_table(history), changes_table(history)].map(next);
        let ([Some(table), Some(map), Some(changes)], Some(index)) =
            (tables, built.members.get(&mini.name))
        else {
            return Ok(None);
        };
        if base.is_none() || !table.kept.is_empty() {
            return Ok(None);
        }
        let doing = || Error::arrow(format!("building mini-dimension '{}'", mini.name));
        let memory = self.options.settings.etl.memory_bytes;
        let mut bytes = 0;
        for rows in [table, map, changes]
            .map(|it| it.rows.batches())
            .into_iter()
            .flatten()
        {
            bytes += told_in(&rows.map_err(doing())?);
        }
        let shares = u32::try_from(bytes.div_ceil(memory / 4)).unwrap_or(u32::MAX);
        let shares = shares.clamp(1, 4_096);
        let dealing = |table: &NextTable| {
            let schema = Arc::clone(&table.schema);
            let dealing = Dealing::new(schema, &self.memory, memory / 16);
            dealt(table, &history.id_column(), (dealing, shares)).map_err(doing())
        };
        let (table, map, changes) = (dealing(table)?, dealing(map)?, dealing(changes)?);
        let mut words = Spool::new(changes_schema(owner), &self.memory);
        for share in 0..shares as usize {
            let tables = Tables {
                table: table.share(share).map_err(doing())?,
                map: map.share(share).map_err(doing())?,
                changes: changes.share(share).map_err(doing())?,
            };
            let told = present_words(owner, mini, &tables, index, built.audit_key);
            let told = told.and_then(|told| words.push(told));
            told.map_err(doing())?;
        }
        words.finish().map(Some).map_err(doing())
    }
}

/// Columns of the changes of a history.
const KNOWN: &str = "_known";
/// What the index of a mini-dimension takes of a version: a key of the history, and about one of the owner.
const BYTES_OF_KEYS: usize = 8;

/// The combinations in words that say all of one.
fn whole_combinations(mini: &Dimension, words: &RecordBatch) -> Result<Combinations, ArrowError> {
    let names: Vec<&str> = mini.attributes.iter().map(|it| it.name.as_str()).collect();
    let known = words.column(words.schema().index_of(KNOWN)?);
    let knows_all = |known: &str| {
        let known: Vec<&str> = known.split(' ').collect();
        names.iter().all(|name| known.contains(name))
    };
    let known = known.as_string::<i32>().iter();
    let known: BooleanArray = known.map(|known| known.map(&knows_all)).collect();
    let words = filter_record_batch(words, &known)?;
    Combinations::written(mini, &mini_attributes(mini, &words))
}

/// The bytes that it takes to tell what some rows say of present combinations, about.
fn told_in(rows: &RecordBatch) -> usize {
    4 * bytes_of(rows) + 600 * rows.num_rows()
}

/// The rows of a table dealt out by business ids.
fn dealt(
    table: &NextTable,
    id: &str,
    (mut dealing, shares): (Dealing, u32),
) -> Result<Dealt, ArrowError> {
    for rows in table.rows.batches() {
        let rows = rows?;
        let ids = rows.column(rows.schema().index_of(id)?);
        let ids = ids.as_string::<i32>().iter();
        let to = ids.map(|id| id.map_or(0, |id| share_of(id, shares)));
        dealing.push(&rows, &to.collect::<Vec<u32>>())?;
    }
    dealing.finish()
}

/// The combinations in conformed rows.
fn combinations(mini: &Dimension, rows: &RecordBatch, zone: Tz) -> Result<Combinations> {
    let columns = mini.attributes.iter();
    let columns = columns.map(|attribute| column_named(rows, &attribute.column));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    let doing = format!("reading the attributes of mini-dimension '{}'", mini.name);
    Combinations::of(mini, &columns, zone).map_err(Error::arrow(doing))
}

/// The rows with the id and the key of their combination. What a row does not know is not taken from it.
pub(super) fn with_present(
    mini: &Dimension,
    rows: &RecordBatch,
    index: Option<&MemberIndex>,
    zone: Tz,
) -> Result<RecordBatch> {
    let found = combinations(mini, rows, zone)?;
    let key = |id: &Option<String>| index.map(|index| index.member(id.as_deref(), None));
    let keys: Int32Array = found.ids.iter().map(key).collect();
    let ids: StringArray = found.ids.iter().map(Option::as_deref).collect();
    let columns: [(String, ArrayRef); 2] = [
        (current_id_column(&mini.name), Arc::new(ids)),
        (current_key_column(&mini.name), Arc::new(keys)),
    ];
    let doing = format!("reading the attributes of mini-dimension '{}'", mini.name);
    with_columns(rows, columns).map_err(Error::arrow(doing))
}
