//! How the server stops: on a signal it lets nobody in, waits for running queries, then ends them.

use std::io;
use std::time::Duration;

use planisphere_schemas::ErrorKind;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::doors::Served;
use crate::cli::CliError;

/// How long cancelled queries may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Cancels the token on SIGTERM or Ctrl-C.
pub(super) fn on_signal(stopping: CancellationToken) -> Result<(), CliError> {
    let unusable = |error: io::Error| {
        CliError::new(
            ErrorKind::Internal,
            format!("cannot listen for signals: {error}"),
            None,
        )
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(unusable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unusable)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.cancel();
    });
    Ok(())
}

/// Waits until the server has ended: by itself, drained after `stopping`, or cut off after `drain`.
pub(super) async fn drained(
    mut served: Served,
    stopping: &CancellationToken,
    cancel: &CancellationToken,
    drain: Duration,
) -> Result<(), CliError> {
    tokio::select! {
        ended = &mut served => return done(ended),
        () = stopping.cancelled() => {}
    }
    info!(
        drain_seconds = drain.as_secs(),
        "stopping: waiting for running queries"
    );
    if let Ok(ended) = timeout(drain, &mut served).await {
        info!("stopped");
        return done(ended);
    }
    warn!("stopping: cancelling queries that still run");
    cancel.cancel();
    if let Ok(ended) = timeout(GOODBYE, &mut served).await {
        return done(ended);
    }
    served.abort();
    Ok(())
}

fn done(
    ended: Result<Result<(), tonic::transport::Error>, tokio::task::JoinError>,
) -> Result<(), CliError> {
    let failed = |kind, text: String| Err(CliError::new(kind, text, None));
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => failed(
            ErrorKind::Unavailable,
            format!("the server stopped: {error}"),
        ),
        Err(error) => failed(ErrorKind::Internal, format!("the server stopped: {error}")),
    }
}
