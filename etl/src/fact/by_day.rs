//! New rows of a fact in the order of their days, however many there are.
//!
//! Rows wait in memory; where that is full they go to a file as a run that is in order, and the runs are read side by side in
//! the end. Rows of a day keep the order in which they came.

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;

use crate::spool::{Lease, Memory, Spool, Spooled, bytes_of, unpinned};

type Arrow<T> = Result<T, ArrowError>;

/// Rows that are handed on at once, and about as many bytes at most.
const BATCH: usize = 65_536;
const BATCH_BYTES: usize = 8 << 20;
/// Batches of a run for each that may wait: of each run one is in memory while they are read side by side.
const BATCHES_OF_RUN: usize = 32;
/// Keys of special members are below zero, and there are fewer of them.
const SPECIAL: i32 = 8;

/// Takes rows.
pub(crate) struct ByDay {
    schema: SchemaRef,
    /// The column with the day; without one the rows stay as they came.
    key: Option<usize>,
    memory: Memory,
    lease: Lease,
    /// Bytes that may wait even if the memory is full.
    least: usize,
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    runs: Vec<Spooled>,
    /// All rows that came, and their bytes.
    rows: usize,
    bytes: usize,
}

/// Rows in the order of their days.
pub(crate) struct Sorted {
    /// Rows that are handed on at once.
    batch: usize,
    schema: SchemaRef,
    key: Option<usize>,
    waiting: Vec<RecordBatch>,
    runs: Vec<Spooled>,
    _lease: Lease,
}

impl ByDay {
    /// Rows with these columns, of which one may hold the day; so many bytes may wait in any case.
    pub(crate) fn new(
        schema: SchemaRef,
        key: Option<usize>,
        memory: &Memory,
        least: usize,
    ) -> Self {
        Self {
            schema,
            key,
            memory: memory.clone(),
            lease: memory.lease(),
            least,
            waiting: Vec::new(),
            waiting_bytes: 0,
            runs: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If a run cannot be written.
    pub(crate) fn push(&mut self, rows: RecordBatch) -> Arrow<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let bytes = bytes_of(&rows);
        self.rows += rows.num_rows();
        self.bytes += bytes;
        self.waiting.push(unpinned(rows)?);
        self.waiting_bytes += bytes;
        if !self.lease.grow(bytes) && self.waiting_bytes > self.least {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Arrow<()> {
        let waiting = std::mem::take(&mut self.waiting);
        // nothing of it stays in memory
        let mut run = Spool::new(SchemaRef::clone(&self.schema), &Memory::new(0));
        for rows in in_order(&waiting, self.key, self.batch(self.least / BATCHES_OF_RUN)) {
            run.push(rows?)?;
        }
        self.runs.push(run.finish()?);
        self.waiting_bytes = 0;
        self.lease = self.memory.lease();
        Ok(())
    }

    /// How many rows are handed on at once.
    fn batch(&self, bytes: usize) -> usize {
        let width = (self.bytes / self.rows.max(1)).max(1);
        BATCH.min(bytes / width).max(1)
    }

    /// The rows that were added.
    pub(crate) fn finish(self) -> Sorted {
        Sorted {
            batch: self.batch(BATCH_BYTES),
            schema: self.schema,
            key: self.key,
            waiting: self.waiting,
            runs: self.runs,
            _lease: self.lease,
        }
    }
}

impl Sorted {
    /// The rows in their order, some at a time.
    pub(crate) fn batches(&self) -> Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send + '_> {
        let waiting = in_order(&self.waiting, self.key, self.batch);
        let runs = self.runs.iter();
        match self.key {
            _ if self.runs.is_empty() => Box::new(waiting),
            None => Box::new(runs.flat_map(Spooled::batches).chain(waiting)),
            Some(key) => {
                let runs = runs.map(|run| Run::new(Box::new(run.batches()), key));
                let waiting = Run::new(Box::new(waiting), key);
                Box::new(Merged {
                    schema: SchemaRef::clone(&self.schema),
                    batch: self.batch,
                    runs: runs.chain([waiting]).collect(),
                })
            }
        }
    }
}

/// Batches as one sequence of rows in the order of their days.
fn in_order(
    batches: &[RecordBatch],
    key: Option<usize>,
    most: usize,
) -> Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send + '_> {
    let Some(key) = key else {
        return Box::new(batches.iter().cloned().map(Ok));
    };
    let order = order(batches, key);
    let all: Vec<&RecordBatch> = batches.iter().collect();
    let mut from = 0;
    Box::new(std::iter::from_fn(move || {
        let some = &order[from..order.len().min(from + most)];
        from += some.len();
        (!some.is_empty()).then(|| {
            let places = some
                .iter()
                .map(|(batch, row)| (*batch as usize, *row as usize));
            interleave_record_batch(&all, &places.collect::<Vec<_>>())
        })
    }))
}

/// Where the rows are, in the order of their days: counted day by day, then dealt out.
fn order(batches: &[RecordBatch], key: usize) -> Vec<(u32, u32)> {
    let keys = || {
        let batches = batches.iter();
        batches.map(|rows| rows.column(key).as_primitive::<Int32Type>().values())
    };
    // the keys of days are small numbers, those of special members follow below zero
    let rank = |key: i32| usize::try_from(key + SPECIAL).unwrap_or(0);
    let last = keys().flat_map(|keys| keys.iter().copied()).max();
    let mut next = vec![0_usize; last.map_or(0, |last| rank(last) + 1)];
    for key in keys().flat_map(|keys| keys.iter()) {
        next[rank(*key)] += 1;
    }
    let mut begin = 0;
    for next in &mut next {
        let rows = *next;
        *next = begin;
        begin += rows;
    }
    let mut order = vec![(0, 0); begin];
    for (batch, keys) in (0_u32..).zip(keys()) {
        for (row, key) in (0_u32..).zip(keys) {
            let next = &mut next[rank(*key)];
            order[*next] = (batch, row);
            *next += 1;
        }
    }
    order
}

/// Rows in order, read from the front.
struct Run<'a> {
    batches: Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send + 'a>,
    key: usize,
    /// What is left of the batch that was read last.
    rest: Option<RecordBatch>,
}

impl<'a> Run<'a> {
    fn new(batches: Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send + 'a>, key: usize) -> Self {
        Self {
            batches,
            key,
            rest: None,
        }
    }

    /// The day of the next row; `None` at the end.
    fn day(&mut self) -> Arrow<Option<i32>> {
        if self.rest.is_none() {
            self.rest = self.batches.next().transpose()?;
        }
        let keys = self.rest.as_ref().map(|rows| rows.column(self.key));
        Ok(keys.map(|keys| keys.as_primitive::<Int32Type>().value(0)))
    }

    /// The rows of a day that were read already, as far as they are next.
    fn take(&mut self, day: i32) -> Option<RecordBatch> {
        let rows = self.rest.take()?;
        let keys = rows.column(self.key).as_primitive::<Int32Type>().values();
        let end = keys.partition_point(|key| *key <= day);
        if end < rows.num_rows() {
            self.rest = Some(rows.slice(end, rows.num_rows() - end));
        }
        Some(rows.slice(0, end))
    }
}

/// Runs side by side.
struct Merged<'a> {
    schema: SchemaRef,
    /// Rows that are handed on at once.
    batch: usize,
    runs: Vec<Run<'a>>,
}

impl Merged<'_> {
    fn next_batch(&mut self) -> Arrow<Option<RecordBatch>> {
        let (mut taken, mut rows) = (Vec::new(), 0);
        while rows < self.batch {
            let days = self.runs.iter_mut().map(Run::day);
            let days: Vec<Option<i32>> = days.collect::<Arrow<_>>()?;
            let Some(day) = days.iter().flatten().min() else {
                break;
            };
            let runs = self.runs.iter_mut().zip(&days);
            for (run, _) in runs.filter(|(_, next)| *next == &Some(*day)) {
                // a day may go on in the next batch of its run
                while rows < self.batch && run.day()? == Some(*day) {
                    if let Some(some) = run.take(*day) {
                        rows += some.num_rows();
                        taken.push(some);
                    }
                }
            }
        }
        match taken.is_empty() {
            true => Ok(None),
            false => concat_batches(&self.schema, &taken).map(Some),
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = Arrow<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::{ArrayRef, Int32Array, Int64Array};
    use arrow::datatypes::Int64Type;
    use std::sync::Arc;

    /// Rows with days that jump about, numbered as they come.
    fn batch(from: i64, rows: i64) -> RecordBatch {
        let day = |n: i64| match n % 7 {
            0 => -1,
            3 => -4,
            _ => 9_131 + i32::try_from(n * 31 % 28).unwrap(),
        };
        let days: ArrayRef = Arc::new(Int32Array::from_iter_values((from..from + rows).map(day)));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + rows));
        RecordBatch::try_from_iter([("n", numbers), ("day", days)]).unwrap()
    }

    fn rows(sorted: &Sorted) -> Vec<(i32, i64)> {
        let batches = sorted.batches().map(Result::unwrap);
        let rows = batches.flat_map(|rows| {
            let days = rows.column(1).as_primitive::<Int32Type>().values().to_vec();
            let numbers = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
            days.into_iter().zip(numbers).collect::<Vec<_>>()
        });
        rows.collect()
    }

    #[test]
    fn rows_come_in_the_order_of_their_days_wherever_they_wait() {
        let mut expected = rows(&Sorted {
            batch: 1_000,
            schema: batch(0, 0).schema(),
            key: None,
            waiting: vec![batch(0, 5_000)],
            runs: Vec::new(),
            _lease: Memory::new(0).lease(),
        });
        expected.sort_by_key(|(day, _)| *day);
        for (room, least, runs) in [(1 << 20, 0, 0), (0, 1 << 20, 0), (0, 20_000, 2), (0, 0, 50)] {
            let memory = Memory::new(room);
            let mut by_day = ByDay::new(batch(0, 0).schema(), Some(1), &memory, least);
            for from in (0..5_000).step_by(100) {
                by_day.push(batch(from, 100)).unwrap();
            }
            let sorted = by_day.finish();
            assert_eq!(sorted.runs.len(), runs, "{room} {least}");
            assert_eq!(rows(&sorted), expected, "{room} {least}");
        }
    }

    #[test]
    fn without_days_rows_stay_as_they_came() {
        for least in [0, 1 << 20] {
            let mut by_day = ByDay::new(batch(0, 0).schema(), None, &Memory::new(0), least);
            for from in [0, 100, 200] {
                by_day.push(batch(from, 100)).unwrap();
            }
            let numbers: Vec<i64> = rows(&by_day.finish()).iter().map(|(_, n)| *n).collect();
            assert_eq!(numbers, (0..300).collect::<Vec<_>>());
        }
    }
}
