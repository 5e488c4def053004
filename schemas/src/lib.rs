//! The contract between `etl` and `olap`: star schemas as data, the settings file, the warehouse on disk.
//!
//! This crate knows what a model says and where a warehouse keeps its tables. It deliberately does not know
//! how a source is read, how a dimension is built, or how a cube query is answered.
//!
//! ```text
//! YAML, TOML ──► document ──► model, settings ──► etl, olap
//! warehouse folder ◄──► warehouse (manifest, open, pin, scan) ◄── olap, etl
//! ```

pub mod checked;
pub mod document;
mod error;
pub mod model;
pub mod settings;
pub mod warehouse;

pub use error::{Error, ErrorKind, FULL_DISK_HINT, Result, is_forbidden, is_full_disk};
