//! What helps against which error of the server.

use mysql::{DriverError, UrlError};

use crate::error::Error;
use crate::source::{Fault, Remedy};

/// Errors after which the same request may succeed: too many connections, a server that goes down, a lock that was not
/// had in time, a deadlock, a table that has changed since the snapshot, a connection that was killed.
const PASSING: [u16; 14] = [
    1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1412, 1927,
];
/// A lock was not to be had in time.
const LOCKED: u16 = 1205;
/// The table was changed after the snapshot was taken.
const CHANGED: u16 = 1412;
/// Those of them that say that no further connection is to be had.
const NO_MORE: [u16; 3] = [1040, 1203, 1226];
/// A statement took longer than the server lets one take: MariaDB's and MySQL's.
const TOO_LONG: [u16; 2] = [1969, 3024];
/// The table's or a column's privilege is missing.
const NO_PRIVILEGE: [u16; 3] = [1142, 1143, 1227];

/// True if no further connection is to be had, of any user or of this one.
pub(super) fn is_full(error: &mysql::Error) -> bool {
    matches!(error, mysql::Error::MySqlError(said) if NO_MORE.contains(&said.code))
}

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
        mysql::Error::IoError(error) => error.to_string(),
        mysql::Error::TlsError(error) => format!("TLS: {error}"),
        mysql::Error::CodecError(error) => {
            format!("the connection broke, or it is none of MySQL ({error})")
        }
        mysql::Error::DriverError(error) => driver_reason(error),
        other => other.to_string(),
    }
}

const ODD: &str =
    "unexpected answer of the server; it does not speak the MySQL protocol as it should";

fn driver_reason(error: &DriverError) -> String {
    match error {
        DriverError::ConnectTimeout => "nobody took the connection in time".into(),
        DriverError::Timeout => "the server took the connection but does not answer".into(),
        DriverError::CouldNotConnect(Some((address, what, _))) => format!("{address}: {what}"),
        DriverError::CouldNotConnect(None) => {
            "the host is not known, or refuses connections".into()
        }
        DriverError::TlsNotSupported => {
            "the server does not offer TLS, which require_ssl asks for".into()
        }
        DriverError::UnknownAuthPlugin(plugin) => {
            format!("the server asks for a log-in by '{plugin}', which is not supported")
        }
        DriverError::CleartextPluginDisabled => {
            "the server wants the password in clear text, which is not sent".into()
        }
        DriverError::UnexpectedPacket
        | DriverError::PacketOutOfSync
        | DriverError::CouldNotParseVersion
        | DriverError::UnsupportedProtocol(_)
        | DriverError::Protocol41NotSet => ODD.into(),
        other => other.to_string(),
    }
}

/// What helps against an error.
pub(super) fn remedy(error: &mysql::Error) -> Remedy {
    match error {
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) => Remedy::Anew,
        mysql::Error::DriverError(
            DriverError::ConnectTimeout | DriverError::CouldNotConnect(_) | DriverError::Timeout,
        ) => Remedy::Soon,
        mysql::Error::MySqlError(said) if PASSING.contains(&said.code) => Remedy::Again,
        mysql::Error::MySqlError(said) if TOO_LONG.contains(&said.code) => Remedy::Smaller,
        _ => Remedy::None,
    }
}

/// A failure to reach the source or to log in; nothing is lost yet, so trying again is enough.
pub(super) fn unreachable(source: &str, error: &mysql::Error) -> Fault {
    const NO_DATABASE: u16 = 1049;
    let remedy = match (error, remedy(error)) {
        (mysql::Error::CodecError(_), _) => Remedy::None,
        (_, Remedy::Anew) => Remedy::Soon,
        (_, other) => other,
    };
    let is_absent = matches!(error, mysql::Error::MySqlError(said) if said.code == NO_DATABASE);
    remedy.not_opened(source, reason(error), is_absent, log_in_hint(error))
}

/// What can be done about a log-in that is refused.
fn log_in_hint(error: &mysql::Error) -> &'static str {
    match error {
        mysql::Error::TlsError(_) | mysql::Error::DriverError(DriverError::TlsNotSupported) => {
            "check require_ssl and the other TLS parameters of the url, and the certificate of the server"
        }
        mysql::Error::MySqlError(_) => {
            "check the user and the password in the url or password_file, and from which hosts this user is let in"
        }
        _ => "check that a MySQL or MariaDB listens at this address",
    }
}

/// What helps more than doing the same again.
fn hint(error: &mysql::Error) -> Option<&'static str> {
    let mysql::Error::MySqlError(said) = error else {
        return None;
    };
    Some(match said.code {
        LOCKED => {
            "another session keeps the table locked, or waits to change it; SHOW FULL PROCESSLIST names it: end it, or load later"
        }
        CHANGED => "load while nobody changes the table",
        code if TOO_LONG.contains(&code) => {
            "give it more time: SET GLOBAL max_statement_time = 0 (in MySQL, max_execution_time)"
        }
        _ => return None,
    })
}

/// A failure to read a table. A connection that is gone takes its snapshot with it, and nobody can open that one again.
pub(super) fn read(source: &str, table: &str, user: &str, error: &mysql::Error) -> Fault {
    let (source_name, table) = (source.to_owned(), table.to_owned());
    let reason = reason(error);
    let remedy = match remedy(error) {
        Remedy::Again | Remedy::Soon => Remedy::Anew,
        other => other,
    };
    let forbidden =
        matches!(error, mysql::Error::MySqlError(said) if NO_PRIVILEGE.contains(&said.code));
    remedy.against(match remedy {
        Remedy::None if forbidden => Error::NotAllowed {
            source_name,
            table,
            user: user.to_owned(),
            reason,
        },
        Remedy::None => Error::Unreadable {
            source_name,
            table,
            reason,
            hint: "nothing was published; mend it in the source, or read a view that leaves it out"
                .into(),
        },
        _ => Error::Read {
            source_name,
            table,
            reason,
            hint: hint(error).map(str::to_owned),
        },
    })
}
