//! Rows in their order, in memory up to a number of bytes; what is more goes into a nameless temporary file.
//!
//! The file belongs to nobody else and is gone with the process, however that ends.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array as _, ArrayData, RecordBatch, UInt32Array};
use arrow::buffer::Buffer;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::error::{Error, Result};

type Arrow<T> = std::result::Result<T, ArrowError>;

/// Bytes that are read from or written to a file at once.
const BUFFER: usize = 64 << 10;
/// A piece of memory of this size may be held for whatever it is.
const PIECE: usize = 4 << 10;

/// The bytes that all spools of a load may keep in memory together.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<AtomicUsize>);

impl Memory {
    /// So many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Takes bytes for what has to lie in memory, or as many as are left: others keep less there.
    pub(crate) fn charge(&self, bytes: usize) -> Lease {
        let mut taken = 0;
        let left = |left: usize| {
            taken = bytes.min(left);
            Some(left - taken)
        };
        // what gives an answer always is never refused
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        Lease {
            memory: self.clone(),
            bytes: taken,
        }
    }

    /// Nothing is taken yet.
    pub(crate) fn lease(&self) -> Lease {
        Lease {
            memory: self.clone(),
            bytes: 0,
        }
    }
}

/// Bytes that were taken; they are given back with it.
#[derive(Debug)]
pub(crate) struct Lease {
    memory: Memory,
    bytes: usize,
}

impl Lease {
    /// Takes more bytes; false if there are not as many.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let left = |left: usize| left.checked_sub(bytes);
        let Memory(free) = &self.memory;
        let taken = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.memory.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// Takes rows.
pub(crate) struct Spool {
    schema: SchemaRef,
    lease: Lease,
    memory: Vec<RecordBatch>,
    file: Option<(Arc<File>, StreamWriter<BufWriter<File>>)>,
    rows: usize,
    bytes: usize,
}

/// Rows that can be read any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Spooled {
    schema: SchemaRef,
    parts: Vec<Part>,
    rows: usize,
    bytes: usize,
}

/// Rows of one spool: first those in memory, then those in its file.
#[derive(Debug, Clone)]
struct Part {
    memory: Vec<RecordBatch>,
    file: Option<Arc<File>>,
    /// What the rows in memory have taken, until nobody holds them any more.
    _lease: Option<Arc<Lease>>,
}

impl Spool {
    /// Rows with these columns, which stay in memory as long as there is some left.
    pub(crate) fn new(schema: SchemaRef, memory: &Memory) -> Self {
        Self {
            schema,
            lease: memory.lease(),
            memory: Vec::new(),
            file: None,
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds rows behind the others.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written.
    pub(crate) fn push(&mut self, rows: RecordBatch) -> Arrow<()> {
        self.rows += rows.num_rows();
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let bytes = bytes_of(&rows);
        self.bytes += bytes;
        if self.file.is_none() && self.lease.grow(bytes) {
            self.memory.push(unpinned(rows)?);
            return Ok(());
        }
        if self.file.is_none() {
            let file = tempfile::tempfile().map_err(ArrowError::from)?;
            let writer = BufWriter::with_capacity(BUFFER, file.try_clone()?);
            let writer = StreamWriter::try_new(writer, &self.schema)?;
            self.file = Some((Arc::new(file), writer));
        }
        match &mut self.file {
            Some((_, writer)) => writer.write(&rows),
            None => Ok(()),
        }
    }

    /// The rows that were added.
    ///
    /// # Errors
    /// If the temporary file cannot be written to its end.
    pub(crate) fn finish(self) -> Arrow<Spooled> {
        let file = match self.file {
            Some((file, mut writer)) => {
                writer.finish()?;
                Some(file)
            }
            None => None,
        };
        Ok(Spooled {
            schema: self.schema,
            parts: vec![Part {
                memory: self.memory,
                file,
                _lease: Some(Arc::new(self.lease)),
            }],
            rows: self.rows,
            bytes: self.bytes,
        })
    }
}

impl Spooled {
    /// Rows that are in memory.
    pub(crate) fn of(rows: RecordBatch) -> Self {
        Self {
            schema: rows.schema(),
            rows: rows.num_rows(),
            bytes: bytes_of(&rows),
            parts: vec![Part {
                memory: vec![rows],
                file: None,
                _lease: None,
            }],
        }
    }

    /// The rows of several spools with the same columns, one behind the other.
    pub(crate) fn chain(schema: SchemaRef, spools: Vec<Self>) -> Self {
        Self {
            schema,
            rows: spools.iter().map(|spool| spool.rows).sum(),
            bytes: spools.iter().map(|spool| spool.bytes).sum(),
            parts: spools.into_iter().flat_map(|spool| spool.parts).collect(),
        }
    }

    /// The columns.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many rows there are.
    pub(crate) fn num_rows(&self) -> usize {
        self.rows
    }

    /// How many bytes a row takes in memory, on average.
    pub(crate) fn width(&self) -> usize {
        self.bytes.div_ceil(self.rows.max(1))
    }

    /// The rows, some at a time.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Arrow<RecordBatch>> + Send + '_ {
        self.parts.iter().flat_map(|part| {
            let memory = part.memory.iter().cloned().map(Ok);
            memory.chain(part.file.iter().flat_map(spilled))
        })
    }

    /// The same, for somebody who keeps them.
    pub(crate) fn into_batches(self) -> impl Iterator<Item = Arrow<RecordBatch>> + Send + 'static {
        self.parts.into_iter().flat_map(|part| {
            let Part {
                memory,
                file,
                _lease: lease,
            } = part;
            let spilled = file.as_ref().map(spilled).into_iter().flatten();
            memory.into_iter().map(Ok).chain(spilled).inspect(move |_| {
                // held as long as the rows are read
                let _ = &lease;
            })
        })
    }

    /// What becomes of the rows, batch by batch.
    ///
    /// # Errors
    /// Those of `change`, and of the temporary files.
    pub(crate) fn map(
        &self,
        memory: &Memory,
        mut change: impl FnMut(&RecordBatch) -> Result<RecordBatch>,
    ) -> Result<Self> {
        let doing = || Error::arrow("reading rows on their way");
        let schema = change(&RecordBatch::new_empty(self.schema()))?.schema();
        let mut changed = Spool::new(schema, memory);
        for rows in self.batches() {
            let rows = change(&rows.map_err(doing())?)?;
            changed.push(rows).map_err(doing())?;
        }
        changed.finish().map_err(doing())
    }

    /// All rows at once, for those who need to see them side by side.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(crate) fn whole(&self) -> Arrow<RecordBatch> {
        let batches: Vec<RecordBatch> = self.batches().collect::<Arrow<_>>()?;
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([only]) => Ok(only),
            Err(batches) => concat_batches(&self.schema, &batches),
        }
    }
}

/// The rows of a file.
fn spilled(file: &Arc<File>) -> Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send> {
    written(file, 0, BUFFER)
}

/// Rows that were written into a file from some byte on, so many bytes of which are read at once.
pub(crate) fn written(
    file: &Arc<File>,
    at: u64,
    buffer: usize,
) -> Box<dyn Iterator<Item = Arrow<RecordBatch>> + Send> {
    let from = Reading {
        file: Arc::clone(file),
        at,
    };
    let reader = BufReader::with_capacity(buffer, from);
    match StreamReader::try_new(reader, None) {
        Ok(reader) => Box::new(reader),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

/// Reads a file from a place of its own, whoever else reads it.
struct Reading {
    file: Arc<File>,
    at: u64,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Rows that hold no memory but their own: what is read from a file lies in one piece, of which every column holds the whole.
pub(crate) fn unpinned(rows: RecordBatch) -> Arrow<RecordBatch> {
    let columns = rows.columns().iter();
    let largest = columns.map(|values| largest_piece(&values.to_data())).max();
    if largest.unwrap_or_default() <= 2 * bytes_of(&rows) + PIECE {
        return Ok(rows);
    }
    let all = u32::try_from(rows.num_rows()).unwrap_or(u32::MAX);
    take_record_batch(&rows, &UInt32Array::from_iter_values(0..all))
}

/// The size of the largest piece of memory that values hold.
fn largest_piece(values: &ArrayData) -> usize {
    let own = values.buffers().iter().map(Buffer::capacity);
    let nulls = values.nulls().map(|nulls| nulls.buffer().capacity());
    let children = values.child_data().iter().map(largest_piece);
    own.chain(nulls).chain(children).max().unwrap_or_default()
}

/// The bytes of rows, of slices only what they show.
pub(crate) fn bytes_of(rows: &RecordBatch) -> usize {
    let columns = rows.columns().iter();
    let bytes = columns.map(|values| values.to_data().get_slice_memory_size().unwrap_or(0));
    bytes.sum()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;

    fn batch(values: std::ops::Range<i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    fn numbers(spooled: &Spooled) -> Vec<i64> {
        let rows = spooled.whole().unwrap();
        rows.column(0).as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn a_narrow_column_of_what_was_read_holds_no_other() {
        let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let texts = (0..100).map(|number| "x".repeat(number * 100));
        let text: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let both = RecordBatch::try_from_iter([("n", number), ("t", text)]).unwrap();
        let mut spool = Spool::new(both.schema(), &Memory::new(0));
        spool.push(both.clone()).unwrap();
        let read = spool.finish().unwrap().whole().unwrap();
        assert_eq!(read, both);
        let narrow = read.project(&[0]).unwrap();
        assert!(largest_piece(&narrow.column(0).to_data()) > 100 * 49 * 100);
        let alone = unpinned(narrow.clone()).unwrap();
        assert_eq!(alone, narrow);
        assert!(largest_piece(&alone.column(0).to_data()) < PIECE);
        // what is held by itself stays where it is
        let whole = unpinned(read.clone()).unwrap();
        let place = |rows: &RecordBatch| rows.column(1).as_string::<i32>().value_data().as_ptr();
        assert_eq!(place(&whole), place(&read));
    }

    #[test]
    fn what_is_charged_is_left_to_nobody_until_it_is_given_back() {
        let memory = Memory::new(100);
        let charged = memory.charge(70);
        let mut other = memory.lease();
        assert!(!other.grow(31) && other.grow(20));
        let more = memory.charge(50);
        assert_eq!((more.bytes, memory.0.load(Ordering::Relaxed)), (10, 0));
        drop((charged, more));
        assert!(other.grow(80) && !other.grow(1));
    }

    #[test]
    fn rows_come_back_in_their_order_wherever_they_lie() {
        for room in [0, 900, 1 << 20] {
            let memory = Memory::new(room);
            let mut spool = Spool::new(batch(0..0).schema(), &memory);
            for from in (0..1_000).step_by(100) {
                spool.push(batch(from..from + 100)).unwrap();
            }
            let spooled = spool.finish().unwrap();
            assert_eq!(spooled.parts[0].file.is_some(), room < 1_000);
            let all: Vec<i64> = (0..1_000).collect();
            assert_eq!(spooled.num_rows(), 1_000);
            assert_eq!(numbers(&spooled), all);
            // once more, while somebody else is half way through
            let mut half = spooled.batches();
            half.next();
            assert_eq!(numbers(&spooled), all);
            assert_eq!(half.count(), 9);
            let twice = Spooled::chain(spooled.schema(), vec![spooled.clone(), spooled.clone()]);
            assert_eq!(twice.num_rows(), 2_000);
            assert_eq!(numbers(&twice)[999..1_001], [999, 0]);
            drop((spooled, twice));
            assert_eq!(memory.0.load(Ordering::Relaxed), room, "all is given back");
        }
    }
}
