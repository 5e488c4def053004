//! Rows of a binary copy to batches, and the rows that do not fit.
//!
//! A row that is rejected is kept in its binary form; when the copy is over the server itself prints it, so that the
//! reject shows what the server shows.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::InvalidValue;

use crate::source::StagedBatch;
use crate::source::builder::BATCH_BYTES;

use super::decode::{Decoder, Outcome};

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
}

impl Rows {
    /// A collector of rows with these columns.
    pub(super) fn new(schema: SchemaRef, columns: Vec<Column>) -> Self {
        Self {
            schema,
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

    /// Adds a message of the copy, which is a row, perhaps after the copy's head; or the copy's end.
    ///
    /// # Errors
    /// A sentence if the bytes are no row of these columns.
    #[inline]
    pub(super) fn message(&mut self, raw: &[u8]) -> Result<(), &'static str> {
        let (count, row) = raw.split_first_chunk::<2>().ok_or("a row that is cut")?;
        match i16::from_be_bytes(*count) {
            count if usize::try_from(count) == Ok(self.columns.len()) => self.row(row),
            -1 => Ok(()),
            _ if raw.starts_with(SIGNATURE) => {
                self.message(after_head(raw).ok_or("a copy whose head is cut")?)
            }
            _ => Err("a row with another number of columns"),
        }
    }

    fn row(&mut self, row: &[u8]) -> Result<(), &'static str> {
        self.bytes += row.len() as u64;
        let mut odd: Option<(usize, Option<String>)> = None;
        let mut rest = row;
        for (at, column) in self.columns.iter_mut().enumerate() {
            match take_value(&mut rest)? {
                None => {
                    column.decoder.null();
                    if column.is_key {
                        odd.get_or_insert((at, None));
                    }
                }
                Some(value) => match column.decoder.value(value) {
                    Outcome::Fits => {}
                    Outcome::Clamped => self.clamped += 1,
                    Outcome::Misfit(_)
                        if column.invalid == InvalidValue::Null && !column.is_key =>
                    {
                        self.nulled += 1;
                    }
                    Outcome::Misfit(reason) => {
                        odd.get_or_insert((at, Some(reason.into_owned())));
                    }
                },
            }
        }
        self.keep.push(odd.is_none());
        if let Some((column, reason)) = odd {
            self.odd.push(OddRow {
                column,
                reason,
                values: values(row)?,
            });
        }
        Ok(())
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

#[inline]
fn take_value<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, &'static str> {
    let (length, tail) = rest.split_first_chunk::<4>().ok_or("a row that is cut")?;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        *rest = tail;
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| "a value of negative length")?;
    let (value, tail) = tail.split_at_checked(length).ok_or("a row that is cut")?;
    *rest = tail;
    Ok(Some(value))
}

#[cold]
fn values(mut row: &[u8]) -> Result<Vec<Option<Vec<u8>>>, &'static str> {
    let mut values = Vec::new();
    while !row.is_empty() {
        values.push(take_value(&mut row)?.map(<[u8]>::to_vec));
    }
    Ok(values)
}
