//! Logging in: TLS as the URL asks for it, then the password in whichever way the server wants it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::stream::{Host, Stream};
use super::wire::{Connection, Result, WireError};

/// The longest message of a log-in; what servers say then fits into a few kilobytes.
const MOST_BYTES: i32 = 64 << 10;
/// The messages of a log-in: authentication, errors, notices, parameters, the key to cancel, ready, and a lower version.
const TAGS: &[u8] = b"RENSKZv";

/// Who logs in where, and how the connection is protected.
#[derive(Clone)]
pub(crate) struct Login {
    /// The role.
    pub(crate) user: String,
    /// Its password, if one is needed.
    pub(crate) password: Option<Vec<u8>>,
    /// The database.
    pub(crate) database: String,
    /// Settings of the session, as in `-c name=value`.
    pub(crate) options: Option<String>,
    /// What the server shows of who is connected.
    pub(crate) application: String,
    /// TLS.
    pub(crate) tls: Tls,
    /// How long connecting and logging in may take.
    pub(crate) within: Duration,
}

/// Whether the connection is encrypted.
#[derive(Clone)]
pub(crate) enum Tls {
    /// Never.
    Off,
    /// If the server can.
    Preferred(Arc<ClientConfig>),
    /// Always; the configuration says what is verified.
    Required(Arc<ClientConfig>),
}

/// Encrypts the stream as the log-in asks for it.
pub(super) fn encrypt(mut stream: Stream, host: &Host, login: &Login) -> Result<Stream> {
    let (config, required) = match (&login.tls, host) {
        (Tls::Off, _) => return Ok(stream),
        #[cfg(unix)]
        (_, Host::Unix(_)) => return Ok(stream),
        (Tls::Preferred(config), _) => (config, false),
        (Tls::Required(config), _) => (config, true),
    };
    let mut request = bytes::BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write(&request)?;
    let mut answer = [0];
    if stream.read(&mut answer)? == 0 {
        return Err(closed().into());
    }
    match answer[0] {
        b'S' => {
            let client = ClientConnection::new(Arc::clone(config), server_name(host)?);
            let client = client.map_err(|error| WireError::Login(format!("TLS: {error}")))?;
            stream.encrypt(client).map_err(|error| no_tls(&error, host))
        }
        b'N' if required => Err(WireError::Login(
            "the server does not offer TLS, which sslmode asks for".into(),
        )),
        b'N' => Ok(stream),
        // a server that cannot serve says so before it is asked
        b'E' => Err(closed().into()),
        _ => Err(not_postgres(host)),
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>> {
    let Host::Tcp(name, _) = host else {
        return Err(WireError::Protocol("TLS over a Unix socket"));
    };
    ServerName::try_from(name.clone())
        .map_err(|_| WireError::Login(format!("'{name}' is not a host name that TLS knows")))
}

/// Refuses what no PostgreSQL says to somebody who logs in, before it is waited for: messages of other kinds, or longer ones.
///
/// # Errors
/// [`WireError::NotPostgres`].
pub(super) fn check_speech(head: &[u8], host: &Host) -> Result<()> {
    let length = head.get(1..5).and_then(|it| it.try_into().ok());
    let is_short = length.is_none_or(|it| (4..=MOST_BYTES).contains(&i32::from_be_bytes(it)));
    let is_known = head.first().is_none_or(|tag| TAGS.contains(tag));
    match is_short && is_known {
        true => Ok(()),
        false => Err(not_postgres(host)),
    }
}

fn not_postgres(host: &Host) -> WireError {
    WireError::NotPostgres(host.to_string())
}

/// Why no TLS came about; who sends bytes that are no TLS after promising it is something else altogether.
fn no_tls(error: &io::Error, host: &Host) -> WireError {
    let cause = error.get_ref().and_then(|it| it.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidMessage(_)) => not_postgres(host),
        _ => WireError::Login(format!("TLS: {error}")),
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the server closed the connection",
    )
}

/// Logs in and waits until the server is ready.
pub(super) fn log_in(connection: &mut Connection, login: &Login) -> Result<()> {
    let mut parameters = vec![
        ("user", login.user.as_str()),
        ("database", login.database.as_str()),
        ("application_name", login.application.as_str()),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO"),
    ];
    parameters.extend(login.options.as_deref().map(|options| ("options", options)));
    connection.send(|out| frontend::startup_message(parameters, out))?;
    loop {
        match connection.receive()? {
            Message::AuthenticationOk => {}
            Message::BackendKeyData(body) => {
                connection.key = Some((body.process_id(), body.secret_key()));
            }
            Message::AuthenticationCleartextPassword => {
                let password = password(login)?;
                connection.send(|out| frontend::password_message(password, out))?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(login.user.as_bytes(), password(login)?, body.salt());
                connection.send(|out| frontend::password_message(hash.as_bytes(), out))?;
            }
            Message::AuthenticationSasl(body) => scram(connection, &body, password(login)?)?,
            Message::ReadyForQuery(_) => return Ok(()),
            _ => {
                return Err(WireError::Login(
                    "the server asks for a way to log in that is not supported".into(),
                ));
            }
        }
    }
}

fn password(login: &Login) -> Result<&[u8]> {
    let password = login.password.as_deref();
    password.ok_or_else(|| {
        WireError::Login(format!(
            "the server wants a password for '{}' and none is set",
            login.user
        ))
    })
}

fn scram(
    connection: &mut Connection,
    offered: &AuthenticationSaslBody,
    password: &[u8],
) -> Result<()> {
    if !offered.mechanisms().any(|name| Ok(name == SCRAM_SHA_256))? {
        return Err(WireError::Login(
            "the server offers no SCRAM-SHA-256".into(),
        ));
    }
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    connection.send(|out| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out))?;
    let Message::AuthenticationSaslContinue(body) = connection.receive()? else {
        return Err(WireError::Protocol("SCRAM was broken off"));
    };
    scram.update(body.data())?;
    connection.send(|out| frontend::sasl_response(scram.message(), out))?;
    let Message::AuthenticationSaslFinal(body) = connection.receive()? else {
        return Err(WireError::Protocol("SCRAM was broken off"));
    };
    scram.finish(body.data())?;
    Ok(())
}
