//! Fresh rows beside the published ones: which are new, which say something else, which are refused.

use arrow::array::{Array as _, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;

use crate::dimension::Tally;
use crate::error::{Error, Result};
use crate::problems::Destination;
use crate::reject::Reject;
use crate::warehouse::Place;

use super::FactInput;
use super::fresh::Chunk;
use super::offset::without_bookings;
use super::schema::DELETED_AT_SOURCE;
use super::standing::{Meeting, Standing, flags};

/// What becomes of some fresh rows.
pub(crate) struct Settled {
    /// Rows that nobody knew.
    pub(crate) new: RecordBatch,
    /// Rows with other values than the published ones.
    pub(crate) changed: RecordBatch,
    /// Where the published ones are.
    pub(crate) places: Vec<Place>,
    /// Rows that are rejected.
    pub(crate) rejects: Vec<Reject>,
    /// What is counted of them.
    pub(crate) tally: Tally,
}

/// Lays fresh rows beside the published ones.
///
/// # Errors
/// [`Error::Engine`] if a rejected row cannot be told.
pub(crate) fn settle(
    input: &FactInput<'_>,
    chunk: Chunk,
    standing: &mut Standing,
) -> Result<Settled> {
    let doing = || format!("merging fact '{}'", input.star.name);
    sort(input, chunk, standing).map_err(Error::arrow(doing()))
}

fn sort(
    input: &FactInput<'_>,
    mut chunk: Chunk,
    standing: &mut Standing,
) -> Result<Settled, ArrowError> {
    let deleted = flags(&chunk.rows, DELETED_AT_SOURCE)?.clone();
    let (mut new, mut changed, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let mut tally = Tally {
        read: chunk.rows.num_rows() as u64,
        ..Tally::default()
    };
    let mut fresh = standing.welcome(&chunk.ids);
    for row in (0..chunk.ids.len()).filter(|row| chunk.ids.is_valid(*row)) {
        let id = chunk.ids.value(row);
        let hash = chunk.hashes.get(row).copied().unwrap_or_default();
        if chunk.problems.has(row) {
            // its first problem counts, but a row of the same id behind it stands twice
            standing.refuse(&mut fresh, row);
            continue;
        }
        match standing.meet(&mut fresh, row, hash) {
            Meeting::Twice => chunk.problems.duplicate_key(row, id),
            Meeting::New => new.push(place(row)),
            Meeting::Unchanged => tally.unchanged += 1,
            Meeting::Changed {
                place: published,
                was_deleted,
            } => {
                let dies = deleted.value(row) && !was_deleted;
                tally.deleted += u64::from(dies);
                tally.updated += u64::from(!dies);
                changed.push(place(row));
                places.push(published);
            }
        }
    }
    tally.inserted = new.len() as u64;
    tally.loaded = (new.len() + changed.len()) as u64;
    let destination = Destination {
        source: input.source_system,
        stage: "star",
        object: &input.star.name,
    };
    // what this load would have booked is no part of the row
    let shown = match input.star.is_offset() {
        true => without_bookings(&chunk.conformed)?,
        false => chunk.conformed.clone(),
    };
    let rejects = chunk.problems.rejects(&destination, &shown, &chunk.ids)?;
    tally.rejected = rejects.len() as u64;
    let new = match new.len() == chunk.rows.num_rows() {
        true => chunk.rows.clone(),
        false => take_record_batch(&chunk.rows, &UInt32Array::from(new))?,
    };
    Ok(Settled {
        new,
        changed: take_record_batch(&chunk.rows, &UInt32Array::from(changed))?,
        places,
        rejects,
        tally,
    })
}

fn place(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
