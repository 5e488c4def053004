//! Rows of a binary copy to batches, and the rows that do not fit.
//!
//! A row that is rejected is kept in its binary form; when the copy is over the server itself prints it, so that the
//! reject shows what the server shows.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::InvalidValue;

use crate::source::StagedBatch;
use crate::source::builder::BATCH_BYTES;

use super::decode::{Decoder, Outcome, Span};

/// Rows that are decoded together, column by column, while they and their places are in the processor's first cache.
const BLOCK: usize = 250;

/// The binary copy's signature.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// One column of a copy.
pub(super) struct Column {
    /// Decodes its values.
    pub(super) decoder: Decoder,
    /// What happens to a value that does not fit.
    pub(super) invalid: InvalidValue,
    /// True for columns of the key, which must have a value.
    pub(super) is_key: bool,
}

/// A row that does not fit, in its binary form.
pub(super) struct OddRow {
    /// The column at fault.
    pub(super) column: usize,
    /// What is wrong with its value; `None` if the value is missing.
    pub(super) reason: Option<String>,
    /// The values.
    pub(super) values: Vec<Option<Vec<u8>>>,
}

/// Collects rows.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    keep: Vec<bool>,
    bytes: u64,
    nulled: u64,
    clamped: u64,
    odd: Vec<OddRow>,
    /// For each column where its values stand, [`BLOCK`] rows of them.
    spans: Vec<Span>,
    /// What became of the values of a column, as far as they do not just fit.
    outcomes: Vec<(usize, Outcome)>,
}

impl Rows {
    /// A collector of rows with these columns.
    pub(super) fn new(schema: SchemaRef, columns: Vec<Column>) -> Self {
        Self {
            schema,
            spans: vec![Span::default(); columns.len() * BLOCK],
            outcomes: Vec::new(),
            columns,
            keep: Vec::new(),
            bytes: 0,
            nulled: 0,
            clamped: 0,
            odd: Vec::new(),
        }
    }

    /// True if the batch should be taken.
    pub(super) fn is_full(&self, batch_rows: usize) -> bool {
        self.keep.len() >= batch_rows || self.bytes >= BATCH_BYTES
    }

    /// Takes the rows that did not fit.
    pub(super) fn take_odd(&mut self) -> Vec<OddRow> {
        std::mem::take(&mut self.odd)
    }

    /// How many more rows a batch takes at once.
    pub(super) fn room(&self, batch_rows: usize) -> usize {
        batch_rows.saturating_sub(self.keep.len()).clamp(1, BLOCK)
    }

    /// Adds messages of the copy, at most [`Rows::room`] of them: each is a row, the first one perhaps after the copy's
    /// head; or the copy's end.
    ///
    /// # Errors
    /// A sentence if the bytes are no rows of these columns.
    pub(super) fn messages(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        let (mut at, mut rows) = (0, 0);
        while let Some((head, _)) = bytes[at..].split_first_chunk::<5>() {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let (from, to) = (at + 5, at + 1 + length);
            if to > bytes.len() || to < from || rows == BLOCK {
                return Err("a message that is cut");
            }
            rows += usize::from(self.lay_out(bytes, from, to, rows)?);
            at = to;
        }
        self.add(bytes, rows);
        Ok(())
    }

    /// Notes where the values of a message stand; false if it is the copy's end.
    #[inline]
    fn lay_out(
        &mut self,
        bytes: &[u8],
        mut from: usize,
        to: usize,
        row: usize,
    ) -> Result<bool, &'static str> {
        const CUT: &str = "a row that is cut";
        if bytes[from..to].starts_with(SIGNATURE) {
            from = to
                - after_head(&bytes[from..to])
                    .ok_or("a copy whose head is cut")?
                    .len();
        }
        let (count, values) = bytes[from..to].split_first_chunk::<2>().ok_or(CUT)?;
        match i16::from_be_bytes(*count) {
            -1 => return Ok(false),
            count if usize::try_from(count) == Ok(self.columns.len()) => {}
            _ => return Err("a row with another number of columns"),
        }
        self.bytes += values.len() as u64;
        let mut at = from + 2;
        for spans in self.spans.chunks_exact_mut(BLOCK) {
            let length = bytes[at..to].first_chunk::<4>().ok_or(CUT)?;
            let length = i32::from_be_bytes(*length);
            if length < -1 {
                return Err("a value of negative length");
            }
            at += 4;
            spans[row] = Span {
                from: u32::try_from(at).map_err(|_| CUT)?,
                length,
            };
            at += usize::try_from(length).unwrap_or(0);
            if at > to {
                return Err(CUT);
            }
        }
        match at == to {
            true => Ok(true),
            false => Err("a row with more bytes than its values"),
        }
    }

    /// Decodes rows that are laid out, column by column.
    fn add(&mut self, bytes: &[u8], rows: usize) {
        // for each odd row its first odd column
        let mut wrong: BTreeMap<usize, (usize, Option<String>)> = BTreeMap::new();
        let columns = self.columns.iter_mut().zip(self.spans.chunks_exact(BLOCK));
        for (at, (column, spans)) in columns.enumerate() {
            let spans = &spans[..rows];
            column.decoder.values(bytes, spans, &mut self.outcomes);
            for (row, outcome) in self.outcomes.drain(..) {
                match outcome {
                    Outcome::Fits => {}
                    Outcome::Clamped => self.clamped += 1,
                    Outcome::Misfit(_)
                        if column.invalid == InvalidValue::Null && !column.is_key =>
                    {
                        self.nulled += 1;
                    }
                    Outcome::Misfit(reason) => {
                        wrong
                            .entry(row)
                            .or_insert_with(|| (at, Some(reason.into_owned())));
                    }
                }
            }
            if column.is_key {
                for row in (0..rows).filter(|row| spans[*row].length < 0) {
                    wrong.entry(row).or_insert((at, None));
                }
            }
        }
        let first = self.keep.len();
        self.keep.resize(first + rows, true);
        for (row, (column, reason)) in wrong {
            self.keep[first + row] = false;
            let spans = self.spans.chunks_exact(BLOCK).map(|spans| spans[row]);
            let values = spans.map(|span| span.of(bytes).map(<[u8]>::to_vec));
            self.odd.push(OddRow {
                column,
                reason,
                values: values.collect(),
            });
        }
    }

    /// The rows since the last batch.
    ///
    /// # Errors
    /// If Arrow refuses what was collected.
    pub(super) fn finish(&mut self) -> Result<StagedBatch, ArrowError> {
        let columns = self
            .columns
            .iter_mut()
            .map(|column| column.decoder.finish());
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        let mut rows = RecordBatch::try_new(self.schema.clone(), columns)?;
        if self.keep.contains(&false) {
            let keep = BooleanArray::from(std::mem::take(&mut self.keep));
            rows = filter_record_batch(&rows, &keep)?;
        }
        self.keep.clear();
        Ok(StagedBatch {
            rows,
            rejects: Vec::new(),
            nulled: std::mem::take(&mut self.nulled),
            clamped: std::mem::take(&mut self.clamped),
            bytes: std::mem::take(&mut self.bytes),
        })
    }
}

/// What follows the copy's head: signature, flags, and an extension of a length that it says.
fn after_head(raw: &[u8]) -> Option<&[u8]> {
    let (_flags, rest) = raw.get(SIGNATURE.len()..)?.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::try_from(i32::from_be_bytes(*length)).ok()?..)
}
