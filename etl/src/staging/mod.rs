//! The staging package: what one load read, as immutable files with a manifest.
//!
//! Everything after it can be run again from it. A package holds one snapshot of each source, never two.
//!
//! ```text
//! _planisphere/staging/<load_id>/<source>/<table>/<part>.parquet
//!                               /<source>/<table>.rejects/<part>.parquet   (rejected rows, where there are any)
//!                               /package.json   (written last: a package without it does not exist)
//! ```

mod adopt;
mod attempt;
mod board;
mod checksum;
mod crew;
mod event;
mod extract;
mod intact;
mod package;
mod part_file;
mod reject_file;
mod retention;
mod retry;
#[cfg(test)]
mod tests;

pub use event::{Amount, PlannedTable, ReadEvent};
pub use package::TableCertificate;

pub(crate) use extract::{Progress, extract, reach};
pub(crate) use package::Package;
pub(crate) use retention::{clear, discard, purge, retained, unsealed};
