//! The tables and the index of a dimension as they are after a load.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::dimension::{self, Delta, MembersBuilder, MiniIndex, Tally, changes_table, map_table};
use crate::error::{Error, Result};
use crate::load::build::NextTable;
use crate::warehouse::{Place, RowEdits};

use super::{DimensionLoad, Outcome};

impl DimensionLoad<'_> {
    /// Indexes the members as they are after the load.
    pub(super) async fn index(&self, outcome: &Outcome) -> Result<dimension::MemberIndex> {
        let dimension = self.entity.dimension;
        let build = &outcome.build;
        let files = self
            .published
            .map(|it| it.table.files())
            .unwrap_or_default();
        let published = files.iter().map(|file| file.rows).sum::<u64>();
        let mut members = MembersBuilder::with_capacity(usize::try_from(published).unwrap_or(0));
        if let Some(published) = self.published.filter(|_| !outcome.is_whole) {
            let removed: HashSet<i32> = build.table.removed.iter().copied().collect();
            let (id, key) = (dimension.id_column(), dimension.key_column());
            let columns = [key.as_str(), id.as_str(), "valid_from"];
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                members.add(dimension, &group.rows, &removed);
            }
        }
        for rows in outcome.bulk.table.iter().chain([&build.table.added]) {
            members.add(dimension, rows, &HashSet::new());
        }
        Ok(members.build(build.aliases.clone(), build.moved.clone()))
    }

    /// Tells the mini-dimensions of the dimension which of its keys are whose, for rows that only stand as they were.
    pub(super) async fn own(
        &self,
        outcome: &Outcome,
        minis: &mut BTreeMap<String, MiniIndex>,
    ) -> Result<()> {
        let dimension = self.entity.dimension;
        let Some(published) = self.published else {
            return Ok(());
        };
        for name in dimension.minis() {
            let Some(mini) = minis.get_mut(name) else {
                continue;
            };
            let (id, key) = (dimension.id_column(), dimension.key_column());
            let columns = [key.as_str(), id.as_str()];
            let mut groups = std::pin::pin!(self.scan(published.table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                mini.own(dimension, &group.rows);
            }
            for rows in outcome
                .bulk
                .table
                .iter()
                .chain([&outcome.build.table.added])
            {
                mini.own(dimension, rows);
            }
        }
        Ok(())
    }

    /// The tables as they shall be.
    pub(super) fn tables(&self, outcome: Outcome) -> Result<[NextTable; 3]> {
        let dimension = self.entity.dimension;
        let Outcome {
            build,
            bulk,
            places,
            is_whole,
        } = outcome;
        let is_first = self.published.is_none();
        let key = dimension.key_column();
        let kept = |table: Option<&PinnedTable>| {
            let table = table.filter(|_| !is_whole);
            table
                .map(|table| table.files().to_vec())
                .unwrap_or_default()
        };
        let next = |name: String,
                    (delta, places): (Delta, &HashMap<i32, Place>),
                    bulk,
                    published,
                    tally| {
            let doing = format!("building dimension '{}'", dimension.name);
            let schema = delta.added.schema();
            let edits = edits(delta.changed, delta.columns, &delta.removed, places)
                .map_err(Error::arrow(doing))?;
            let mut rows: Vec<RecordBatch> = bulk;
            rows.push(delta.added);
            let added: usize = rows.iter().map(RecordBatch::num_rows).sum();
            Ok::<_, Error>(NextTable {
                name,
                schema,
                kept: kept(published),
                changed: is_first || is_whole || added > 0 || !edits.is_empty(),
                edits: Some(edits),
                rows: rows.into(),
                sorted_by: vec![key.clone()],
                tally,
            })
        };
        let published = self.published;
        let (name, tally) = (dimension.table(), build.tally);
        let of = published.map(|published| published.table);
        let table = next(name, (build.table, &places.table), bulk.table, of, tally)?;
        let of = published.map(|published| published.map);
        let map = next(
            map_table(dimension),
            (build.map, &places.map),
            bulk.map,
            of,
            Tally::default(),
        )?;
        let of = published.and_then(|published| published.changes);
        let of = of.filter(|_| !build.all_changes);
        let changes = NextTable {
            name: changes_table(dimension),
            schema: build.changes.schema(),
            kept: of.map(|table| table.files().to_vec()).unwrap_or_default(),
            changed: of.is_none() || build.changes.num_rows() > 0,
            edits: None,
            rows: vec![build.changes].into(),
            sorted_by: Vec::new(),
            tally: Tally::default(),
        };
        Ok([changes, table, map])
    }
}

/// Finds the places of rows that change or leave by their keys, which stand in the first column.
fn edits(
    changed: RecordBatch,
    columns: Vec<bool>,
    removed: &[i32],
    places: &HashMap<i32, Place>,
) -> Result<RowEdits, ArrowError> {
    let place = |key: &i32| {
        let found = places.get(key).copied();
        found.ok_or_else(|| ArrowError::InvalidArgumentError(format!("key {key} is not published")))
    };
    let keys = changed.column(0).as_primitive::<Int32Type>().values();
    let places = keys.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let gone = removed.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    RowEdits::new(&changed, &places, columns, gone)
}
