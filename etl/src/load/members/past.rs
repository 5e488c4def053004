//! What is published of the members that a load touches, read by the places of their rows.

use std::collections::HashMap;

use arrow::array::{AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use futures::TryStreamExt as _;
use planisphere_schemas::model::Dimension;
use planisphere_schemas::warehouse::PinnedTable;

use crate::dealt::Dealt;
use crate::dimension::{
    self, Existing, Issued, Sieve, align, changes_schema, changes_table, map_schema, map_table,
};
use crate::error::{Error, Result};
use crate::load::marks::{Marked, Marks};
use crate::load::scan::TableScan;
use crate::warehouse::Place;

use super::gathered::keys;
use super::recognise::Silent;
use super::shares::{Shares, placed, placed_schema, unplaced};
use super::{DimensionLoad, Published};

/// Where the published rows are of the members that a load touches.
pub(super) struct Touched {
    table: Marks,
    changes: Option<Marks>,
}

impl Touched {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.table.len() + self.changes.as_ref().map_or(0, Marks::len)
    }
}

/// What is published of the members that a load touches, dealt out to shares.
pub(super) struct Past {
    table: Dealt,
    map: Dealt,
    changes: Dealt,
    pub(super) issued: Issued,
}

/// What is published of the members of one share.
pub(super) struct PastOfShare {
    pub(super) existing: Existing,
    pub(super) map: RecordBatch,
    pub(super) changes: Existing,
    /// Where the rows are, by their keys.
    pub(super) table_places: HashMap<i32, Place>,
    pub(super) map_places: HashMap<i32, Place>,
}

impl DimensionLoad<'_> {
    /// Finds what is published of the members that the load touches, if the rows of the table are not found already.
    pub(super) async fn find_touched(
        &self,
        published: Published<'_>,
        (sieve, silent): (&Sieve<'_>, &Silent),
        found: Option<Marks>,
    ) -> Result<Touched> {
        let table = match found {
            Some(found) => found,
            None => self.marks(published.table, sieve, silent).await?,
        };
        let changes = match published.changes {
            Some(table) => Some(self.marks(table, sieve, silent).await?),
            None => None,
        };
        Ok(Touched { table, changes })
    }

    /// The rows of the members that the load touches.
    async fn marks(
        &self,
        table: &PinnedTable,
        sieve: &Sieve<'_>,
        silent: &Silent,
    ) -> Result<Marks> {
        let mut marks = Marks::new(table);
        if sieve.sorted().touched == 0 && silent.is_empty() {
            return Ok(marks);
        }
        let id = self.origin.dimension.id_column();
        let columns = [id.as_str()];
        let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            let touched = silent.touched(sieve, group.rows.column(0).as_string::<i32>());
            let (file, first) = group.first;
            for (row, _) in touched.iter().enumerate().filter(|(_, touched)| **touched) {
                marks.mark((file, first + row));
            }
        }
        Ok(marks)
    }

    /// Reads what is published of the members that the load touches.
    pub(super) async fn past(
        &self,
        published: Published<'_>,
        touched: &Touched,
        (sieve, silent): (&Sieve<'_>, &Silent),
        shares: &Shares<'_>,
    ) -> Result<Past> {
        let dimension = self.origin.dimension;
        let key = dimension.key_column();
        let order = KeyOrder::of(published.map, &key)?;
        let mut of_map = Marks::new(published.map);
        if let Some(retired) = &silent.retired {
            let mut retired = std::pin::pin!(self.scan(published.map).marked(retired));
            while let Some(some) = retired.try_next().await? {
                let touched = silent.touched(sieve, self.ids(&some.rows)?);
                let places = some.places.iter().zip(touched);
                places
                    .filter(|(_, touched)| *touched)
                    .for_each(|(place, _)| of_map.mark(*place));
            }
        }
        let mark = |some: &Marked| {
            let keys = keys(&some.rows).iter().filter(|key| **key > 0);
            for key in keys {
                of_map.mark(order.place(*key)?);
            }
            Ok(())
        };
        let table = self.deal_published(published.table, &touched.table, shares, mark);
        let table = table.await?;
        let check = |some: &Marked| order.check(&some.places, &some.rows);
        let map = self.deal_published(published.map, &of_map, shares, check);
        let map = map.await?;
        let changes = match (published.changes, &touched.changes) {
            (Some(table), Some(marks)) => {
                self.deal_published(table, marks, shares, |_| Ok(()))
                    .await?
            }
            _ => self.dealt_nothing(changes_schema(dimension))?,
        };
        Ok(Past {
            table,
            map,
            changes,
            issued: issued(dimension, published.map),
        })
    }

    /// The key map of the warehouse that is built anew: its keys mean what they mean there.
    pub(super) async fn past_of_seed(
        &self,
        seed: TableScan<'_>,
        shares: &Shares<'_>,
    ) -> Result<Past> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading the key map of '{}'", dimension.name));
        let schema = map_schema(dimension);
        let all = placed_schema(&schema);
        let mut dealing = self.dealing(SchemaRef::clone(&all));
        let mut groups = std::pin::pin!(seed.groups(&[]));
        while let Some(group) = groups.try_next().await? {
            let rows = align(&map_table(dimension), &group.rows, &schema)?.rows;
            let to = shares.of_ids(self.ids(&rows)?);
            let nowhere = vec![(0, 0); rows.num_rows()];
            let rows = placed(&rows, &nowhere, &all).map_err(doing())?;
            dealing.push(&rows, &to).map_err(doing())?;
        }
        Ok(Past {
            map: dealing.finish().map_err(doing())?,
            issued: issued(dimension, seed.table),
            ..self.no_past()?
        })
    }

    /// Nothing is published.
    pub(super) fn no_past(&self) -> Result<Past> {
        let dimension = self.origin.dimension;
        Ok(Past {
            table: self.dealt_nothing(dimension::arrow_schema(dimension))?,
            map: self.dealt_nothing(map_schema(dimension))?,
            changes: self.dealt_nothing(changes_schema(dimension))?,
            issued: Issued::default(),
        })
    }

    /// Deals out the rows of a table that are marked, with their places; tells all of them.
    async fn deal_published(
        &self,
        table: &PinnedTable,
        marks: &Marks,
        shares: &Shares<'_>,
        mut tell: impl FnMut(&Marked) -> Result<()>,
    ) -> Result<Dealt> {
        let doing = || Error::arrow(format!("reading {}", table.name()));
        let schema = placed_schema(table.schema());
        let mut dealing = self.dealing(SchemaRef::clone(&schema));
        let mut groups = std::pin::pin!(self.scan(table).marked(marks));
        while let Some(some) = groups.try_next().await? {
            tell(&some)?;
            let to = shares.of_ids(self.ids(&some.rows)?);
            let rows = placed(&some.rows, &some.places, &schema).map_err(doing())?;
            dealing.push(&rows, &to).map_err(doing())?;
        }
        dealing.finish().map_err(doing())
    }

    fn dealt_nothing(&self, schema: SchemaRef) -> Result<Dealt> {
        let doing = format!("reading dimension '{}'", self.origin.dimension.name);
        let nothing = self.dealing(placed_schema(&schema)).finish();
        nothing.map_err(Error::arrow(doing))
    }

    fn ids<'r>(&self, rows: &'r RecordBatch) -> Result<&'r StringArray> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let at = rows.schema().index_of(&dimension.id_column());
        Ok(rows.column(at.map_err(doing())?).as_string::<i32>())
    }

    /// What is published of the members of a share.
    pub(super) fn of_share(&self, past: &Past, share: usize) -> Result<PastOfShare> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let read = |dealt: &Dealt| unplaced(&dealt.share(share)?);
        let (rows, table_places) = read(&past.table).map_err(doing())?;
        let (map, map_places) = read(&past.map).map_err(doing())?;
        let changes = bare(&past.changes, share).map_err(doing())?;
        Ok(PastOfShare {
            existing: align(
                &dimension.table(),
                &rows,
                &dimension::arrow_schema(dimension),
            )?,
            map: align(&map_table(dimension), &map, &map_schema(dimension))?.rows,
            changes: align(
                &changes_table(dimension),
                &changes,
                &changes_schema(dimension),
            )?,
            table_places,
            map_places,
        })
    }
}

/// The rows of a share without their places.
fn bare(dealt: &Dealt, share: usize) -> Result<RecordBatch, ArrowError> {
    let rows = dealt.share(share)?;
    let columns: Vec<usize> = (0..rows.num_columns() - 1).collect();
    rows.project(&columns)
}

/// The keys that a key map has issued.
fn issued(dimension: &Dimension, map: &PinnedTable) -> Issued {
    Issued {
        keys: largest(map, &dimension.key_column()),
        durables: largest(map, &dimension.durable_key_column()),
    }
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

    /// Checks that the rows of a file at some places are those of the keys that belong there.
    fn check(&self, places: &[Place], rows: &RecordBatch) -> Result<()> {
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
