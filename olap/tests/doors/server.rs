//! A server over the shop on a free port.

use std::net::SocketAddr;

use planisphere_olap::cli::CliError;
use planisphere_olap::grpc::connect;
use planisphere_olap::{CubeService, serve};
use planisphere_schemas::settings::OlapSettings;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::shop::shop;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stopping: CancellationToken,
    pub(crate) running: JoinHandle<Result<(), CliError>>,
}

impl Server {
    /// Serves the shop.
    pub(crate) async fn start() -> Self {
        Self::over(shop(), OlapSettings::default()).await
    }

    /// Serves a service.
    pub(crate) async fn over(service: CubeService, settings: OlapSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let stop = stopping.clone();
        let running =
            tokio::spawn(async move { serve::run(service, &settings, listener, stop).await });
        Self {
            address,
            stopping,
            running,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn channel(&self) -> Channel {
        connect(&self.url()).await.unwrap()
    }
}
