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
/// No further connection is to be had.
const FULL: &str = "53300";
/// The snapshot that a reader wants to import does not exist (any more).
const NO_SNAPSHOT: [&str; 2] = ["22023", "42704"];

/// What helps against a failure on a connection.
pub(super) fn remedy(error: &WireError) -> Remedy {
    match error {
        WireError::Io(_) => Remedy::Again,
        WireError::Protocol(_) | WireError::Login(_) | WireError::NotPostgres(_) => Remedy::None,
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

/// The same for the import of a snapshot.
fn import_remedy(error: &WireError) -> Remedy {
    match error.code() {
        Some(code) if NO_SNAPSHOT.contains(&code) => Remedy::Anew,
        _ => remedy(error),
    }
}

/// True if no further connection is to be had, of any role or of this one.
pub(super) fn is_full(error: &WireError) -> bool {
    error.code() == Some(FULL)
}

/// A failure to reach the source or to log in.
pub(super) fn unreachable(source: &str, error: &WireError) -> Fault {
    let remedy = match error {
        WireError::Io(_) => Remedy::Soon,
        error => remedy(error),
    };
    not_opened(source, remedy, error)
}

/// A failure to import a snapshot, which is gone if it cannot be imported.
pub(super) fn not_imported(source: &str, error: &WireError) -> Fault {
    not_opened(source, import_remedy(error), error)
}

fn not_opened(source: &str, remedy: Remedy, error: &WireError) -> Fault {
    const NO_DATABASE: &str = "3D000";
    let is_absent = error.code() == Some(NO_DATABASE);
    remedy.not_opened(source, error.to_string(), is_absent, log_in_hint(error))
}

/// What can be done about a log-in that is refused.
fn log_in_hint(error: &WireError) -> &'static str {
    match error {
        WireError::Login(said) if said.contains("TLS") => {
            "check sslmode and sslrootcert in the url, and the certificate of the server"
        }
        WireError::Login(said) if said.contains("too old") => {
            "read from a newer server, or from a dump restored into one"
        }
        WireError::Protocol(_) | WireError::NotPostgres(_) => {
            "check that a PostgreSQL listens at this address"
        }
        _ => {
            "check the user and the password in the url or password_file, and what pg_hba.conf lets in"
        }
    }
}

/// A failure to read a table.
pub(super) fn read(source: &str, table: &str, user: &str, error: &WireError) -> Fault {
    const NO_PRIVILEGE: &str = "42501";
    let (source_name, table) = (source.to_owned(), table.to_owned());
    let remedy = remedy(error);
    let hint = hint(error, user);
    let reason = error.to_string();
    remedy.against(match (remedy, hint) {
        (Remedy::None, None) if error.code() == Some(NO_PRIVILEGE) => Error::NotAllowed {
            source_name,
            table,
            user: user.to_owned(),
            reason,
        },
        (Remedy::None, hint) => Error::Unreadable {
            source_name,
            table,
            reason,
            hint: hint.map_or(MEND.into(), Into::into),
        },
        (_, hint) => Error::Read {
            source_name,
            table,
            reason,
            hint,
        },
    })
}

/// What can be done about whatever nothing else is known of.
const MEND: &str =
    "nothing was published; mend it in the source, or read a view that leaves it out";

/// What the owner of the database can do about a refusal that the server does not explain.
fn hint(error: &WireError, user: &str) -> Option<String> {
    let WireError::Server(refusal) = error else {
        return None;
    };
    let role = quoted(user);
    if refusal.message.contains("row-level security") {
        return Some(format!(
            "all rows are read or none: ALTER ROLE {role} BYPASSRLS, or read a view that selects the rows"
        ));
    }
    if refusal.message.contains("conflict with recovery") {
        return Some(
            "the replica wanted to go on: on it, set hot_standby_feedback = on or a longer \
             max_standby_streaming_delay, or read from the primary"
                .into(),
        );
    }
    (remedy(error) == Remedy::Smaller)
        .then(|| format!("give it more time: ALTER ROLE {role} SET statement_timeout = '1h'"))
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
