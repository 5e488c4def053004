//! How an error becomes a gRPC status.
//!
//! | kind of error | status |
//! |---|---|
//! | Invalid | INVALID_ARGUMENT |
//! | NotFound | NOT_FOUND |
//! | Conflict | FAILED_PRECONDITION |
//! | Unavailable | UNAVAILABLE |
//! | ResourceExhausted | RESOURCE_EXHAUSTED, for the time limit DEADLINE_EXCEEDED |
//! | Cancelled | CANCELLED |
//! | Damaged | DATA_LOSS |
//! | Internal | INTERNAL |
//!
//! The message holds the whole chain of causes and, in brackets, what to do about it.

use std::error::Error;

use planisphere_schemas::ErrorKind;
use tonic::{Code, Status};

use crate::error::OlapError;

/// Messages travel in HTTP headers, which clients bound.
const LONGEST_MESSAGE: usize = 4_000;

/// The status of an error.
pub(crate) fn status_of(error: &OlapError) -> Status {
    let code = match (error, error.kind()) {
        (OlapError::Deadline { .. }, _) => Code::DeadlineExceeded,
        (_, kind) => code_of(kind),
    };
    Status::new(code, message_of(error))
}

fn code_of(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::FailedPrecondition,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Cancelled => Code::Cancelled,
        ErrorKind::Damaged => Code::DataLoss,
        ErrorKind::Internal => Code::Internal,
    }
}

/// The kind of error that a status stands for.
pub(crate) fn kind_of(code: Code) -> ErrorKind {
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => ErrorKind::Invalid,
        Code::NotFound => ErrorKind::NotFound,
        Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => ErrorKind::Conflict,
        Code::Unavailable => ErrorKind::Unavailable,
        Code::ResourceExhausted | Code::DeadlineExceeded => ErrorKind::ResourceExhausted,
        Code::Cancelled => ErrorKind::Cancelled,
        Code::DataLoss => ErrorKind::Damaged,
        _ => ErrorKind::Internal,
    }
}

/// The error, its causes and its hint in one text.
fn message_of(error: &OlapError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        text.push_str(&format!(" ({hint})"));
    }
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_survive_the_wire() {
        for kind in [
            ErrorKind::Invalid,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::Unavailable,
            ErrorKind::ResourceExhausted,
            ErrorKind::Cancelled,
            ErrorKind::Damaged,
            ErrorKind::Internal,
        ] {
            assert_eq!(kind_of(code_of(kind)), kind);
        }
    }

    #[test]
    fn the_message_says_cause_and_remedy() {
        let source = planisphere_schemas::Error::NoVersion {
            url: "w/".into(),
            version: None,
        };
        let status = status_of(&OlapError::Warehouse { source });
        assert_eq!(status.code(), Code::NotFound);
        assert!(
            status.message().contains("no published version"),
            "{}",
            status.message()
        );
        assert!(
            status
                .message()
                .ends_with("(run 'planisphere-etl load' first)")
        );
    }
}
