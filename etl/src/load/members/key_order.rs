//! Where the keys stand in a key map: its files hold consecutive keys, so that rows are found without reading.

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use planisphere_schemas::warehouse::PinnedTable;

use super::gathered::keys;
use crate::error::{Error, Result};
use crate::warehouse::Place;

/// The files of a key map, which hold every key that was ever issued, in the order of their keys.
pub(super) struct KeyOrder<'a> {
    map: &'a PinnedTable,
    files: Vec<(i32, usize, u64)>,
}

impl<'a> KeyOrder<'a> {
    /// The files, each of which must hold consecutive keys: rows are found by their distance from the first.
    pub(super) fn of(map: &'a PinnedTable, key: &str) -> Result<Self> {
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
    pub(super) fn place(&self, key: i32) -> Result<Place> {
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

    /// Checks that the rows of a file at some places are those of the keys that belong there.
    pub(super) fn check(&self, places: &[Place], rows: &RecordBatch) -> Result<()> {
        let Some((file, _)) = places.first() else {
            return Ok(());
        };
        let first = self.files.iter().find(|(_, of, _)| of == file);
        let first = first.map(|(first, ..)| i64::from(*first));
        let mut pairs = places.iter().zip(keys(rows));
        let is_right = |((_, row), key): (&Place, &i32)| {
            let row = i64::try_from(*row).ok();
            first.zip(row).map(|(first, row)| first + row) == Some(i64::from(*key))
        };
        match pairs.all(is_right) {
            true => Ok(()),
            false => Err(self.damaged(*file)),
        }
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

/// A number of statistics.
pub(super) fn int(value: &ScalarValue) -> Option<i32> {
    match value {
        ScalarValue::Int32(value) => *value,
        _ => None,
    }
}
