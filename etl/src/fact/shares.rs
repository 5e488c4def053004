//! Rows of a star's entity dealt out by its ids, so that all that is said of a row lies in one share: those that a load shows, and
//! those that were kept of a stream.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use planisphere_schemas::model::Star;
use twox_hash::XxHash3_128;

use crate::dealt::{Dealing, Dealt};
use crate::spool::{Memory, Spooled};

use super::history::ids;

type Arrow<T> = Result<T, ArrowError>;

/// What a row takes in memory beside its columns while its history is looked at.
const BYTES_OF_ROW: usize = 300;
/// More shares are not made, however many rows there are.
const SHARES: usize = 1024;

/// What may be kept in memory of rows that are looked at by their ids, of a star or of its bridges.
#[derive(Debug, Clone)]
pub(crate) struct ShareRoom {
    /// They share this with other rows on their way.
    pub(crate) memory: Memory,
    /// Bytes of rows that are looked at together, and that may wait in any case.
    pub(crate) least: usize,
}

impl ShareRoom {
    /// How many shares so many bytes of rows are dealt out to, one at least.
    pub(super) fn shares(&self, bytes: usize) -> usize {
        (bytes / self.least.max(1) + 1).min(SHARES)
    }
}

/// Rows by shares.
pub(crate) struct Shares {
    dealt: Vec<Dealt>,
    shares: usize,
}

impl Shares {
    /// Deals rows out, all of which have the columns of the star's key.
    pub(crate) fn of(star: &Star, all: &[&Spooled], room: &ShareRoom) -> Arrow<Self> {
        let bytes = all.iter();
        let bytes = bytes.map(|rows| rows.num_rows().saturating_mul(rows.width() + BYTES_OF_ROW));
        let shares = room.shares(bytes.sum());
        let deal = |rows: &&Spooled| {
            let mut dealing = Dealing::new(rows.schema(), &room.memory, room.least);
            for batch in rows.batches() {
                let batch = batch?;
                let ids = ids(star, &batch)?;
                let to = ids.iter().map(|id| share_of(id, shares));
                dealing.push(&batch, &to.collect::<Vec<u32>>())?;
            }
            dealing.finish()
        };
        Ok(Self {
            dealt: all.iter().map(deal).collect::<Arrow<_>>()?,
            shares,
        })
    }

    /// How many shares there are, one at least.
    pub(crate) fn len(&self) -> usize {
        self.shares
    }

    /// The rows of a share, of the first, second … that were dealt out.
    pub(crate) fn rows(&self, of: usize, share: usize) -> Arrow<RecordBatch> {
        self.dealt[of].share(share)
    }
}

/// The share of an id; rows without one are in the first.
fn share_of(id: Option<&str>, shares: usize) -> u32 {
    let hash = id.map(|id| XxHash3_128::oneshot(id.as_bytes()) >> 64);
    (hash.unwrap_or_default() % shares as u128) as u32
}
