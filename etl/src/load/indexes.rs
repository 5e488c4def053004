//! The indexes of members that facts look up: they lie in memory as a whole, so that a load for which they are too large stops
//! before it works.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use planisphere_schemas::model::Dimension;
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::BYTES_OF_MEMBER;
use crate::error::{Error, Result};
use crate::spool::Lease;

use super::execute::Execution;
use super::scan::TableScan;

/// What indexes hold: how many versions of the members of each dimension.
#[derive(Debug, Clone, Default)]
pub(super) struct Indexes(BTreeMap<String, usize>);

impl Indexes {
    /// A dimension has so many versions.
    pub(super) fn add(&mut self, dimension: &Dimension, versions: usize) {
        self.0.insert(dimension.table(), versions);
    }

    /// What they take in memory.
    fn bytes(&self) -> usize {
        let versions = self.0.values().sum::<usize>();
        versions.saturating_mul(BYTES_OF_MEMBER)
    }

    /// Refuses what does not fit into so many bytes.
    pub(super) fn check(&self, memory_bytes: usize) -> Result<()> {
        let bytes = self.bytes();
        if bytes <= memory_bytes {
            return Ok(());
        }
        let mut tables: Vec<(&String, &usize)> = self.0.iter().collect();
        tables.sort_by_key(|(_, versions)| std::cmp::Reverse(**versions));
        let tables = tables.iter();
        let tables = tables.map(|(table, versions)| format!("{versions} of {table}"));
        Err(Error::IndexesTooLarge {
            tables: tables.collect::<Vec<_>>().join(", "),
            bytes,
            memory_bytes,
        })
    }
}

impl Execution<'_> {
    /// Makes room for the indexes of the members that are looked up: rows on their way keep less in memory then.
    ///
    /// # Errors
    /// [`Error::IndexesTooLarge`] if there is not as much memory.
    pub(super) fn reserve(&self, base: Option<&PinnedWarehouse>) -> Result<Lease> {
        let indexes = self.published_indexes(base);
        let memory = self.options.settings.etl.memory_bytes;
        indexes.check(memory)?;
        let bytes = (indexes.bytes() / 2).min(memory / 16 * 3);
        let mut lease = self.memory.lease();
        lease.grow(bytes);
        self.reserved.store(bytes, Ordering::Relaxed);
        Ok(lease)
    }

    /// The indexes of what is published.
    pub(super) fn published_indexes(&self, base: Option<&PinnedWarehouse>) -> Indexes {
        let mut indexes = Indexes::default();
        let (model, warehouse) = (self.model, self.warehouse);
        let minis = model.dimensions.iter();
        let minis: Vec<Dimension> = minis.filter_map(|it| model.mini_history(it)).collect();
        let dimensions = model.dimensions.iter().chain(&minis);
        // of generated members only the first and last are held
        let dimensions = dimensions.filter(|it| !it.is_generated() && self.is_looked_up(it));
        for dimension in dimensions {
            if let Some(table) = base.and_then(|base| base.table(&dimension.table())) {
                indexes.add(dimension, TableScan { warehouse, table }.num_rows());
            }
        }
        indexes
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_with_the_memory_that_suffices() {
        let indexes = Indexes(BTreeMap::from([
            ("dim_a".to_owned(), 1_000),
            ("dim_b".to_owned(), 1_000_000),
        ]));
        // 38 bytes for each of 1,001,000 versions
        assert!(indexes.check(38_038_000).is_ok());
        let error = indexes.check(38_037_999).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("1000000 of dim_b, 1000 of dim_a"), "{said}");
        let hint = error.hint().unwrap();
        // 37 MiB
        assert!(hint.contains("memory_bytes = 38797312"), "{hint}");
    }
}
