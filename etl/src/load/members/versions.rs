//! All versions of the members of a dimension as they are after a load, with their attributes.

use arrow::array::{AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::Int32Type;
use futures::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::spool::{Spool, Spooled};

use super::gathered::keys;
use super::{DimensionLoad, Outcome};

impl DimensionLoad<'_> {
    /// The keys of all versions in the first column, and some others behind it.
    pub(super) async fn versions(
        &self,
        outcome: &Outcome,
        others: impl IntoIterator<Item = String>,
    ) -> Result<Spooled> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let key = dimension.key_column();
        let columns: Vec<String> = std::iter::once(key).chain(others).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let schema = named(
            &RecordBatch::new_empty(outcome.table.added.schema.clone()),
            &columns,
        );
        let mut versions = Spool::new(schema.map_err(doing())?.schema(), self.memory());
        let changed = || outcome.table.edits.batches();
        if let Some(published) = self.published.filter(|_| !outcome.is_whole) {
            let mut other: Vec<i32> = outcome.table.removed.iter().copied().collect();
            for rows in changed() {
                other.extend(keys(&rows.map_err(doing())?));
            }
            other.sort_unstable();
            let stays = |key: i32| other.binary_search(&key).is_err();
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                let rows = named(&group.rows, &columns).map_err(doing())?;
                let keys = rows.column(0).as_primitive::<Int32Type>();
                let stays: BooleanArray = keys.iter().map(|key| key.map(stays)).collect();
                let rows = filter_record_batch(&rows, &stays).map_err(doing())?;
                versions.push(rows).map_err(doing())?;
            }
        }
        let new = outcome.bulk.table().chain(outcome.table.added.batches());
        for rows in new.chain(changed()) {
            let rows = named(&rows.map_err(doing())?, &columns).map_err(doing())?;
            // columns that were read from a file hold all others of their batch in memory
            let all: UInt32Array = (0..).take(rows.num_rows()).collect::<Vec<u32>>().into();
            let rows = take_record_batch(&rows, &all).map_err(doing())?;
            versions.push(rows).map_err(doing())?;
        }
        versions.finish().map_err(doing())
    }
}

fn named(rows: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let places = columns.iter().map(|name| rows.schema().index_of(name));
    rows.project(&places.collect::<Result<Vec<_>, _>>()?)
}
