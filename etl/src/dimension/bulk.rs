//! New members without a past, all at once: one version each, from the open beginning to the open end.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::take;
use arrow::error::ArrowError;
use planisphere_schemas::model::Scd;

use super::key_map::{Issued, map_schema};
use super::sieve::Sieve;
use super::timeline::Basis;
use super::{Nature, OPEN_FROM, OPEN_TO, arrow_schema, learn::LAST_WORD};

/// Rows of a batch.
const CHUNK: usize = 1 << 20;

/// The rows of new members.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    /// Rows of the dimension table, in the order of the keys.
    pub(crate) table: Vec<RecordBatch>,
    /// Rows of the key map.
    pub(crate) map: Vec<RecordBatch>,
}

impl Sieve<'_> {
    /// Makes rows of the members of some rows, each the only one of a new member; issues their keys.
    ///
    /// # Errors
    /// If they do not fit into memory.
    pub(crate) fn bulk(
        &self,
        rows: &UInt32Array,
        issued: &mut Issued,
        audit_key: i64,
    ) -> Result<Bulk, ArrowError> {
        let mut bulk = Bulk::default();
        for from in (0..rows.len()).step_by(CHUNK) {
            let some = rows.slice(from, CHUNK.min(rows.len() - from));
            let some = Newcomers::new(self, &some, *issued)?;
            bulk.table.push(some.table(audit_key)?);
            bulk.map.push(some.map()?);
            issued.keys += some.len;
            issued.durables += some.len;
        }
        Ok(bulk)
    }
}

/// Some of the new members.
struct Newcomers<'a> {
    sieve: &'a Sieve<'a>,
    rows: &'a UInt32Array,
    len: i32,
    keys: ArrayRef,
    durables: ArrayRef,
    system: ArrayRef,
    ids: ArrayRef,
    open_from: ArrayRef,
}

impl<'a> Newcomers<'a> {
    fn new(
        sieve: &'a Sieve<'a>,
        rows: &'a UInt32Array,
        issued: Issued,
    ) -> Result<Self, ArrowError> {
        let len = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        let numbers = |after: i32| -> ArrayRef {
            let last = after.saturating_add(len);
            Arc::new(Int32Array::from_iter_values(after.saturating_add(1)..=last))
        };
        let system = std::iter::repeat_n(sieve.input().source_system, rows.len());
        Ok(Self {
            sieve,
            rows,
            len,
            keys: numbers(issued.keys),
            durables: numbers(issued.durables),
            system: Arc::new(StringArray::from_iter_values(system)),
            ids: take(&sieve.columns.ids, rows, None)?,
            open_from: instants(OPEN_FROM, rows.len()),
        })
    }

    fn table(&self, audit_key: i64) -> Result<RecordBatch, ArrowError> {
        let dimension = self.sieve.input().dimension;
        let rows = self.rows.len();
        let words = |word: &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                word, rows,
            )))
        };
        let flags = |flag: bool| -> ArrayRef { Arc::new(BooleanArray::from(vec![flag; rows])) };
        let mut columns = vec![
            Arc::clone(&self.keys),
            Arc::clone(&self.durables),
            Arc::clone(&self.system),
            Arc::clone(&self.ids),
        ];
        for (attribute, values) in dimension
            .attributes
            .iter()
            .zip(&self.sieve.columns.attributes)
        {
            columns.push(match attribute.scd {
                Scd::Previous => new_null_array(values.data_type(), rows),
                _ => take(values, self.rows, None)?,
            });
        }
        columns.extend([
            Arc::clone(&self.open_from),
            instants(OPEN_TO, rows),
            words(Basis::Open.word()),
            flags(true),
            flags(false),
            Arc::new(Int64Array::from(vec![audit_key; rows])),
        ]);
        RecordBatch::try_new(arrow_schema(dimension), columns)
    }

    fn map(&self) -> Result<RecordBatch, ArrowError> {
        let told = || {
            self.rows
                .values()
                .iter()
                .map(|row| self.told(*row as usize))
        };
        let at = TimestampMicrosecondArray::from_iter_values(told().map(|(at, ..)| at));
        let sequence = Int64Array::from_iter_values(told().map(|(_, sequence, _)| sequence));
        let basis = StringArray::from_iter_values(told().map(|(.., basis)| basis.word()));
        let changes = &self.sieve.columns.change;
        let change = self.rows.values().iter().map(|row| changes[*row as usize]);
        let columns: Vec<ArrayRef> = vec![
            Arc::clone(&self.keys),
            Arc::clone(&self.durables),
            Arc::clone(&self.system),
            Arc::clone(&self.ids),
            Arc::clone(&self.open_from),
            Arc::new(BooleanArray::from(vec![false; self.rows.len()])),
            Arc::new(at.with_timezone("UTC")),
            Arc::new(sequence),
            Arc::new(basis),
            Arc::new(change.collect::<Int64Array>()),
        ];
        RecordBatch::try_new(map_schema(self.sieve.input().dimension), columns)
    }

    /// When a row's state was seen; as [`super::learn::Learner`] would date it.
    fn told(&self, row: usize) -> (i64, i64, Basis) {
        let columns = &self.sieve.columns;
        match self.sieve.input().nature {
            Nature::Changes => {
                let basis = Basis::of(columns.basis.value(row));
                (columns.from[row], columns.sequence[row], basis)
            }
            _ if columns.modified.is_valid(row) => {
                (columns.modified.value(row), LAST_WORD, Basis::Modified)
            }
            _ => (OPEN_FROM, i64::MIN, Basis::Open),
        }
    }
}

fn instants(micros: i64, rows: usize) -> ArrayRef {
    let values = std::iter::repeat_n(micros, rows);
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}
