//! What happens while a source is read, for whoever watches.

use std::collections::BTreeMap;
use std::time::Duration;

use super::package::TableCertificate;

/// Something that happened while a source was read. Events of one source come in their order.
#[derive(Debug, Clone)]
pub enum ReadEvent {
    /// The source is asked for a snapshot.
    Opening,
    /// The snapshot is there, and it is known what there is to read.
    Planned {
        /// Which moment of the source it is, in the source's own words.
        moment: String,
        /// The tables, in the order of the model.
        tables: Vec<PlannedTable>,
        /// How many readers the load wants to have at work.
        readers: usize,
    },
    /// The first part of a table is being read.
    Begun {
        /// The table.
        table: String,
    },
    /// More rows of a table have arrived.
    Rows {
        /// The table.
        table: String,
        /// What has arrived.
        amount: Amount,
    },
    /// What an attempt to read a part has brought is void; the part is read again.
    Void {
        /// The table.
        table: String,
        /// What is void.
        amount: Amount,
    },
    /// So far these rows of a table were rejected, by reason, and it is not read on.
    Rejected {
        /// The table.
        table: String,
        /// How many rows for which reason.
        by_reason: BTreeMap<String, u64>,
    },
    /// Something is tried again after a pause.
    Again {
        /// The table and the number of its part; `None` while the snapshot is opened or a reader is looked for.
        part: Option<(String, usize)>,
        /// The number of the attempt that follows the pause; the first one was 1.
        attempt: usize,
        /// The pause.
        pause: Duration,
        /// What went wrong; never with secrets.
        cause: String,
    },
    /// A part was too much for the source and is divided in two.
    Divided {
        /// The table.
        table: String,
    },
    /// One of the readers that were wanted cannot be had; the others go on.
    Readers {
        /// How many are at work.
        working: usize,
        /// How many were wanted.
        wanted: usize,
        /// Why; never with secrets.
        cause: String,
    },
    /// A part is complete.
    Part {
        /// The table.
        table: String,
    },
    /// A table is complete.
    Done {
        /// The table.
        table: String,
        /// Its counts.
        counts: Box<TableCertificate>,
    },
    /// The snapshot was lost: whatever was read of the source is void, and it is read anew after a pause.
    Anew {
        /// The number of the attempt that follows the pause; the first one was 1.
        attempt: usize,
        /// The pause.
        pause: Duration,
        /// What went wrong; never with secrets.
        cause: String,
    },
    /// Every table of the source is complete.
    Complete,
}

impl ReadEvent {
    /// The table that it is about, if it is about one.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Begun { table }
            | Self::Rows { table, .. }
            | Self::Void { table, .. }
            | Self::Rejected { table, .. }
            | Self::Divided { table }
            | Self::Part { table }
            | Self::Done { table, .. }
            | Self::Again {
                part: Some((table, _)),
                ..
            } => Some(table),
            _ => None,
        }
    }
}

/// What is known of a table before it is read.
#[derive(Debug, Clone)]
pub struct PlannedTable {
    /// The table.
    pub table: String,
    /// How many rows it has, about, where the source can tell.
    pub rows: Option<u64>,
    /// In how many parts it is read.
    pub parts: usize,
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Rows, rejected ones included.
    pub rows: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Values that became null because they did not fit.
    pub nulled: u64,
    /// Values that became the nearest value because they did not fit.
    pub clamped: u64,
    /// Bytes of the values as the source gave them.
    pub bytes: u64,
}

impl Amount {
    /// Adds another amount.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.rejected += other.rejected;
        self.nulled += other.nulled;
        self.clamped += other.clamped;
        self.bytes += other.bytes;
    }

    /// Takes another amount away.
    pub fn take(&mut self, other: Self) {
        self.rows = self.rows.saturating_sub(other.rows);
        self.rejected = self.rejected.saturating_sub(other.rejected);
        self.nulled = self.nulled.saturating_sub(other.nulled);
        self.clamped = self.clamped.saturating_sub(other.clamped);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}
