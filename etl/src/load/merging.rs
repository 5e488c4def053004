//! A table that is made anew in the order of its rows, beside what is published of it in the same order: rows that stay as they are
//! keep the audit key of the load that made them. What is published in another order is only made anew.

use std::marker::PhantomData;
use std::vec::IntoIter;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::stream::LocalBoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use planisphere_schemas::warehouse::PinnedTable;

use crate::dimension::Tally;
use crate::error::{Error, Result};
use crate::spool::{Spool, Spooled};

use super::build::{NextRows, NextTable};
use super::execute::Execution;
use super::scan::TableScan;

/// What a row of such a table says but for its audit key.
pub(super) trait Told: Ord + Sized {
    /// Reads rows.
    fn read(rows: &RecordBatch) -> Vec<(Self, i64)>;

    /// Writes rows.
    fn write(rows: &[(Self, i64)], schema: &SchemaRef) -> Result<RecordBatch, ArrowError>;
}

/// Takes the rows of a table in their order.
pub(super) struct Merging<'a, T> {
    name: String,
    rows: Spool,
    schema: SchemaRef,
    audit_key: i64,
    /// What is published, behind what was compared already.
    published: LocalBoxStream<'a, Result<RecordBatch>>,
    waiting: IntoIter<(T, i64)>,
    is_new: bool,
    tally: Tally,
    of: PhantomData<T>,
}

impl<'a, T: Told> Merging<'a, T> {
    /// A table of this name and with these columns; `published` if it has the same.
    pub(super) fn new(
        execution: &'a Execution<'_>,
        (name, schema): (String, SchemaRef),
        published: Option<&'a PinnedTable>,
        audit_key: i64,
    ) -> Self {
        let scan = published.map(|table| TableScan {
            warehouse: execution.warehouse,
            table,
        });
        let groups = futures::stream::iter(scan).flat_map(|scan| scan.groups(&[]));
        Self {
            name,
            rows: Spool::new(schema.clone(), &execution.memory),
            schema,
            audit_key,
            published: groups.map_ok(|group| group.rows).boxed_local(),
            waiting: Vec::new().into_iter(),
            is_new: published.is_none(),
            tally: Tally::default(),
            of: PhantomData,
        }
    }

    /// Adds rows, which come behind all others.
    pub(super) async fn push(&mut self, rows: Vec<T>) -> Result<()> {
        let mut told = Vec::with_capacity(rows.len());
        for row in rows {
            let known = self.known(&row).await?;
            self.tally.inserted += u64::from(known.is_none());
            told.push((row, known.unwrap_or(self.audit_key)));
        }
        let rows = T::write(&told, &self.schema);
        rows.and_then(|rows| self.rows.push(rows))
            .map_err(Error::arrow(format!("building {}", self.name)))
    }

    /// The audit key of a row that is published; those before it are so no more.
    async fn known(&mut self, row: &T) -> Result<Option<i64>> {
        loop {
            match self.waiting.as_slice().first() {
                Some((next, _)) if next > row => return Ok(None),
                Some((next, key)) if next == row => {
                    let key = *key;
                    self.waiting.next();
                    return Ok(Some(key));
                }
                Some(_) => {
                    self.waiting.next();
                    self.tally.retired += 1;
                }
                None => match self.published.try_next().await? {
                    Some(rows) => self.waiting = T::read(&rows).into_iter(),
                    None => return Ok(None),
                },
            }
        }
    }

    /// The table, whose rows are sorted by this column.
    pub(super) async fn finish(mut self, sorted_by: String) -> Result<NextTable> {
        self.tally.retired += self.waiting.len() as u64;
        while let Some(rows) = self.published.try_next().await? {
            self.tally.retired += rows.num_rows() as u64;
        }
        let doing = Error::arrow(format!("building {}", self.name));
        let rows: Spooled = self.rows.finish().map_err(doing)?;
        Ok(NextTable {
            name: self.name,
            schema: self.schema,
            kept: Vec::new(),
            edits: None,
            rows: NextRows::Spooled(rows),
            sorted_by: vec![sorted_by],
            tally: self.tally,
            changed: self.is_new || self.tally.has_changes(),
        })
    }
}
