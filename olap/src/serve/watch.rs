//! Says in the log when a new version is served, and opens it before the first query needs it.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::service::CubeService;

const EVERY: Duration = Duration::from_secs(1);

/// Watches the published versions for ever.
pub(super) async fn new_versions(service: CubeService, mut served: u64) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // a version that cannot be opened is reported where it is opened
        if let Ok(latest) = service.pin(None).await
            && latest.version() != served
        {
            served = latest.version();
            info!(warehouse_version = served, "serving a new version");
        }
    }
}
