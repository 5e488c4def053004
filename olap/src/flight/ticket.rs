//! What a ticket or a prepared statement says: the statement and the version that it is pinned to.

use arrow_flight::sql::{Any, ProstMessageExt};
use bytes::Bytes;
use prost::Message;
use serde::{Deserialize, Serialize};
use tonic::Status;

/// A pinned statement, as JSON in handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PinnedStatement {
    /// The warehouse version.
    pub(super) version: u64,
    /// The statement.
    pub(super) sql: String,
    /// The values bound to its parameters, as [`super::bound`] encodes them; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) bound: Vec<u8>,
}

impl PinnedStatement {
    /// The bytes of a handle.
    pub(super) fn handle(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads a handle.
    pub(super) fn of_handle(handle: &[u8]) -> Result<Self, Status> {
        serde_json::from_slice(handle).map_err(|_| {
            Status::invalid_argument(
                "this ticket or statement handle was not issued by this service",
            )
        })
    }
}

/// The bytes of a ticket that carries a command.
pub(super) fn ticket_of(command: &impl ProstMessageExt) -> Bytes {
    let any: Any = command.as_any();
    any.encode_to_vec().into()
}
