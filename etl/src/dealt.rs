//! Rows dealt out to numbered shares, each of which is read by itself: in memory up to a number of bytes, what is more goes into
//! one nameless temporary file, however many shares there are.
//!
//! The rows of a share keep the order in which they came.

use std::fs::File;
use std::io::{BufWriter, Seek as _, Write as _};
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use crate::spool::{Lease, Memory, bytes_of, unpinned, written};

type Arrow<T> = Result<T, ArrowError>;

/// Bytes that are read at once of what waited together, which can be little.
const BUFFER: usize = 4 << 10;

/// Takes rows and deals them out.
pub(crate) struct Dealing {
    schema: SchemaRef,
    memory: Memory,
    lease: Lease,
    /// Bytes that may wait even if the memory is full.
    least: usize,
    waiting_bytes: usize,
    file: Option<(Arc<File>, BufWriter<File>)>,
    shares: Vec<Share>,
    rows: usize,
}

/// Rows that were dealt out.
#[derive(Debug)]
pub(crate) struct Dealt {
    schema: SchemaRef,
    file: Option<Arc<File>>,
    shares: Vec<Share>,
    rows: usize,
    _lease: Lease,
}

/// The rows of one share: first those in the file, then those in memory.
#[derive(Debug, Default)]
struct Share {
    /// Where in the file its rows begin, each time some were written.
    written: Vec<u64>,
    memory: Vec<RecordBatch>,
}

impl Dealing {
    /// Rows with these columns; so many bytes may wait in any case.
    pub(crate) fn new(schema: SchemaRef, memory: &Memory, least: usize) -> Self {
        Self {
            schema,
            memory: memory.clone(),
            lease: memory.lease(),
            least,
            waiting_bytes: 0,
            file: None,
            shares: Vec::new(),
            rows: 0,
        }
    }

    /// Deals rows out: for each of them the number of its share.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written.
    pub(crate) fn push(&mut self, rows: &RecordBatch, shares: &[u32]) -> Arrow<()> {
        let Some(first) = shares.first() else {
            return Ok(());
        };
        if shares.iter().all(|share| share == first) {
            return self.push_to(*first, rows.clone());
        }
        let mut order: Vec<u32> = (0..).take(shares.len()).collect();
        order.sort_by_key(|row| shares[*row as usize]);
        let dealt: Vec<u32> = order.iter().map(|row| shares[*row as usize]).collect();
        let rows = take_record_batch(rows, &UInt32Array::from(order))?;
        let mut from = 0;
        for run in dealt.chunk_by(|a, b| a == b) {
            self.push_to(run[0], rows.slice(from, run.len()))?;
            from += run.len();
        }
        Ok(())
    }

    /// Adds rows to one share.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written.
    pub(crate) fn push_to(&mut self, share: u32, rows: RecordBatch) -> Arrow<()> {
        let share = share as usize;
        if self.shares.len() <= share {
            self.shares.resize_with(share + 1, Share::default);
        }
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let bytes = bytes_of(&rows);
        self.rows += rows.num_rows();
        self.waiting_bytes += bytes;
        self.shares[share].memory.push(unpinned(rows)?);
        if !self.lease.grow(bytes) && self.waiting_bytes > self.least {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what waits.
    fn flush(&mut self) -> Arrow<()> {
        let (_, out) = match &mut self.file {
            Some(file) => file,
            None => {
                let file = tempfile::tempfile().map_err(ArrowError::from)?;
                let out = BufWriter::new(file.try_clone()?);
                self.file.insert((Arc::new(file), out))
            }
        };
        for share in &mut self.shares {
            let waiting = std::mem::take(&mut share.memory);
            if waiting.is_empty() {
                continue;
            }
            share.written.push(out.stream_position()?);
            let mut writer = StreamWriter::try_new(&mut *out, &self.schema)?;
            writer.write(&concat_batches(&self.schema, &waiting)?)?;
            writer.finish()?;
        }
        self.waiting_bytes = 0;
        self.lease = self.memory.lease();
        Ok(())
    }

    /// The rows that were dealt out.
    ///
    /// # Errors
    /// If the temporary file cannot be written to its end.
    pub(crate) fn finish(self) -> Arrow<Dealt> {
        let file = match self.file {
            Some((file, mut out)) => {
                out.flush()?;
                Some(file)
            }
            None => None,
        };
        Ok(Dealt {
            schema: self.schema,
            file,
            shares: self.shares,
            rows: self.rows,
            _lease: self.lease,
        })
    }
}

impl Dealt {
    /// How many rows there are in all shares.
    pub(crate) fn num_rows(&self) -> usize {
        self.rows
    }

    /// How many shares there are: one more than the largest number to which a row was dealt.
    pub(crate) fn shares(&self) -> usize {
        self.shares.len()
    }

    /// The rows of a share.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(crate) fn share(&self, share: usize) -> Arrow<RecordBatch> {
        let mut batches = Vec::new();
        if let Some(share) = self.shares.get(share) {
            if let Some(file) = &self.file {
                for at in &share.written {
                    // each time it was one batch
                    batches.extend(written(file, *at, BUFFER).next().transpose()?);
                }
            }
            batches.extend(share.memory.iter().cloned());
        }
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([only]) => Ok(only),
            Err(batches) => concat_batches(&self.schema, &batches),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;

    fn batch(numbers: std::ops::Range<i64>) -> RecordBatch {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
            numbers
                .clone()
                .map(|number| "x".repeat(number as usize % 30)),
        ));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    }

    #[test]
    fn each_share_has_its_rows_in_their_order_wherever_they_lie() {
        for (room, least, spills) in [(1 << 20, 0, false), (0, 1 << 20, false), (0, 2_000, true)] {
            let memory = Memory::new(room);
            let mut dealing = Dealing::new(batch(0..0).schema(), &memory, least);
            for from in (0..1_000).step_by(100) {
                let shares: Vec<u32> = (from..from + 100).map(|n: u32| n * n % 7).collect();
                let from = i64::from(from);
                dealing.push(&batch(from..from + 100), &shares).unwrap();
            }
            dealing.push_to(9, batch(5_000..5_003)).unwrap();
            let dealt = dealing.finish().unwrap();
            assert_eq!(dealt.file.is_some(), spills);
            assert_eq!((dealt.num_rows(), dealt.shares()), (1_003, 10));
            for share in 0..11 {
                let rows = dealt.share(share).unwrap();
                let expected: Vec<i64> = match share {
                    9 => (5_000..5_003).collect(),
                    _ => (0..1_000).filter(|n| n * n % 7 == share as i64).collect(),
                };
                let numbers = rows.column(0).as_primitive::<Int64Type>().values();
                assert_eq!(numbers.to_vec(), expected);
                let texts = rows.column(1).as_string::<i32>();
                let right =
                    |(text, n): (Option<&str>, &i64)| text.unwrap().len() == *n as usize % 30;
                assert!(texts.iter().zip(&expected).all(right));
            }
        }
    }
}
