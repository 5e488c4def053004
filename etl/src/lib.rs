//! Loads operational systems into star schemas and publishes them as warehouse versions.
//!
//! This crate knows sources, staging, conforming, dimensions and facts. It deliberately does not know cubes,
//! queries, or any protocol: its interface to the OLAP server is the warehouse on disk.
//!
//! ```text
//! source ──► staging ──► conform ──► dimension ──► fact ──► warehouse (commit, publish)
//!                       └──────────── load: plan, execute, audit ────────────┘
//! ```

pub mod allocator;
pub mod cli;
mod conform;
mod dealt;
mod declared;
pub mod demo;
mod dimension;
mod error;
mod fact;
mod load;
mod moments;
mod pile;
mod problems;
mod register;
mod reject;
mod runtime;
mod source;
mod spool;
mod staging;
mod threads;
pub mod warehouse;

pub use error::{Error, Result};
pub use load::{
    Balance, Extracted, ExtractedTable, Life, LoadOptions, LoadOutcome, LoadPlan, LoadRecord,
    Observer, Process, ReadState, Silent, SourceReading, Stage, Step, StepTime, TableChange,
    TableReading, extract_only, load, plan_load, read_records,
};
pub use reject::RejectTally;
pub use runtime::{CRASH_POINTS, Runtime};
pub use staging::{Amount, PlannedTable, ReadEvent, TableCertificate};
