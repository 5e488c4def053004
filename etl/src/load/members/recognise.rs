//! Which members a load touches, by the ids and values that are published.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::conform::MERGED_INTO;
use crate::dimension::{
    Heard, IS_RETIRED, IdIndex, Indexing, Recognised, Recogniser, Sieve, is_inferred,
};
use crate::error::{Error, Result};
use crate::load::marks::Marks;
use crate::warehouse::Place;

use super::gathered::keys;
use super::known_ids::KnownIds;
use super::{DimensionLoad, Published};

/// The column that says how the beginning of a version is known.
const BASIS: &str = "valid_from_basis";
/// The column that says from when a version holds.
pub(super) const FROM: &str = "valid_from";

impl DimensionLoad<'_> {
    /// Tells the sieve which members are known, and which published versions say what the load says.
    pub(super) async fn recognise(
        &self,
        sieve: &mut Sieve<'_>,
        published: Published<'_>,
        silent: &mut Silent,
    ) -> Result<()> {
        let dimension = self.origin.dimension;
        let doing = || format!("comparing dimension '{}'", dimension.name);
        let (id, key) = (dimension.id_column(), dimension.key_column());
        // beside few rows there is room for the index of those who are published
        let is_indexed = !sieve.compares() && self.execution.is_looked_up(dimension);
        let columns = match (sieve.compares(), is_indexed) {
            (true, _) => vec![],
            (false, true) => vec![key.as_str(), &id, "deleted_at_source", BASIS, FROM],
            (false, false) => vec![key.as_str(), &id, "deleted_at_source", BASIS],
        };
        silent.members = is_indexed.then(|| self.indexing());
        let mut places = Marks::new(published.table);
        let mut ids = KnownIds::within(self.least());
        let look = Arc::new((sieve.recogniser(), id.clone(), key.clone()));
        let look = move |rows: &RecordBatch| {
            let (recogniser, id, key) = look.as_ref();
            Seen::at(recogniser, rows, (id, key))
        };
        let mut groups = std::pin::pin!(self.scan(published.table).looked_at(&columns, look));
        while let Some((group, seen)) = groups.try_next().await? {
            let seen = seen.map_err(Error::arrow(doing()))?;
            silent.standing += seen.standing;
            silent.lack(&group.rows, &id, seen.inferred.into_iter());
            if let Some(members) = &mut silent.members {
                let added = members.add(dimension, &group.rows);
                added.map_err(Error::arrow(doing()))?;
            }
            match sieve.compares() {
                true => {
                    let heard = sieve.compare(&group.rows, &seen.members);
                    let heard = heard.map_err(Error::arrow(doing()))?;
                    let gone = (0..heard.len()).filter(|row| heard[*row] == Heard::Gone);
                    silent.lack(&group.rows, &id, gone);
                    let keys = keys(&group.rows);
                    let is_unheard = |row: usize| keys[row] > 0 && heard[row] != Heard::Told;
                    silent.meet(&group.rows, &id, is_unheard);
                }
                false => {
                    let (file, first) = group.first;
                    let mut rows = Vec::new();
                    for (row, member) in seen.members.told() {
                        sieve.know(member);
                        places.mark((file, first + row));
                        rows.extend(u32::try_from(row));
                    }
                    if let Some(of_group) = group.rows.column_by_name(&id) {
                        let kept = ids.keep_rows(group.first, of_group, &rows);
                        kept.map_err(Error::arrow(doing()))?;
                    }
                }
            }
        }
        if let (Some(members), Some(_)) = (&mut silent.members, &self.referenced) {
            members.settle()?;
        }
        silent.found = (!sieve.compares()).then_some(Found { places, ids });
        let retired = self.retired(published.map).await?;
        // who has nothing but retired keys was merged, which the changes tell, or is told of by the key map of another
        // warehouse alone, and may be a stranger here
        if let Some(retired) = &retired {
            let columns = [id.as_str()];
            let mut rows = std::pin::pin!(self.scan(published.map).marked(retired, &columns));
            while let Some(some) = rows.try_next().await? {
                know(sieve, &some.rows, &id);
            }
        }
        silent.retired = retired;
        if let Some(changes) = published.changes {
            let columns = [id.as_str(), MERGED_INTO];
            let mut groups = std::pin::pin!(self.scan(changes).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                self.meet(silent, sieve, &group.rows, &id);
                silent.merges(&group.rows, &id);
            }
        }
        Ok(())
    }

    /// The members of what was seen are known, and no strangers.
    fn meet(&self, silent: &mut Silent, sieve: &mut Sieve<'_>, seen: &RecordBatch, id: &str) {
        let Some(ids) = seen.column_by_name(id) else {
            return;
        };
        let ids = ids.as_string::<i32>();
        for member in sieve.find(ids).into_iter().flatten() {
            sieve.know(member);
            sieve.meet(member);
        }
        if self.referenced.is_some() {
            let known = silent.known(sieve, ids);
            silent.meet(seen, id, |row| !known[row]);
        }
    }

    /// The rows of the key map whose keys are retired; `None` if there are none.
    async fn retired(&self, map: &PinnedTable) -> Result<Option<Marks>> {
        let (mut retired, mut any) = (Marks::new(map), false);
        let mut groups = std::pin::pin!(self.scan(map).groups(&[IS_RETIRED]));
        while let Some(group) = groups.try_next().await? {
            let flags = group.rows.column(0).as_boolean();
            let (file, first) = group.first;
            for row in flags.values().set_indices() {
                retired.mark((file, first + row));
                any = true;
            }
        }
        Ok(any.then_some(retired))
    }
}

/// Published rows, and the ids of their members by row groups.
pub(super) struct Found {
    pub(super) places: Marks,
    pub(super) ids: KnownIds<Place>,
}

/// Members that are to be looked at though the load says nothing of them.
#[derive(Default)]
pub(super) struct Silent {
    /// Those that the source no longer has, and those that were inferred.
    pub(super) ids: IdIndex,
    /// Those that were merged into others, and those others.
    pub(super) merged: HashSet<String>,
    /// How many published versions are not marked as deleted.
    pub(super) standing: u64,
    /// The published versions of the members that the load tells of, if it holds changes.
    pub(super) found: Option<Found>,
    /// The rows of the key map whose keys are retired.
    pub(super) retired: Option<Marks>,
    /// The published members, if they were indexed on the way.
    pub(super) members: Option<Indexing>,
    /// Others that an earlier load knew, of whom this one does not tell.
    met: IdIndex,
}

impl Silent {
    /// True if there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.len() == 0 && self.merged.is_empty()
    }

    /// For each of some members whether it is looked at.
    pub(super) fn touched(&self, sieve: &Sieve<'_>, ids: &StringArray) -> Vec<bool> {
        let told = sieve.find(ids).into_iter();
        let mut touched: Vec<bool> = told
            .map(|found| found.is_some_and(|found| sieve.touches(found)))
            .collect();
        if self.ids.len() > 0 {
            let silent = self.ids.find_all(ids);
            for (touched, silent) in touched.iter_mut().zip(silent) {
                *touched |= silent.is_some();
            }
        }
        if !self.merged.is_empty() {
            for (touched, id) in touched.iter_mut().zip(ids) {
                *touched |= id.is_some_and(|id| self.merged.contains(id));
            }
        }
        touched
    }

    /// The load says nothing of the members of some rows.
    fn lack(&mut self, rows: &RecordBatch, id: &str, lacking: impl Iterator<Item = usize>) {
        if let Some(ids) = rows.column_by_name(id) {
            let ids = ids.as_string::<i32>();
            for row in lacking {
                self.ids.add(ids.value(row));
            }
        }
    }

    /// An earlier load knew the members of some rows.
    fn meet(&mut self, rows: &RecordBatch, id: &str, met: impl Fn(usize) -> bool) {
        if let Some(ids) = rows.column_by_name(id) {
            let ids = ids.as_string::<i32>();
            for row in (0..rows.num_rows()).filter(|row| ids.is_valid(*row) && met(*row)) {
                self.met.add(ids.value(row));
            }
        }
    }

    /// For each of some members whether an earlier load knew it or the rows of this one tell of it.
    pub(super) fn known(&self, sieve: &Sieve<'_>, ids: &StringArray) -> Vec<bool> {
        let mut known = match &self.members {
            Some(members) => members.know(ids),
            None => vec![false; ids.len()],
        };
        if known.iter().all(|known| *known) {
            return known;
        }
        for (known, told) in known.iter_mut().zip(sieve.find(ids)) {
            *known |= told.is_some_and(|told| sieve.is_no_stranger(told));
        }
        if self.met.len() > 0 {
            for (known, met) in known.iter_mut().zip(self.met.find_all(ids)) {
                *known |= met.is_some();
            }
        }
        known
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

/// What a look at published rows finds, on the thread that decodes them.
struct Seen {
    members: Recognised,
    /// How many are not marked as deleted.
    standing: u64,
    /// The rows of members that were inferred, which are looked at again.
    inferred: Vec<usize>,
}

impl Seen {
    fn at(
        recogniser: &Recogniser,
        rows: &RecordBatch,
        (id, key): (&str, &str),
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            members: recogniser.look(rows, id)?,
            standing: standing(rows, key),
            inferred: match rows.column_by_name(BASIS) {
                Some(basis) => inferred(basis.as_string::<i32>()).collect(),
                None => Vec::new(),
            },
        })
    }
}

/// How many versions are not marked as deleted.
fn standing(rows: &RecordBatch, key: &str) -> u64 {
    let (Some(keys), Some(deleted)) = (
        rows.column_by_name(key),
        rows.column_by_name("deleted_at_source"),
    ) else {
        return 0;
    };
    let keys = keys.as_primitive::<Int32Type>().values().iter();
    let deleted = deleted.as_boolean();
    let standing = keys
        .enumerate()
        .filter(|(row, key)| **key > 0 && !deleted.value(*row));
    standing.count() as u64
}

fn inferred(basis: &StringArray) -> impl Iterator<Item = usize> {
    (0..basis.len()).filter(|row| is_inferred(basis, *row))
}

/// Marks the members of some rows as known.
fn know(sieve: &mut Sieve<'_>, rows: &RecordBatch, id: &str) {
    if let Some(ids) = rows.column_by_name(id) {
        let found = sieve.find(ids.as_string::<i32>());
        for member in found.into_iter().flatten() {
            sieve.know(member);
        }
    }
}
