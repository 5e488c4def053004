//! Where the server listens: loopback unless the settings say that the network is trusted.

use std::io;
use std::net::SocketAddr;

use planisphere_schemas::ErrorKind;
use planisphere_schemas::settings::OlapSettings;
use tokio::net::{TcpListener, lookup_host};

use crate::cli::CliError;

/// Binds the address of the settings.
pub(super) async fn bind(settings: &OlapSettings) -> Result<TcpListener, CliError> {
    let listen = &settings.listen;
    let addresses = resolve(listen).await?;
    if !settings.insecure {
        check_loopback(listen, &addresses)?;
    }
    TcpListener::bind(addresses.as_slice())
        .await
        .map_err(|error| unbound(listen, &error))
}

async fn resolve(listen: &str) -> Result<Vec<SocketAddr>, CliError> {
    let hint = Some("write address:port, such as 127.0.0.1:50051 or [::1]:50051".to_owned());
    let unusable = |reason: &str| {
        let message = format!("cannot listen on '{listen}': {reason}");
        CliError::new(ErrorKind::Invalid, message, hint.clone())
    };
    let found = lookup_host(listen)
        .await
        .map_err(|error| unusable(&error.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    match addresses.is_empty() {
        true => Err(unusable("the name has no address")),
        false => Ok(addresses),
    }
}

fn check_loopback(listen: &str, addresses: &[SocketAddr]) -> Result<(), CliError> {
    match addresses.iter().find(|address| !address.ip().is_loopback()) {
        None => Ok(()),
        Some(open) => Err(CliError::new(
            ErrorKind::Invalid,
            format!("refusing to listen on '{listen}': {} is not a loopback address and there is no TLS", open.ip()),
            Some(
                "listen on 127.0.0.1, or say --insecure ([olap] insecure = true) on a trusted network"
                    .into(),
            ),
        )),
    }
}

fn unbound(listen: &str, error: &io::Error) -> CliError {
    let (kind, hint) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            ErrorKind::Conflict,
            "another program uses the port, perhaps this server; stop it or choose another --listen",
        ),
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Invalid,
            "ports below 1024 need privileges; choose another --listen",
        ),
        io::ErrorKind::AddrNotAvailable => (
            ErrorKind::Invalid,
            "the address does not belong to this machine; choose another --listen",
        ),
        _ => (ErrorKind::Unavailable, "choose another --listen"),
    };
    CliError::new(
        kind,
        format!("cannot listen on {listen}: {error}"),
        Some(hint.into()),
    )
}

/// The socket is gone.
pub(super) fn lost(error: &io::Error) -> CliError {
    CliError::new(
        ErrorKind::Unavailable,
        format!("lost the socket: {error}"),
        None,
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    async fn listen(listen: &str, insecure: bool) -> Result<TcpListener, CliError> {
        let settings = OlapSettings {
            listen: listen.into(),
            insecure,
            ..OlapSettings::default()
        };
        bind(&settings).await
    }

    #[tokio::test]
    async fn only_loopback_is_open_without_tls() {
        assert!(
            listen("127.0.0.1:0", false)
                .await
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
                > 0
        );
        let error = listen("0.0.0.0:0", false).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().contains("not a loopback address"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("--insecure"));
        assert!(listen("0.0.0.0:0", true).await.is_ok());
    }

    #[tokio::test]
    async fn a_used_port_and_a_bad_address_are_named() {
        let first = listen("127.0.0.1:0", false).await.unwrap();
        let taken = first.local_addr().unwrap().to_string();
        let error = listen(&taken, false).await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains(&taken) && error.hint().unwrap().contains("--listen"));
        assert_eq!(listen("nonsense", false).await.unwrap_err().exit_code(), 2);
    }
}
