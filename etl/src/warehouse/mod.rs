//! The write side of the warehouse: Parquet files with Delta statistics, and the commits that name them.
//!
//! ```text
//! record batches ──TableWriter──► Parquet files (DataFile) ──TableCommit──► Delta version ──► manifest
//! ```
//! A load says which files a table shall consist of; [`TableCommit`] works out what that adds and removes,
//! whatever a dead load left behind. Nothing is visible to readers before
//! [`Warehouse::put_manifest`](planisphere_schemas::warehouse::Warehouse::put_manifest).
//! Not responsible for what the rows mean, nor for the order of a load's steps.

mod commit;
mod create;
mod edit;
mod encode;
mod error;
mod file;
mod join;
mod log;
mod options;
mod plan;
mod properties;
mod shape;
mod stats;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use edit::{EditedTable, Editing, NextFiles, Place, RowEdits, changed_columns};
pub(crate) use file::load_of;
pub(crate) use join::runs;

pub use commit::{CommitOutcome, Committed, TableCommit};
pub use error::WriteError;
pub use options::{Codec, SortColumn, WriteOptions};
pub use writer::{TableWriter, write_table};
