//! Builds every member of a dimension anew, since the model changed or the tables are of an older form.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array as _, AsArray as _, RecordBatch};

use crate::dimension::{
    self, Bulk, DimensionInput, Existing, IdIndex, Issued, Nature, align, build_dimension,
    changes_schema,
};
use crate::error::{Error, Result};
use crate::load::nature::audited;
use crate::load::published::read_table;

use super::{DimensionLoad, Outcome, Published};

impl DimensionLoad<'_> {
    /// Builds all members in memory; of a dimension that is new over a stream those too of which only packages of earlier loads
    /// tell.
    pub(super) async fn whole(&self, published: Option<Published<'_>>) -> Result<Outcome> {
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
        let existing = match published {
            Some(published) => {
                let rows = read_table(warehouse, published.table).await?;
                let existing = align(&name, &rows, &dimension::arrow_schema(dimension))?;
                Some(self.forgotten(existing))
            }
            None => None,
        };
        let referenced = match &self.referenced {
            Some(referenced) => referenced.strangers(|ids| vec![false; ids.len()])?,
            None => BTreeSet::new(),
        };
        let mut known = IdIndex::default();
        let published_ids = existing
            .iter()
            .filter_map(|it| it.rows.column_by_name(&dimension.id_column()))
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
        let existing_changes = self.words_before(published, existing.as_ref()).await?;
        let existing_map = match published {
            Some(published) => Some(read_table(warehouse, published.map).await?),
            None => None,
        };
        let build = build_dimension(DimensionInput {
            entity: self.origin.of(&entity),
            existing,
            existing_map,
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
        if let Some(published) = published.filter(|_| !outcome.tally.has_changes()) {
            // the columns of the key map changed, or there was no table of changes
            outcome.tally.updated = published.table.files().iter().map(|file| file.rows).sum();
        }
        Ok(outcome)
    }

    /// What earlier loads have seen, with what their packages tell of what is new or read otherwise; `None` of warehouses that
    /// kept nothing.
    async fn words_before(
        &self,
        published: Option<Published<'_>>,
        existing: Option<&Existing>,
    ) -> Result<Option<Existing>> {
        let schema = changes_schema(self.origin.dimension);
        let (Some(published), Some(existing)) = (published, existing) else {
            let nothing = align("nothing", &RecordBatch::new_empty(schema.clone()), &schema)?;
            return self.all_words(None, nothing).await.map(Some);
        };
        let Some(table) = published.changes else {
            return Ok(None);
        };
        let rows = read_table(self.execution.warehouse, table).await?;
        let kept = align(table.name(), &rows, &schema)?;
        let is_stream = self.origin.nature == Nature::Changes;
        let is_anew = !self.told_anew.is_empty() || self.has_all_told(existing).await?;
        if is_stream && is_anew {
            return self.all_words(Some(existing), kept).await.map(Some);
        }
        let kept = self.forgotten_words(kept)?;
        let kept = self.with_retained(existing, kept).await?;
        self.with_presents(Some(existing), kept).map(Some)
    }
}
