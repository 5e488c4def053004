//! All versions of the members of a dimension as they are after a load, with their attributes.

use std::collections::HashSet;

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use futures::TryStreamExt as _;

use crate::error::{Error, Result};

use super::{DimensionLoad, Outcome};

impl DimensionLoad<'_> {
    /// The keys of all versions in the first column, and some others behind it.
    pub(super) async fn versions(
        &self,
        outcome: &Outcome,
        others: impl IntoIterator<Item = String>,
    ) -> Result<Vec<RecordBatch>> {
        let dimension = self.entity.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let key = dimension.key_column();
        let columns: Vec<String> = std::iter::once(key).chain(others).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let delta = &outcome.build.table;
        let mut versions = Vec::new();
        if let Some(published) = self.published.filter(|_| !outcome.is_whole) {
            let changed = delta.changed.column(0).as_primitive::<Int32Type>();
            let other: HashSet<i32> = changed
                .values()
                .iter()
                .chain(&delta.removed)
                .copied()
                .collect();
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                let rows = named(&group.rows, &columns).map_err(doing())?;
                let keys = rows.column(0).as_primitive::<Int32Type>();
                let stays = keys.iter().map(|key| key.map(|key| !other.contains(&key)));
                let stays: BooleanArray = stays.collect();
                versions.push(filter_record_batch(&rows, &stays).map_err(doing())?);
            }
        }
        for rows in outcome
            .bulk
            .table
            .iter()
            .chain([&delta.added, &delta.changed])
        {
            versions.push(named(rows, &columns).map_err(doing())?);
        }
        Ok(versions)
    }
}

fn named(rows: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let places = columns.iter().map(|name| rows.schema().index_of(name));
    rows.project(&places.collect::<Result<Vec<_>, _>>()?)
}
