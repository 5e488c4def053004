//! Leaves room for the indexes of members that facts look up; those for which there is none lie in files.

use std::sync::atomic::Ordering;

use planisphere_schemas::model::Dimension;
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::BYTES_OF_MEMBER;
use crate::spool::Lease;

use super::execute::Execution;
use super::scan::TableScan;

impl Execution<'_> {
    /// Makes room for the indexes of what is published: rows on their way keep less in memory then.
    pub(super) fn reserve(&self, base: Option<&PinnedWarehouse>) -> Lease {
        let versions = self.published_versions(base);
        let bytes = versions.saturating_mul(BYTES_OF_MEMBER) / 2;
        let bytes = bytes.min(self.options.settings.etl.memory_bytes / 16 * 3);
        let mut lease = self.memory.lease();
        lease.grow(bytes);
        self.reserved.store(bytes, Ordering::Relaxed);
        lease
    }

    /// How many versions of members that are looked up are published.
    fn published_versions(&self, base: Option<&PinnedWarehouse>) -> usize {
        let (model, warehouse) = (self.model, self.warehouse);
        let minis = model.dimensions.iter();
        let minis: Vec<Dimension> = minis.filter_map(|it| model.mini_history(it)).collect();
        let dimensions = model.dimensions.iter().chain(&minis);
        // of generated members only the first and last are held
        let dimensions = dimensions.filter(|it| !it.is_generated() && self.is_looked_up(it));
        let tables = dimensions.filter_map(|it| base?.table(&it.table()));
        let versions = tables.map(|table| TableScan { warehouse, table }.num_rows());
        versions.sum()
    }
}
