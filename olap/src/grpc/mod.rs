//! The typed service `planisphere.olap.v1`: the only code that knows both its messages and our own types.
//!
//! ```text
//! request ──► query, member (all faults at once) ──► service ──► stream (header, chunks, trailer) ──► caller
//! ```
//! Not responsible for sockets and shutdown (`serve`), nor for answering (`service`).

mod ask;
mod catalog;
mod chunks;
mod client;
mod fault;
mod header;
mod member;
mod query;
mod query_to_wire;
mod receive;
mod service;
mod status;
mod stream;
mod value;

pub use ask::CubeDoor;
pub(crate) use catalog::{cubes_to_wire, detail_to_wire, members_to_wire};
pub use client::{CubeClient, connect};
pub(crate) use member::{path_of_wire, path_text};
pub use receive::{ClientError, RemoteAnswer};
pub(crate) use status::status_of;

/// A new id under which a query is logged; ids sort by time.
pub(crate) fn new_query_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
