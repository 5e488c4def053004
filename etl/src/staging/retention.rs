//! Staging packages are kept for the declared time, then taken away.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use planisphere_schemas::warehouse::{LoadId, Warehouse};

use crate::error::Result;

/// The folder of all packages.
const STAGING: &str = "_planisphere/staging";

/// Deletes packages of loads that began more than `days` before `now`; returns how many.
pub(crate) async fn purge(warehouse: &Warehouse, now: DateTime<Utc>, days: u32) -> Result<usize> {
    let oldest = now - TimeDelta::days(i64::from(days));
    let mut gone = BTreeSet::new();
    for path in warehouse.list(STAGING).await? {
        let Some(load) = load_of(&path) else { continue };
        if began_at(load).is_some_and(|began| began < oldest) {
            warehouse.delete(&path).await?;
            gone.insert(load);
        }
    }
    Ok(gone.len())
}

fn load_of(path: &str) -> Option<LoadId> {
    path.strip_prefix(STAGING)?
        .strip_prefix('/')?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// The instant in a load id (UUID version 7).
fn began_at(load: LoadId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = load.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn only_old_packages_go() {
        let warehouse = Warehouse::connect("memory://").unwrap();
        let load = LoadId::generate();
        let path = format!("{STAGING}/{load}/crm/accounts.parquet");
        warehouse.put_object(&path, "x".into()).await.unwrap();
        warehouse
            .put_object(&format!("{STAGING}/other.txt"), "x".into())
            .await
            .unwrap();
        let now = Utc::now();
        assert_eq!(purge(&warehouse, now, 30).await.unwrap(), 0);
        let later = now + TimeDelta::days(31);
        assert_eq!(purge(&warehouse, later, 30).await.unwrap(), 1);
        assert_eq!(
            warehouse.list(STAGING).await.unwrap(),
            [format!("{STAGING}/other.txt")]
        );
    }
}
