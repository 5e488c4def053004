//! Builds every member of a dimension anew, since the model changed or the tables are of an older form.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array as _, AsArray as _};

use crate::dimension::{
    self, Bulk, DimensionInput, IdIndex, Issued, Nature, align, build_dimension, changes_schema,
};
use crate::error::{Error, Result};
use crate::load::nature::audited;
use crate::load::published::read_table;

use super::{DimensionLoad, Outcome, Published};

impl DimensionLoad<'_> {
    /// Builds all members in memory.
    pub(super) async fn whole(&self, published: Published<'_>) -> Result<Outcome> {
        let dimension = self.origin.dimension;
        let warehouse = self.execution.warehouse;
        let name = dimension.table();
        let doing = || {
            Error::arrow(format!(
                "reading the entity of dimension '{}'",
                dimension.name
            ))
        };
        let entity = self.fed.rows.rows.whole().map_err(doing())?;
        let rows = read_table(warehouse, published.table).await?;
        let existing = align(&name, &rows, &dimension::arrow_schema(dimension))?;
        let existing = self.forgotten(existing);
        let referenced = match &self.referenced {
            Some(referenced) => referenced.strangers(|ids| vec![false; ids.len()])?,
            None => BTreeSet::new(),
        };
        let mut known = IdIndex::default();
        let published_ids = existing.rows.column_by_name(&dimension.id_column());
        let published_ids = published_ids
            .into_iter()
            .flat_map(|ids| ids.as_string::<i32>());
        for id in published_ids
            .flatten()
            .chain(referenced.iter().map(String::as_str))
        {
            known.add(id);
        }
        let rejected_ids = self
            .execution
            .rejected_ids(self.package, self.fed, &known)
            .await?;
        let existing_changes = match published.changes {
            Some(table) => {
                let rows = read_table(warehouse, table).await?;
                let kept = align(table.name(), &rows, &changes_schema(dimension))?;
                let is_stream = self.origin.nature == Nature::Changes;
                let kept = match is_stream && !self.told_anew.is_empty() {
                    true => self.words_anew(kept).await?,
                    false => {
                        let kept = self.forgotten_words(kept)?;
                        self.with_retained(&existing, kept).await?
                    }
                };
                Some(self.with_presents(&existing, kept)?)
            }
            None => None,
        };
        let build = build_dimension(DimensionInput {
            entity: self.origin.of(&entity),
            existing: Some(existing),
            existing_map: Some(read_table(warehouse, published.map).await?),
            existing_changes,
            issued: Issued::default(),
            referenced: &referenced,
            is_seeded: false,
            is_whole: true,
            has_specials: true,
            audited: audited(dimension, self.fed),
            rejected_ids: &rejected_ids,
            audit_key: self.audit_key,
        })?;
        let mut building = self.building(i32::MIN);
        building.add(build, (&HashMap::new(), &HashMap::new()))?;
        let mut outcome = building.finish(Bulk::nobody(self.origin, self.fed.rows.rows.clone()))?;
        outcome.is_whole = true;
        if !outcome.tally.has_changes() {
            // the columns of the key map changed, or there was no table of changes
            outcome.tally.updated = published.table.files().iter().map(|file| file.rows).sum();
        }
        Ok(outcome)
    }
}
