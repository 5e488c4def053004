//! New members without a past, all at once: one version each, from the open beginning to the open end.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{Dimension, Scd};

use crate::spool::Spooled;

use super::key_map::{Issued, map_schema};
use super::observe::{Columns, Origin};
use super::sieve::{Fate, Sieve};
use super::timeline::Basis;
use super::{Nature, OPEN_FROM, OPEN_TO, arrow_schema, learn::LAST_WORD};

/// New members without a past. Their rows are made of the conformed rows each time that they are read.
pub(crate) struct Bulk {
    dimension: Dimension,
    source_system: String,
    nature: Nature,
    snapshot_at: i64,
    zone: Tz,
    audit_key: i64,
    /// All conformed rows, and for each whether it is the only one of a new member.
    rows: Spooled,
    plain: BooleanBuffer,
    len: usize,
    /// The keys that were issued before theirs.
    issued: Issued,
}

impl Sieve<'_> {
    /// The new members without a past, of the rows that were sieved; issues their keys.
    pub(crate) fn bulk(&self, rows: &Spooled, issued: &mut Issued, audit_key: i64) -> Bulk {
        let plain =
            BooleanBuffer::collect_bool(self.num_rows(), |row| self.fate(row) == Fate::Plain);
        let bulk = Bulk {
            audit_key,
            len: plain.count_set_bits(),
            plain,
            issued: *issued,
            ..Bulk::nobody(self.origin(), rows.clone())
        };
        let len = short(bulk.len);
        issued.keys = issued.keys.saturating_add(len);
        issued.durables = issued.durables.saturating_add(len);
        bulk
    }
}

impl Bulk {
    /// Nobody in these rows is new.
    pub(crate) fn nobody(of: Origin<'_>, rows: Spooled) -> Self {
        Self {
            dimension: of.dimension.clone(),
            source_system: of.source_system.to_owned(),
            nature: of.nature,
            snapshot_at: of.snapshot_at,
            zone: of.zone,
            audit_key: 0,
            plain: BooleanBuffer::new_unset(rows.num_rows()),
            rows,
            len: 0,
            issued: Issued::default(),
        }
    }

    /// Rows of the dimension table, in the order of the keys.
    pub(crate) fn table(
        &self,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + '_ {
        self.some(|some| some.table(self.audit_key))
    }

    /// Rows of the key map, in the order of the keys.
    pub(crate) fn map(&self) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + '_ {
        let mut some = self.some(Ok);
        std::iter::from_fn(move || {
            let mut rows = MapRows::default();
            while rows.at.len() < CHUNK && rows.ids.values_slice().len() < CHUNK_BYTES {
                match some.next() {
                    Some(Ok(next)) => rows.add(&next),
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                }
            }
            (!rows.at.is_empty()).then(|| rows.finish(self))
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn some<'s, T: 's>(
        &'s self,
        make: impl Fn(Newcomers<'s>) -> Result<T, ArrowError> + Send + 's,
    ) -> impl Iterator<Item = Result<T, ArrowError>> + Send + 's {
        let (mut first, mut issued) = (0, self.issued);
        let batches = self.rows.batches().take_while(|_| self.len > 0);
        batches.filter_map(move |rows| {
            let rows = match rows {
                Ok(rows) => rows,
                Err(error) => return Some(Err(error)),
            };
            let plain = self.plain.slice(first, rows.num_rows());
            first += rows.num_rows();
            if plain.count_set_bits() == 0 {
                return None;
            }
            let made =
                filter_record_batch(&rows, &BooleanArray::new(plain, None)).and_then(|rows| {
                    let some = Newcomers::new(self, &rows, issued)?;
                    issued.keys += some.len;
                    issued.durables += some.len;
                    make(some)
                });
            Some(made)
        })
    }
}

/// Some of the new members.
struct Newcomers<'a> {
    bulk: &'a Bulk,
    columns: Columns,
    len: i32,
    keys: ArrayRef,
    durables: ArrayRef,
    system: ArrayRef,
    open_from: ArrayRef,
}

impl<'a> Newcomers<'a> {
    fn new(bulk: &'a Bulk, rows: &RecordBatch, issued: Issued) -> Result<Self, ArrowError> {
        let of = Origin {
            dimension: &bulk.dimension,
            source_system: &bulk.source_system,
            nature: bulk.nature,
            snapshot_at: bulk.snapshot_at,
            zone: bulk.zone,
        };
        let read = Columns::read(&of.of(rows));
        let (columns, _) = read.map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        let rows = rows.num_rows();
        let numbers = |after: i32| -> ArrayRef {
            let last = after.saturating_add(short(rows));
            Arc::new(Int32Array::from_iter_values(after.saturating_add(1)..=last))
        };
        let system = std::iter::repeat_n(&bulk.source_system, rows);
        Ok(Self {
            bulk,
            columns,
            len: short(rows),
            keys: numbers(issued.keys),
            durables: numbers(issued.durables),
            system: Arc::new(StringArray::from_iter_values(system)),
            open_from: instants(OPEN_FROM, rows),
        })
    }

    fn table(&self, audit_key: i64) -> Result<RecordBatch, ArrowError> {
        let dimension = &self.bulk.dimension;
        let rows = self.columns.ids.len();
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
            Arc::new(self.columns.ids.clone()),
        ];
        for (attribute, values) in dimension.attributes.iter().zip(&self.columns.attributes) {
            columns.push(match attribute.scd {
                Scd::Previous => new_null_array(values.data_type(), rows),
                _ => Arc::clone(values),
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

    /// When a row's state was seen; as [`super::learn::Learner`] would date it.
    fn told(&self, row: usize) -> (i64, i64, Basis) {
        let columns = &self.columns;
        match self.bulk.nature {
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

/// Rows of the key map that are handed on at once.
const CHUNK: usize = 65_536;
/// Bytes of ids of which they are no more, however few they are.
const CHUNK_BYTES: usize = 4 << 20;

/// Rows of a key map on their way: narrow ones, of batches that may be wide. They are copied into a few columns, for the holes
/// that many small ones leave between wide batches stay in memory.
#[derive(Default)]
struct MapRows {
    keys: Vec<i32>,
    durables: Vec<i32>,
    ids: StringBuilder,
    at: Vec<i64>,
    sequence: Vec<i64>,
    basis: Vec<&'static str>,
    change: Vec<Option<i64>>,
}

impl MapRows {
    fn add(&mut self, some: &Newcomers<'_>) {
        let keys = |keys: &ArrayRef| keys.as_primitive::<Int32Type>().values().clone();
        self.keys.extend_from_slice(&keys(&some.keys));
        self.durables.extend_from_slice(&keys(&some.durables));
        for row in 0..some.columns.ids.len() {
            let (at, sequence, basis) = some.told(row);
            self.ids.append_value(some.columns.ids.value(row));
            self.at.push(at);
            self.sequence.push(sequence);
            self.basis.push(basis.word());
        }
        self.change.extend_from_slice(&some.columns.change);
    }

    fn finish(mut self, bulk: &Bulk) -> Result<RecordBatch, ArrowError> {
        let rows = self.at.len();
        let system = std::iter::repeat_n(&bulk.source_system, rows);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(self.keys)),
            Arc::new(Int32Array::from(self.durables)),
            Arc::new(StringArray::from_iter_values(system)),
            Arc::new(self.ids.finish()),
            instants(OPEN_FROM, rows),
            Arc::new(BooleanArray::from(vec![false; rows])),
            Arc::new(TimestampMicrosecondArray::from(self.at).with_timezone("UTC")),
            Arc::new(Int64Array::from(self.sequence)),
            Arc::new(StringArray::from(self.basis)),
            Arc::new(Int64Array::from(self.change)),
        ];
        RecordBatch::try_new(map_schema(&bulk.dimension), columns)
    }
}

fn short(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

fn instants(micros: i64, rows: usize) -> ArrayRef {
    let values = std::iter::repeat_n(micros, rows);
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}
