//! The warehouse on disk: versions, manifests, pinned tables and the scan over their files.
//!
//! ```text
//! <warehouse>/dim_customer/ …            Delta tables: one log and Parquet files each
//! <warehouse>/_planisphere/versions/     one manifest a published version: which Delta version of each table
//!
//! Warehouse ──open(version)──► PinnedWarehouse ──table(name)──► PinnedTable ──provider()──► DataFusion
//! ```
//! Readers open a published version, never "the latest of each table". This module reads, and puts whole
//! objects; it deliberately does not know how a table is written or committed (that is `etl`).

mod bounds;
mod catalog;
mod connect;
mod data_file;
mod ids;
mod layout;
mod manifest;
mod objects;
mod pinned;
mod prune;
mod scan;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use catalog::{SQL_SCHEMAS, register_sql_schemas};
pub use connect::Warehouse;
pub use data_file::DataFile;
pub use ids::{LoadId, WarehouseVersion};
pub use layout::{
    AUDIT_SCHEMA, MAP_SCHEMA, STAR_SCHEMA, load_record_path, sql_schema_of, staging_path,
};
pub use manifest::{FORMAT_VERSION, Manifest, READER_VERSION, TableEntry, WRITER_VERSION};
pub use pinned::PinnedWarehouse;
pub use snapshot::{data_files, schema_hash};
pub use table::PinnedTable;
