//! What helps against which refusal of the server.

use crate::error::Error;
use crate::source::{Fault, Remedy};

use super::catalog::quoted;
use super::wire::WireError;

/// Refusals after which the same request may succeed: the server goes down or comes up, has too many guests or guests
/// who stay too long, lacks
/// memory or room, a lock is not to be had, or a standby had to choose between the query and its replay.
const PASSING: [&str; 10] = [
    "08", "53", "57P01", "57P02", "57P03", "57P05", "40", "55P03", "25P03", "25P04",
];
/// The server no longer keeps what the snapshot sees.
const TOO_OLD: &str = "72000";
/// The request was cancelled, by somebody or by a time limit.
const CANCELLED: &str = "57014";
/// The snapshot that a reader wants to import does not exist (any more).
const NO_SNAPSHOT: [&str; 2] = ["22023", "42704"];

/// What helps against a failure on a connection.
pub(super) fn remedy(error: &WireError) -> Remedy {
    match error {
        WireError::Io(_) => Remedy::Again,
        WireError::Protocol(_) | WireError::Login(_) => Remedy::None,
        WireError::Server(refusal) => {
            let code = refusal.code.as_str();
            if code == CANCELLED && refusal.message.contains("statement timeout") {
                return Remedy::Smaller;
            }
            if code == TOO_OLD {
                return Remedy::Anew;
            }
            match code == CANCELLED || PASSING.iter().any(|passing| code.starts_with(passing)) {
                true => Remedy::Again,
                false => Remedy::None,
            }
        }
    }
}

/// The same for the import of a snapshot, which is gone if it cannot be imported.
pub(super) fn import_remedy(error: &WireError) -> Remedy {
    match error.code() {
        Some(code) if NO_SNAPSHOT.contains(&code) => Remedy::Anew,
        _ => remedy(error),
    }
}

/// A failure to reach the source or to log in.
pub(super) fn unreachable(source: &str, error: &WireError) -> Fault {
    let remedy = match error {
        WireError::Io(_) => Remedy::Soon,
        error => remedy(error),
    };
    remedy.against(Error::SourceUnreachable {
        source_name: source.to_owned(),
        reason: error.to_string(),
    })
}

/// A failure to read a table.
pub(super) fn read(source: &str, table: &str, user: &str, error: &WireError) -> Fault {
    const NO_PRIVILEGE: &str = "42501";
    let source_name = source.to_owned();
    let remedy = remedy(error);
    let advice = advice(error, user);
    let table = table.to_owned();
    if error.code() == Some(NO_PRIVILEGE) && advice.is_empty() {
        let (user, reason) = (user.to_owned(), error.to_string());
        return Remedy::None.against(Error::NotAllowed {
            source_name,
            table,
            user,
            reason,
        });
    }
    remedy.against(Error::Read {
        source_name,
        table,
        reason: format!("{error}{advice}"),
    })
}

/// What the owner of the database can do about a refusal that the server does not explain.
fn advice(error: &WireError, user: &str) -> String {
    let WireError::Server(refusal) = error else {
        return String::new();
    };
    let role = quoted(user);
    if refusal.message.contains("row-level security") {
        return format!(
            "; all rows are read or none: ALTER ROLE {role} BYPASSRLS, or read a view that selects the rows"
        );
    }
    if refusal.message.contains("conflict with recovery") {
        return "; the replica wanted to go on: on it, set hot_standby_feedback = on or a longer \
                max_standby_streaming_delay, or read from the primary"
            .into();
    }
    match remedy(error) {
        Remedy::Smaller => {
            format!("; give it more time: ALTER ROLE {role} SET statement_timeout = '1h'")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Refusal;
    use super::*;

    fn refused(code: &str, message: &str) -> WireError {
        WireError::Server(Box::new(Refusal {
            code: code.into(),
            message: message.into(),
            ..Refusal::default()
        }))
    }

    #[test]
    fn what_helps_depends_on_what_was_said() {
        let timeout = "canceling statement due to statement timeout";
        let cases = [
            (refused("57014", timeout), Remedy::Smaller),
            (
                refused("57014", "canceling statement due to user request"),
                Remedy::Again,
            ),
            (
                refused("40001", "canceling statement due to conflict with recovery"),
                Remedy::Again,
            ),
            (refused("53300", "too many connections"), Remedy::Again),
            (refused("72000", "snapshot too old"), Remedy::Anew),
            (
                refused("57P03", "the database system is starting up"),
                Remedy::Again,
            ),
            (
                refused("28P01", "password authentication failed"),
                Remedy::None,
            ),
            (refused("42501", "permission denied"), Remedy::None),
            (
                WireError::Io(std::io::ErrorKind::ConnectionReset.into()),
                Remedy::Again,
            ),
            (WireError::Login("no TLS".into()), Remedy::None),
        ];
        for (error, expected) in cases {
            assert_eq!(remedy(&error), expected, "{error}");
        }
        let gone = refused("22023", "invalid snapshot identifier");
        assert_eq!(import_remedy(&gone), Remedy::Anew);
    }
}
