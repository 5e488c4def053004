//! `serve`: one port for the typed service, Flight SQL, reflection and health; from start to drained stop.
//!
//! ```text
//! settings ──► bind (loopback unless insecure) ──► doors over one CubeService ──► signal ──► drain ──► stop
//! ```
//! Each request asks for the latest published version; a load that fails publishes nothing, so the last
//! version goes on being served. Not responsible for answering, nor for any message format.

mod address;
mod doors;
mod stop;
mod watch;

use std::net::SocketAddr;
use std::path::Path;

use planisphere_schemas::settings::OlapSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::cli::{CliError, open_service};
use crate::service::CubeService;

/// What the command line says in place of the settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Address and port.
    pub listen: Option<String>,
    /// Allow an address other than loopback although there is no TLS.
    pub insecure: bool,
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn serve(config: &Path, overrides: Overrides) -> Result<(), CliError> {
    let (mut settings, warehouse, service) = open_service(config)?;
    if let Some(listen) = overrides.listen {
        settings.olap.listen = listen;
    }
    settings.olap.insecure |= overrides.insecure;
    let listener = address::bind(&settings.olap).await?;
    let stopping = CancellationToken::new();
    stop::on_signal(stopping.clone())?;
    let watching = tokio::spawn(watch::new_versions(warehouse, service.clone()));
    let done = run(service, &settings.olap, listener, stopping).await;
    watching.abort();
    done
}

/// Serves on a bound socket until `stopping` is cancelled and running queries have ended.
pub async fn run(
    service: CubeService,
    settings: &OlapSettings,
    listener: TcpListener,
    stopping: CancellationToken,
) -> Result<(), CliError> {
    let address = listener
        .local_addr()
        .map_err(|error| address::lost(&error))?;
    let version = service.pin(None).await?.version();
    announce(address, version);
    let cancel = CancellationToken::new();
    let served = doors::open(&service, listener, &stopping, &cancel).await?;
    stop::drained(served, &stopping, &cancel, settings.drain).await
}

/// The one line that says where and what; tests and scripts read the address from it.
fn announce(address: SocketAddr, version: u64) {
    info!(%address, warehouse_version = version, "listening");
}
