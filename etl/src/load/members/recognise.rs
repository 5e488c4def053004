//! Which members a load touches, by the ids and values that are published.

use std::collections::HashSet;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int32Type;
use futures::TryStreamExt as _;

use crate::conform::MERGED_INTO;
use crate::dimension::{IS_RETIRED, Sieve};
use crate::error::{Error, Result};

use super::{DimensionLoad, Published};

impl DimensionLoad<'_> {
    /// Tells the sieve which members are known, and which published versions say what the load says.
    pub(super) async fn recognise(
        &self,
        sieve: &mut Sieve<'_>,
        published: Published<'_>,
    ) -> Result<Silent> {
        let dimension = self.entity.dimension;
        let doing = || format!("comparing dimension '{}'", dimension.name);
        let mut silent = Silent::default();
        let (id, key) = (dimension.id_column(), dimension.key_column());
        let few = [key.as_str(), id.as_str(), "deleted_at_source"];
        let columns: &[&str] = if sieve.compares() { &[] } else { &few };
        let mut groups = std::pin::pin!(self.scan(published.table).groups(columns));
        while let Some(group) = groups.try_next().await? {
            silent.count(&group.rows, &key);
            match sieve.compares() {
                true => {
                    let gone = sieve.compare(&group.rows).map_err(Error::arrow(doing()))?;
                    silent.ids.extend(gone);
                }
                false => know(sieve, &group.rows, &id),
            }
        }
        let columns = [IS_RETIRED, id.as_str()];
        let mut groups = std::pin::pin!(self.scan(published.map).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            if let Some(retired) = retired(&group.rows)? {
                know(sieve, &retired, &id);
            }
        }
        if let Some(changes) = published.changes {
            let columns = [id.as_str(), MERGED_INTO];
            let mut groups = std::pin::pin!(self.scan(changes).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                know(sieve, &group.rows, &id);
                silent.merges(&group.rows, &id);
            }
        }
        silent.merged.extend(sieve.heirs());
        for id in &silent.merged {
            sieve.touch(id);
        }
        Ok(silent)
    }
}

/// Members that are to be looked at though the load says nothing of them.
#[derive(Debug, Default)]
pub(super) struct Silent {
    /// Those that the source no longer has.
    pub(super) ids: HashSet<String>,
    /// Those that were merged into others, and those others.
    pub(super) merged: HashSet<String>,
    /// How many published versions are not marked as deleted.
    pub(super) standing: u64,
}

impl Silent {
    fn count(&mut self, rows: &RecordBatch, key: &str) {
        let (Some(keys), Some(deleted)) = (
            rows.column_by_name(key),
            rows.column_by_name("deleted_at_source"),
        ) else {
            return;
        };
        let keys = keys.as_primitive::<Int32Type>().values().iter();
        let deleted = deleted.as_boolean();
        let standing = keys
            .enumerate()
            .filter(|(row, key)| **key > 0 && !deleted.value(*row));
        self.standing += standing.count() as u64;
    }

    fn merges(&mut self, changes: &RecordBatch, id: &str) {
        let (Some(ids), Some(into)) = (
            changes.column_by_name(id),
            changes.column_by_name(MERGED_INTO),
        ) else {
            return;
        };
        let pairs = ids.as_string::<i32>().iter().zip(into.as_string::<i32>());
        for (id, into) in pairs {
            if let (Some(id), Some(into)) = (id, into) {
                self.merged.extend([id.to_owned(), into.to_owned()]);
            }
        }
    }
}

/// Marks the members of some rows as known.
fn know(sieve: &mut Sieve<'_>, rows: &RecordBatch, id: &str) {
    let Some(ids) = rows.column_by_name(id) else {
        return;
    };
    for member in sieve.find(ids.as_string::<i32>()).into_iter().flatten() {
        sieve.know(member);
    }
}

/// The rows whose keys are retired; `None` if there are none.
fn retired(rows: &RecordBatch) -> Result<Option<RecordBatch>> {
    let Some(flags) = rows.column_by_name(IS_RETIRED) else {
        return Ok(None);
    };
    let flags = flags.as_boolean();
    if flags.true_count() == 0 {
        return Ok(None);
    }
    let doing = "reading the retired keys of a key map";
    let rows = arrow::compute::filter_record_batch(rows, flags).map_err(Error::arrow(doing))?;
    Ok(Some(rows))
}
