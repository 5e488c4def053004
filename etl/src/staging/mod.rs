//! The staging package: what one load read, as immutable files with a manifest.
//!
//! Everything after it can be run again from it. A package holds one snapshot of each source, never two.
//!
//! ```text
//! _planisphere/staging/<load_id>/<source>/<table>/<part>.parquet
//!                               /package.json   (written last: a package without it does not exist)
//! ```

mod crew;
mod extract;
mod package;
mod part_file;
mod retention;

pub(crate) use extract::{Progress, extract, reach};
pub(crate) use package::{Package, TableCertificate};
pub(crate) use retention::purge;
