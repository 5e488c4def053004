//! Says in the log when a new version is served, and opens it before the first query needs it.

use std::time::Duration;

use planisphere_schemas::warehouse::Warehouse;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::service::CubeService;

const EVERY: Duration = Duration::from_secs(1);

/// Watches the published versions for ever.
///
/// A version that cannot be opened is tried once here and reported by whoever opens it; queries go on with
/// the one before.
pub(super) async fn new_versions(warehouse: Warehouse, service: CubeService) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        ticks.tick().await;
        // a store that does not answer is tried again
        let Ok(latest) = warehouse.latest_version().await else {
            continue;
        };
        let is_new = seen.is_some() && latest > seen;
        seen = seen.max(latest);
        if is_new
            && let Ok(served) = service.pin(None).await
            && latest.is_some_and(|latest| latest.0 == served.version())
        {
            info!(
                warehouse_version = served.version(),
                "serving a new version"
            );
        }
    }
}
