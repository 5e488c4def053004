//! Which members a load touches, by the ids and values that are published.

use std::collections::{BTreeSet, HashSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int32Type;
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::conform::MERGED_INTO;
use crate::dimension::{IS_RETIRED, IdIndex, Sieve, is_inferred};
use crate::error::{Error, Result};
use crate::warehouse::Place;

use super::{DimensionLoad, Published};

/// The column that says how the beginning of a version is known.
const BASIS: &str = "valid_from_basis";

impl DimensionLoad<'_> {
    /// Tells the sieve which members are known, and which published versions say what the load says.
    pub(super) async fn recognise(
        &self,
        sieve: &mut Sieve<'_>,
        published: Published<'_>,
        silent: &mut Silent,
    ) -> Result<()> {
        let dimension = self.entity.dimension;
        let doing = || format!("comparing dimension '{}'", dimension.name);
        let (id, key) = (dimension.id_column(), dimension.key_column());
        let few = [key.as_str(), id.as_str(), "deleted_at_source", BASIS];
        let columns: &[&str] = if sieve.compares() { &[] } else { &few };
        let mut groups = std::pin::pin!(self.scan(published.table).groups(columns));
        while let Some(group) = groups.try_next().await? {
            silent.count(&group.rows, &key);
            silent.infer(&group.rows, &id);
            match sieve.compares() {
                true => {
                    let gone = sieve.compare(&group.rows).map_err(Error::arrow(doing()))?;
                    silent.ids.extend(gone);
                }
                false => {
                    let (file, first) = group.first;
                    let rows = know(sieve, &group.rows, &id).into_iter();
                    silent.places.extend(rows.map(|row| (file, first + row)));
                }
            }
        }
        let retired = self.retired(published.map).await?;
        // who has nothing but retired keys was merged, which the changes tell, or is told of by the key map of another
        // warehouse alone, and may be a stranger here
        if let Some((_, rows)) = &retired {
            know(sieve, rows, &id);
        }
        silent.retired = retired;
        if let Some(changes) = published.changes {
            let columns = [id.as_str(), MERGED_INTO];
            let mut groups = std::pin::pin!(self.scan(changes).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                silent.know(&group.rows, &id);
                know(sieve, &group.rows, &id);
                silent.merges(&group.rows, &id);
            }
        }
        Ok(())
    }

    /// The rows of the key map whose keys are retired, and their places; `None` if there are none.
    async fn retired(&self, map: &PinnedTable) -> Result<Option<(Vec<Place>, RecordBatch)>> {
        let mut places = Vec::new();
        let mut groups = std::pin::pin!(self.scan(map).groups(&[IS_RETIRED]));
        while let Some(group) = groups.try_next().await? {
            let flags = group.rows.column(0).as_boolean();
            let (file, first) = group.first;
            let rows = flags.values().set_indices();
            places.extend(rows.map(|row| (file, first + row)));
        }
        if places.is_empty() {
            return Ok(None);
        }
        let rows = self.scan(map).rows(&places).await?;
        Ok(Some((places, rows)))
    }
}

/// Members that are to be looked at though the load says nothing of them.
#[derive(Debug, Default)]
pub(super) struct Silent {
    /// Those that the source no longer has, and those that were inferred.
    pub(super) ids: HashSet<String>,
    /// Those that were merged into others, and those others.
    pub(super) merged: HashSet<String>,
    /// How many published versions are not marked as deleted.
    pub(super) standing: u64,
    /// Where the published versions are of the members that the load tells of, if it holds changes.
    pub(super) places: Vec<Place>,
    /// The rows of the key map whose keys are retired, and their places.
    pub(super) retired: Option<(Vec<Place>, RecordBatch)>,
    /// The members that facts refer to, and for each whether an earlier load knew it.
    referred: IdIndex,
    known: Vec<bool>,
}

impl Silent {
    /// Nothing is known yet of the members that facts refer to.
    pub(super) fn new(referenced: &BTreeSet<String>) -> Self {
        let mut silent = Self::default();
        for id in referenced {
            silent.referred.add(id);
        }
        silent.known = vec![false; silent.referred.len()];
        silent
    }

    /// Takes note of published rows: those that were inferred are looked at again, and nobody in them is a stranger.
    fn infer(&mut self, rows: &RecordBatch, id: &str) {
        self.know(rows, id);
        let (Some(ids), Some(basis)) = (rows.column_by_name(id), rows.column_by_name(BASIS)) else {
            return;
        };
        let (ids, basis) = (ids.as_string::<i32>(), basis.as_string::<i32>());
        let inferred = (0..rows.num_rows()).filter(|row| is_inferred(basis, *row));
        self.ids
            .extend(inferred.map(|row| ids.value(row).to_owned()));
    }

    /// The members of some rows are no strangers.
    fn know(&mut self, rows: &RecordBatch, id: &str) {
        if self.known.is_empty() {
            return;
        }
        let Some(ids) = rows.column_by_name(id) else {
            return;
        };
        let found = self.referred.find_all(ids.as_string::<i32>());
        for member in found.into_iter().flatten() {
            self.known[member as usize] = true;
        }
    }

    /// The members that facts refer to, but that neither an earlier load knew nor the rows of this one tell of.
    pub(super) fn strangers(
        &self,
        referenced: &BTreeSet<String>,
        sieve: &Sieve<'_>,
    ) -> BTreeSet<String> {
        let is_known = |id: &str| {
            self.referred
                .find(id)
                .is_some_and(|at| self.known[at as usize])
        };
        let strangers = referenced
            .iter()
            .filter(|id| !is_known(id) && !sieve.tells(id));
        strangers.cloned().collect()
    }

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

/// Marks the members of some rows as known; returns which rows these are.
fn know(sieve: &mut Sieve<'_>, rows: &RecordBatch, id: &str) -> Vec<usize> {
    let Some(ids) = rows.column_by_name(id) else {
        return Vec::new();
    };
    let found = sieve.find(ids.as_string::<i32>());
    let found = found.into_iter().enumerate();
    let found = found.filter_map(|(row, member)| Some((row, member?)));
    found
        .map(|(row, member)| {
            sieve.know(member);
            row
        })
        .collect()
}
