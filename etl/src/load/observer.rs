//! Who watches a load while it runs.

use crate::error::Error;
use crate::staging::{Progress, TableCertificate};

use super::record::LoadRecord;

/// Hears how a load goes on. All methods are called from one task, in order.
pub trait Observer: Send + Sync {
    /// A step of the plan has begun.
    fn step(&self, name: &str);
    /// Rows of a table begin to arrive; `rows` is how many, about, where the source can tell.
    fn table(&self, source: &str, table: &str, rows: Option<u64>);
    /// More rows of a table have arrived, of so many bytes.
    fn rows(&self, source: &str, table: &str, rows: u64, bytes: u64);
    /// The table is complete.
    fn table_done(&self, source: &str, table: &str, read: u64, rejected: u64);
    /// The source is read anew, since its snapshot was lost.
    fn anew(&self, source: &str, reason: &str);
    /// The load has ended, well or not.
    fn ended(&self, record: &LoadRecord);
    /// An extraction that is no load has ended, well or not.
    fn extracted(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: &str) {}
    fn table(&self, _: &str, _: &str, _: Option<u64>) {}
    fn rows(&self, _: &str, _: &str, _: u64, _: u64) {}
    fn table_done(&self, _: &str, _: &str, _: u64, _: u64) {}
    fn anew(&self, _: &str, _: &str) {}
    fn ended(&self, _: &LoadRecord) {}
}

/// Lets an observer hear an extraction.
pub(super) struct Extraction<'a>(pub(super) &'a dyn Observer);

impl Progress for Extraction<'_> {
    fn begin(&self, source: &str, table: &str, rows: Option<u64>) {
        self.0.table(source, table, rows);
    }

    fn more(&self, source: &str, table: &str, rows: u64, bytes: u64) {
        self.0.rows(source, table, rows, bytes);
    }

    fn anew(&self, source: &str, reason: &Error) {
        self.0.anew(source, &reason.to_string());
    }

    fn end(&self, source: &str, table: &str, certificate: &TableCertificate) {
        self.0
            .table_done(source, table, certificate.read, certificate.rejected);
    }
}
