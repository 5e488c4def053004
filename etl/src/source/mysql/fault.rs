//! What helps against which error of the server.

use mysql::UrlError;

use crate::error::Error;
use crate::source::{Fault, Remedy};

/// Errors after which the same request may succeed: too many connections, a server that goes down, a lock that was not
/// had in time, a deadlock, a connection that was killed.
const PASSING: [u16; 11] = [
    1040, 1053, 1152, 1158, 1159, 1160, 1161, 1205, 1213, 1317, 1927,
];
/// A statement took longer than the server lets one take: MariaDB's and MySQL's.
const TOO_LONG: [u16; 2] = [1969, 3024];
/// The table's or a column's privilege is missing.
const NO_PRIVILEGE: [u16; 3] = [1142, 1143, 1227];

/// What is wrong with a URL, without its secrets.
pub(super) fn url_reason(error: &UrlError) -> String {
    match error {
        UrlError::UnknownParameter(name) => format!("unknown parameter '{name}'"),
        UrlError::InvalidValue(name, _) => format!("the value of '{name}' is not usable"),
        UrlError::FeatureRequired(_, name) => format!("'{name}' is not supported"),
        _ => "it is not a MySQL URL".into(),
    }
}

/// What the server or the driver said; neither repeats the password.
pub(super) fn reason(error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(said) => format!("{} (error {})", said.message, said.code),
        other => other.to_string(),
    }
}

/// What helps against an error.
pub(super) fn remedy(error: &mysql::Error) -> Remedy {
    match error {
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) => Remedy::Anew,
        mysql::Error::DriverError(
            mysql::DriverError::ConnectTimeout | mysql::DriverError::CouldNotConnect(_),
        ) => Remedy::Soon,
        mysql::Error::MySqlError(said) if PASSING.contains(&said.code) => Remedy::Again,
        mysql::Error::MySqlError(said) if TOO_LONG.contains(&said.code) => Remedy::Smaller,
        _ => Remedy::None,
    }
}

/// A failure to reach the source or to log in; nothing is lost yet, so trying again is enough.
pub(super) fn unreachable(source: &str, error: &mysql::Error) -> Fault {
    let remedy = match remedy(error) {
        Remedy::Anew => Remedy::Soon,
        other => other,
    };
    remedy.against(Error::SourceUnreachable {
        source_name: source.to_owned(),
        reason: reason(error),
    })
}

/// A failure to read a table. A connection that is gone takes its snapshot with it, and nobody can open that one again.
pub(super) fn read(source: &str, table: &str, user: &str, error: &mysql::Error) -> Fault {
    let (source_name, table) = (source.to_owned(), table.to_owned());
    let reason = reason(error);
    match error {
        mysql::Error::MySqlError(said) if NO_PRIVILEGE.contains(&said.code) => {
            let user = user.to_owned();
            Remedy::None.against(Error::NotAllowed {
                source_name,
                table,
                user,
                reason,
            })
        }
        _ => {
            let remedy = match remedy(error) {
                Remedy::Again | Remedy::Soon => Remedy::Anew,
                other => other,
            };
            remedy.against(Error::Read {
                source_name,
                table,
                reason,
            })
        }
    }
}
