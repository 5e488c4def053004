//! What is published of the members that a load touches, read by the places of their rows.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
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
use super::key_order::{KeyOrder, int};
use super::known_ids::{KnownIds, with_ids, without};
use super::recognise::{Found, Silent};
use super::shares::{Shares, placed, placed_schema, unplaced};
use super::{DimensionLoad, Published};

/// Where the published rows are of the members that a load touches.
pub(super) struct Touched {
    table: Marks,
    /// The ids of the rows of the table, if they were read already.
    ids: Option<KnownIds<Place>>,
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
        found: Option<Found>,
    ) -> Result<Touched> {
        let (table, ids) = match found {
            Some(found) => (found.places, Some(found.ids)),
            None => (self.marks(published.table, sieve, silent).await?, None),
        };
        let changes = match published.changes {
            Some(table) => Some(self.marks(table, sieve, silent).await?),
            None => None,
        };
        let ids = ids.filter(KnownIds::is_complete);
        Ok(Touched {
            table,
            ids,
            changes,
        })
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
        let id = dimension.id_column();
        let mut of_map = Marks::new(published.map);
        if let Some(retired) = &silent.retired {
            let columns = [id.as_str()];
            let mut retired = std::pin::pin!(self.scan(published.map).marked(retired, &columns));
            while let Some(some) = retired.try_next().await? {
                let touched = silent.touched(sieve, self.ids(&some.rows)?);
                let places = some.places.iter().zip(touched);
                places
                    .filter(|(_, touched)| *touched)
                    .for_each(|(place, _)| of_map.mark(*place));
            }
        }
        let mut known = KnownIds::within(self.least());
        let mark = |some: &Marked| {
            known.keep_keys(&some.rows, &id);
            let keys = keys(&some.rows).iter().filter(|key| **key > 0);
            for key in keys {
                of_map.mark(order.place(*key)?);
            }
            Ok(())
        };
        let ids = touched.ids.as_ref().map_or(Ids::Read, Ids::OfRows);
        let table = self.deal_published((published.table, &touched.table), ids, shares, mark);
        let table = table.await?;
        let check = |some: &Marked| order.check(&some.places, &some.rows);
        // keys that are retired stand in no row of the table
        let is_told = known.is_complete() && silent.retired.is_none();
        let ids = if is_told {
            Ids::OfKeys(&known)
        } else {
            Ids::Read
        };
        let map = self.deal_published((published.map, &of_map), ids, shares, check);
        let map = map.await?;
        let changes = match (published.changes, &touched.changes) {
            (Some(table), Some(marks)) => {
                self.deal_published((table, marks), Ids::Read, shares, |_| Ok(()))
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
        (table, marks): (&PinnedTable, &Marks),
        ids: Ids<'_>,
        shares: &Shares<'_>,
        mut tell: impl FnMut(&Marked) -> Result<()>,
    ) -> Result<Dealt> {
        let doing = || Error::arrow(format!("reading {}", table.name()));
        let schema = placed_schema(table.schema());
        let id = self.origin.dimension.id_column();
        let columns = match ids {
            Ids::Read => Vec::new(),
            Ids::OfRows(_) | Ids::OfKeys(_) => without(table.schema(), &id),
        };
        let mut dealing = self.dealing(SchemaRef::clone(&schema));
        let mut groups = std::pin::pin!(self.scan(table).marked(marks, &columns));
        while let Some(mut some) = groups.try_next().await? {
            if let Ids::OfKeys(_) = ids {
                tell(&some)?;
            }
            if let Some(found) = ids.of(&some) {
                let found = found.map_err(doing())?;
                let rows = with_ids(&some.rows, found, (table.schema(), &id));
                some.rows = rows.map_err(doing())?;
            }
            if !matches!(ids, Ids::OfKeys(_)) {
                tell(&some)?;
            }
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

    pub(super) fn ids<'r>(&self, rows: &'r RecordBatch) -> Result<&'r StringArray> {
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

/// Where the ids of rows come from.
#[derive(Clone, Copy)]
enum Ids<'k> {
    /// They are read with the rows.
    Read,
    OfRows(&'k KnownIds<Place>),
    OfKeys(&'k KnownIds<i32>),
}

impl Ids<'_> {
    /// The ids of some rows; `None` if they are read with the rows.
    fn of(self, some: &Marked) -> Option<Result<ArrayRef, ArrowError>> {
        let found = match self {
            Ids::Read => return None,
            Ids::OfRows(known) => Ok(known.of_group(some.first).cloned()),
            Ids::OfKeys(known) => known.of_keys(&some.rows),
        };
        let unknown = || ArrowError::InvalidArgumentError("the ids of rows are not known".into());
        Some(found.and_then(|found| found.ok_or_else(unknown)))
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
