//! What becomes of the rows of an entity on their way to a star whose rows they are not one by one: changes of a stream, of
//! which a star has the last states or those at the ends of periods, and versions of a rebuilt history.
//!
//! Not responsible for the rows that the star has of them; these are counted for themselves.

use std::collections::HashSet;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::error::ArrowError;
use planisphere_schemas::model::Star;

use crate::conform::DELETED;
use crate::spool::{Spool, Spooled};

use super::history::typed;
use super::prevailing::prevailing;
use super::shares::{ShareRoom, Shares};
use super::states::problems;

/// What became of the rows that were read: each is loaded, known, rejected or gives no row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Rows of the entity.
    pub(crate) read: u64,
    /// Changes that were seen for the first time; versions of which the star has a row.
    pub(crate) loaded: u64,
    /// Changes that were known.
    pub(crate) unchanged: u64,
    /// Rows without a key, and changes without an instant.
    pub(crate) rejected: u64,
    /// Versions that held at the end of no period.
    pub(crate) rowless: u64,
}

impl Told {
    /// Why rows are rejected before anything is made of them.
    pub(crate) const REASONS: [&str; 2] = ["missing_key", "missing_instant"];

    /// Adds what became of other rows.
    pub(super) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.loaded += other.loaded;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
        self.rowless += other.rowless;
    }

    /// Of the changes of a stream, of which the good ones are kept if they are new.
    pub(super) fn of_stream(good: &RecordBatch, new: &RecordBatch, bad: &RecordBatch) -> Self {
        let [good, new, bad] = [good, new, bad].map(|rows| rows.num_rows() as u64);
        Self {
            read: good + bad,
            loaded: new,
            unchanged: good - new,
            rejected: bad,
            rowless: 0,
        }
    }

    /// Of the versions of a rebuilt history, by those of which the star has rows.
    pub(super) fn of_history(rows: &RecordBatch, used: &HashSet<usize>, keyless: usize) -> Self {
        let (read, loaded, rejected) = (rows.num_rows() as u64, used.len() as u64, keyless as u64);
        Self {
            read,
            loaded,
            unchanged: 0,
            rejected,
            rowless: read - loaded - rejected,
        }
    }
}

/// The states that a stream tells of, in this load and before; deletions tell of none.
///
/// # Errors
/// If what was kept does not fit the types that the entity has today.
pub(crate) fn told_states(
    star: &Star,
    columns: &[&str],
    rows: &Spooled,
    kept: Option<&Spooled>,
    room: &ShareRoom,
) -> Result<Vec<Spooled>, ArrowError> {
    let mut shown = Spool::new(rows.schema(), &room.memory);
    for batch in rows.batches() {
        let (good, _) = problems(star, &batch?)?;
        shown.push(standing(&good)?)?;
    }
    let mut told = vec![shown.finish()?];
    if let Some(kept) = kept {
        let shares = Shares::of(star, &[kept], room)?;
        let like = RecordBatch::new_empty(rows.schema());
        let mut before: Option<Spool> = None;
        for share in 0..shares.len() {
            let kept = prevailing(star, columns, &shares.rows(0, share)?)?;
            let kept = standing(&typed(columns, &kept, &like)?)?;
            let new = || Spool::new(kept.schema(), &room.memory);
            before.get_or_insert_with(new).push(kept)?;
        }
        told.extend(before.map(Spool::finish).transpose()?);
    }
    Ok(told)
}

fn standing(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let gone = rows.column(rows.schema().index_of(DELETED)?).as_boolean();
    filter_record_batch(rows, &not(gone)?)
}
