//! What becomes of the rows of a dimension's table or key map, share by share.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{SortColumn, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;

use crate::dealt::{Dealing, Dealt};
use crate::dimension::{Bulk, Delta};
use crate::spool::{Memory, Spool, Spooled};
use crate::warehouse::{Editing, Place, RowEdits};

type Arrow<T> = Result<T, ArrowError>;

/// Takes what becomes of rows.
pub(super) struct Gathering {
    /// Rows whose keys were issued before those of new members: special members, versions that are there again.
    early: Dealing,
    /// All others, which come in the order of their keys.
    later: Spool,
    /// The last key that was issued before.
    issued: i32,
    /// Of those that were issued before so many are sorted at a time.
    sorted: usize,
    edits: Editing,
    removed: HashSet<i32>,
}

/// What becomes of the rows of a table.
pub(super) struct Gathered {
    pub(super) added: Added,
    pub(super) edits: RowEdits,
    /// The keys of rows that leave.
    pub(super) removed: HashSet<i32>,
}

/// New rows but for those of new members without a past.
pub(super) struct Added {
    pub(super) schema: SchemaRef,
    early: Dealt,
    later: Spooled,
}

impl Gathering {
    /// Nothing is known yet of a table with these columns; keys up to one were issued before, of which so many are sorted at a
    /// time.
    pub(super) fn new(
        schema: &SchemaRef,
        (memory, least): (&Memory, usize),
        (issued, sorted): (i32, usize),
    ) -> Self {
        Self {
            early: Dealing::new(Arc::clone(schema), memory, least),
            later: Spool::new(Arc::clone(schema), memory),
            issued,
            sorted,
            edits: Editing::new(schema, memory, least),
            removed: HashSet::new(),
        }
    }

    /// Takes what becomes of rows, with the places of published ones by their keys.
    pub(super) fn add(&mut self, delta: &Delta, places: &HashMap<i32, Place>) -> Arrow<()> {
        let rows = &delta.added;
        let keys = keys(rows);
        let early = keys.partition_point(|key| *key <= self.issued);
        let share = |key: &i32| {
            let share = usize::try_from(*key).unwrap_or(0) / self.sorted;
            u32::try_from(share).unwrap_or(0)
        };
        let shares: Vec<u32> = keys[..early].iter().map(share).collect();
        self.early.push(&rows.slice(0, early), &shares)?;
        self.later
            .push(rows.slice(early, rows.num_rows() - early))?;
        let place = |key: &i32| {
            let found = places.get(key).copied();
            found.ok_or_else(|| {
                ArrowError::InvalidArgumentError(format!("key {key} is not published"))
            })
        };
        let changed = self::keys(&delta.changed).iter().map(place);
        let changed = changed.collect::<Arrow<Vec<_>>>()?;
        self.edits.push(&delta.changed, &changed, &delta.columns)?;
        let removed = delta.removed.iter().map(place);
        self.edits.remove(removed.collect::<Arrow<Vec<_>>>()?);
        self.removed.extend(&delta.removed);
        Ok(())
    }

    /// All of it.
    pub(super) fn finish(self) -> Arrow<Gathered> {
        let later = self.later.finish()?;
        Ok(Gathered {
            added: Added {
                schema: later.schema(),
                early: self.early.finish()?,
                later,
            },
            edits: self.edits.finish()?,
            removed: self.removed,
        })
    }
}

impl Added {
    /// How many rows there are.
    pub(super) fn num_rows(&self) -> usize {
        self.early.num_rows() + self.later.num_rows()
    }

    fn early(&self) -> impl Iterator<Item = Arrow<RecordBatch>> + Send + '_ {
        let shares = (0..self.early.shares()).map(|share| in_order(self.early.share(share)?));
        shares.filter(|rows| !matches!(rows, Ok(rows) if rows.num_rows() == 0))
    }

    /// The rows, some at a time.
    pub(super) fn batches(&self) -> impl Iterator<Item = Arrow<RecordBatch>> + Send + '_ {
        self.early().chain(self.later.batches())
    }
}

/// Rows in the order of their keys.
fn in_order(rows: RecordBatch) -> Arrow<RecordBatch> {
    if keys(&rows).is_sorted() {
        return Ok(rows);
    }
    let by = SortColumn {
        values: Arc::clone(rows.column(0)),
        options: None,
    };
    take_record_batch(&rows, &lexsort_to_indices(&[by], None)?)
}

/// The keys, which stand in the first column.
pub(super) fn keys(rows: &RecordBatch) -> &[i32] {
    rows.column(0).as_primitive::<Int32Type>().values()
}

/// All new rows of a dimension's table or key map in the order of their keys.
pub(crate) struct MemberRows {
    added: Added,
    bulk: Arc<Bulk>,
    of: Of,
}

/// The table of a dimension, or its key map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Table,
    Map,
}

impl MemberRows {
    pub(super) fn new(added: Added, bulk: &Arc<Bulk>, of: Of) -> Self {
        Self {
            added,
            bulk: Arc::clone(bulk),
            of,
        }
    }

    /// How many there are.
    pub(super) fn num_rows(&self) -> usize {
        self.added.num_rows() + self.bulk.len()
    }

    /// The rows, some at a time.
    pub(in crate::load) fn batches(
        &self,
    ) -> Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send + '_> {
        let (early, later) = (self.added.early(), self.added.later.batches());
        match self.of {
            Of::Table => Box::new(early.chain(self.bulk.table()).chain(later)),
            Of::Map => Box::new(early.chain(self.bulk.map()).chain(later)),
        }
    }
}
