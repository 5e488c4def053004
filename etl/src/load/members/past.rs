//! What is published of the members that a load touches, read by the places of their rows.

use std::collections::HashMap;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int32Type;
use datafusion::common::ScalarValue;
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::dimension::{
    self, Existing, IdIndex, Issued, Sorted, align, changes_schema, changes_table, map_schema,
    map_table,
};
use crate::error::{Error, Result};
use crate::warehouse::Place;

use super::recognise::Silent;
use super::{DimensionLoad, Published};

/// What is published of the members that a load touches.
pub(super) struct Past {
    pub(super) existing: Existing,
    pub(super) map: RecordBatch,
    pub(super) changes: Existing,
    pub(super) issued: Issued,
    pub(super) places: KeyPlaces,
}

impl DimensionLoad<'_> {
    /// Reads what is published of the members that the load touches.
    pub(super) async fn past(
        &self,
        published: Published<'_>,
        sorted: &Sorted,
        (silent, places): (&Silent, Option<Vec<Place>>),
    ) -> Result<Past> {
        let dimension = self.entity.dimension;
        let (id, key) = (dimension.id_column(), dimension.key_column());
        let table_places = match places {
            Some(places) => places,
            None => self.places(published.table, &id, &sorted.members).await?,
        };
        let rows = self.scan(published.table).rows(&table_places).await?;
        let existing = align(
            &dimension.table(),
            &rows,
            &dimension::arrow_schema(dimension),
        )?;
        let changes = match published.changes {
            Some(table) => {
                let places = self.places(table, &id, &sorted.members).await?;
                self.scan(table).rows(&places).await?
            }
            None => RecordBatch::new_empty(changes_schema(dimension)),
        };
        let changes = align(
            &changes_table(dimension),
            &changes,
            &changes_schema(dimension),
        )?;
        let keys = existing.rows.column(0).as_primitive::<Int32Type>();
        let mut places = retired_places(silent, &id, &sorted.members);
        let order = KeyOrder::of(published.map, &key)?;
        let wanted = keys.values().iter().filter(|key| **key > 0);
        let wanted = wanted.map(|key| Ok((order.place(*key)?, *key)));
        let wanted: Vec<(Place, i32)> = wanted.collect::<Result<_>>()?;
        places.extend(wanted.iter().map(|(place, _)| *place));
        places.sort_unstable();
        places.dedup();
        let map = self.scan(published.map).rows(&places).await?;
        order.check(&wanted, &places, &map)?;
        let map = align(&map_table(dimension), &map, &map_schema(dimension))?;
        Ok(Past {
            places: KeyPlaces {
                table: by_key(&existing.rows, &table_places),
                map: by_key(&map.rows, &places),
            },
            existing,
            map: map.rows,
            changes,
            issued: Issued {
                keys: largest(published.map, &key),
                durables: largest(published.map, &dimension.durable_key_column()),
            },
        })
    }

    /// The rows of some members.
    async fn places(&self, table: &PinnedTable, id: &str, members: &IdIndex) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        if members.len() == 0 {
            return Ok(places);
        }
        let columns = [id];
        let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            let found = members.find_all(group.rows.column(0).as_string::<i32>());
            let found = found
                .iter()
                .enumerate()
                .filter(|(_, found)| found.is_some());
            let (file, first) = group.first;
            places.extend(found.map(|(row, _)| (file, first + row)));
        }
        Ok(places)
    }
}

/// The rows of the key map of some members whose keys are retired.
fn retired_places(silent: &Silent, id: &str, members: &IdIndex) -> Vec<Place> {
    let Some((places, rows)) = &silent.retired else {
        return Vec::new();
    };
    let Some(ids) = rows.column_by_name(id) else {
        return Vec::new();
    };
    let found = members.find_all(ids.as_string::<i32>());
    let pairs = places.iter().zip(found);
    pairs
        .filter_map(|(place, found)| found.map(|_| *place))
        .collect()
}

/// Where the published rows of some keys are.
#[derive(Debug, Default)]
pub(super) struct KeyPlaces {
    pub(super) table: HashMap<i32, Place>,
    pub(super) map: HashMap<i32, Place>,
}

/// The places of rows by their keys, which stand in the first column.
fn by_key(rows: &RecordBatch, places: &[Place]) -> HashMap<i32, Place> {
    let keys = rows.column(0).as_primitive::<Int32Type>().values();
    keys.iter().copied().zip(places.iter().copied()).collect()
}

/// The largest key in a column, by the statistics of the files; 0 if there is none.
fn largest(table: &PinnedTable, column: &str) -> i32 {
    let Ok(at) = table.schema().index_of(column) else {
        return 0;
    };
    let statistics = table.file_statistics().iter();
    let largest =
        statistics.filter_map(|file| int(file.column_statistics[at].max_value.get_value()?));
    largest.max().unwrap_or(0).max(0)
}

fn int(value: &ScalarValue) -> Option<i32> {
    match value {
        ScalarValue::Int32(value) => *value,
        _ => None,
    }
}

/// The files of a key map, which hold every key that was ever issued, in the order of their keys.
struct KeyOrder<'a> {
    map: &'a PinnedTable,
    files: Vec<(i32, usize, u64)>,
}

impl<'a> KeyOrder<'a> {
    /// The files, each of which must hold consecutive keys: rows are found by their distance from the first.
    fn of(map: &'a PinnedTable, key: &str) -> Result<Self> {
        let at = map.schema().index_of(key).unwrap_or(0);
        let mut order = Self {
            map,
            files: Vec::new(),
        };
        let files = map.files().iter().zip(map.file_statistics()).enumerate();
        for (place, (file, statistics)) in files.filter(|(_, (file, _))| file.rows > 0) {
            let column = &statistics.column_statistics[at];
            let first = column.min_value.get_value().and_then(int);
            let last = column.max_value.get_value().and_then(int);
            let is_dense = |(first, last): (i32, i32)| i64::from(last) - i64::from(first) + 1;
            match (first.zip(last).map(is_dense), i64::try_from(file.rows)) {
                (Some(keys), Ok(rows)) if keys == rows => {}
                _ => return Err(order.damaged(place)),
            }
            order
                .files
                .extend(first.map(|first| (first, place, file.rows)));
        }
        order.files.sort_unstable();
        Ok(order)
    }

    /// Where a key stands.
    fn place(&self, key: i32) -> Result<Place> {
        let file = self.files.partition_point(|(first, ..)| *first <= key);
        let file = file.checked_sub(1).and_then(|at| self.files.get(at));
        let place = file.and_then(|(first, file, rows)| {
            let row = usize::try_from(key.checked_sub(*first)?).ok()?;
            ((row as u64) < *rows).then_some((*file, row))
        });
        place.ok_or_else(|| {
            Self::malformed(
                self.map.name().to_owned(),
                &format!("key {key} is published, but stands in no file of the key map"),
            )
        })
    }

    /// Checks that the rows that were read at some places are those of the keys.
    fn check(&self, wanted: &[(Place, i32)], places: &[Place], rows: &RecordBatch) -> Result<()> {
        let keys = rows.column(0).as_primitive::<Int32Type>();
        for (place, key) in wanted {
            let found = places.binary_search(place).ok();
            if found.is_none_or(|at| keys.value(at) != *key) {
                return Err(self.damaged(place.0));
            }
        }
        Ok(())
    }

    /// A file in which the keys are not where they belong.
    fn damaged(&self, file: usize) -> Error {
        let files = self.map.files();
        let file = files.get(file).map_or("", |file| file.path.as_str());
        Self::malformed(
            format!("{}/{file}", self.map.name()),
            "a file of a key map holds consecutive keys in their order, and this one does not",
        )
    }

    fn malformed(path: String, what: &str) -> Error {
        let reason = format!(
            "{what}: something else than a load has written it; put back what was there, or build the warehouse anew into an empty \
             folder with 'planisphere-etl rebuild'"
        );
        Error::Schemas(planisphere_schemas::Error::Malformed { path, reason })
    }
}
